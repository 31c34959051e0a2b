"""The files of scripts/ as one ConfigMap: pods run the very bytes that the tests run."""

from pathlib import Path

import pulumi
from pulumi_kubernetes import core, meta

from components.cluster import names

DIRECTORY = Path(__file__).resolve().parents[2] / "scripts"


def read_scripts(directory: Path = DIRECTORY) -> dict[str, str]:
    """Every shell script by its file name."""
    found = {path.name: path.read_text("utf-8") for path in sorted(directory.glob("*.sh"))}
    if not found:
        raise pulumi.RunError(f"{directory} has no scripts. Is this a complete checkout?")
    return found


class BackupScripts(pulumi.ComponentResource):
    """The ConfigMap that all pods mount at /backup-scripts.

    A change reaches running pods within a minute and does not restart the server: it reads the
    scripts only when it starts.
    """

    config_map: core.v1.ConfigMap

    def __init__(
        self, name: str, namespace: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("brewget:index:BackupScripts", name, None, opts)
        self.config_map = core.v1.ConfigMap(
            name,
            metadata=meta.v1.ObjectMetaArgs(
                name=names.SCRIPTS, namespace=namespace, labels=names.PART_OF
            ),
            data=read_scripts(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"config_map": names.SCRIPTS})

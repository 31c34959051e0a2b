"""The files of scripts/pod as one ConfigMap."""

import pulumi
from pulumi_kubernetes import core, meta

from components.cluster import names
from components.cluster.shipped import read_shipped


class BackupScripts(pulumi.ComponentResource):
    """The ConfigMap that all pods mount at /backup-scripts.

    A change reaches running pods within a minute and does not restart the server: it reads the
    scripts only when it starts.
    """

    config_map: core.v1.ConfigMap
    name: str
    """The ConfigMap's name in its namespace."""

    def __init__(
        self,
        name: str,
        namespace: pulumi.Input[str],
        object_name: str = names.SCRIPTS,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("brewget:index:BackupScripts", name, {"namespace": namespace}, opts)
        self.name = object_name
        self.config_map = core.v1.ConfigMap(
            name,
            metadata=meta.v1.ObjectMetaArgs(
                name=object_name, namespace=namespace, labels=names.PART_OF
            ),
            data={file.key: file.text for file in read_shipped()},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"config_map": object_name})

"""The environment in which pulumi, kubectl and the scripts find what make has made."""

import os
from urllib.parse import quote

from bootstrap import clusters
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import Place
from bootstrap.pulumi_cli import has_own_plugins

CONFIG_FILE = "PULUMI_OPTION_CONFIG_FILE"
"""What every command of Pulumi that knows --config-file takes it from."""


def variables(place: Place, cluster: Cluster) -> dict[str, str]:
    """All but PATH. PULUMI_RUN_PROGRAM: the hook that takes a last backup lives in the program."""
    found = {
        "PULUMI_HOME": str(place.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{quote(str(place.backend))}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(place.passphrase),
        CONFIG_FILE: str(place.stack_file),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_RUN_PROGRAM": "true",
        "BACKUP_DIR": place.backups,
        "CLUSTER": clusters.command(cluster),
    }
    if has_own_plugins(place):
        # Asking for a newer plugin would only end in a download that is not possible here.
        found["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    if cluster.kind is Kind.MINIKUBE:
        # A plain `minikube stop` in a shell of `make env` means this one, too.
        found["MINIKUBE_PROFILE"] = cluster.context
    return found | {"KUBECONFIG": clusters.kubeconfig(place, cluster)}


def search_path(place: Place) -> list[str]:
    """First on PATH. The venv leads: the older language host takes the first `python`."""
    return [str(place.venv / "bin"), str(place.bin)]


def for_children(place: Place, cluster: Cluster) -> dict[str, str]:
    """The whole environment of the programs that make starts."""
    path = os.pathsep.join([*search_path(place), os.environ.get("PATH", os.defpath)])
    kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PULUMI_STACK")}
    return kept | variables(place, cluster) | {"PATH": path}

"""`make env`: a shell in which every plain command goes to the stack and its own cluster."""

import shlex
import shutil
from pathlib import Path

from bootstrap import clusters
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import search_path, variables
from bootstrap.place import Place
from toolchain import files


def export_lines(place: Place, cluster: Cluster) -> list[str]:
    """For `eval "$(make -s env)"`; writes the few files that these lines name."""
    first = [str(path) for path in _minikube(place)]
    path = ":".join(shlex.quote(entry) for entry in [*first, *search_path(place)])
    exported = variables(place, cluster)
    if cluster.kind is not Kind.LOCALCLUSTER:
        exported["KUBECONFIG"] = _kubeconfig(place, cluster)
    last = shlex.quote(str(place.own_cluster_programs))
    lines = [f'export PATH={path}:"$PATH":{last}']
    return lines + [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]


def _kubeconfig(place: Place, cluster: Cluster) -> str:
    """kubectl merges the files of the list, and the first current context counts.

    So one file with nothing but that comes first: another cluster started meanwhile becomes
    the current one in a later file, and this shell's commands still go to the stack's.
    """
    overlay = place.shell / clusters.OVERLAY
    content = {"apiVersion": "v1", "kind": "Config", "current-context": cluster.context}
    files.write_json(overlay, content)
    return clusters.listed([overlay, *clusters.own_kubeconfigs(place)])


def _minikube(place: Place) -> list[Path]:
    """The directory of a minikube that leaves the overlay alone, where there is a minikube.

    minikube knows the first file of KUBECONFIG only: it would write its contexts there, and miss
    them there when it is asked for its status.
    """
    folder = place.shell / "bin"
    real = shutil.which(clusters.MINIKUBE, path=clusters.path_without(folder))
    if real is None:
        return []
    own = shlex.quote(clusters.listed(clusters.own_kubeconfigs(place)))
    script = f'#!/bin/sh\nKUBECONFIG={own} exec {shlex.quote(real)} "$@"\n'
    files.write(folder / clusters.MINIKUBE, script, mode=0o755)
    return [folder]

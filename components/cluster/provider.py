"""The cluster that the stack talks to, named by a context of the kubeconfig."""

import inspect
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as kubernetes
import yaml

from components.cluster.stash import refuse_change

CONNECT_SECONDS = 5


def provider(name: str, context: str) -> kubernetes.Provider:
    """A provider for `context`; the kubeconfig is the one that kubectl would take."""
    check(context, os.environ)
    return kubernetes.Provider(
        name,
        context=refuse_change(f"{name}-context", context, other_context),
        kubeconfig=file_of_several(context, os.environ),
        # Changed scripts and passwords are written in place: replaced, they would be missing
        # for a moment, and a pod that starts right then could not mount them.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        **upserting(),
    )


def upserting() -> dict[str, Any]:
    """What lets a create take over an object that is there already.

    pulumi-kubernetes up to 4.28 always does; later ones only when asked (pulumi-kubernetes#4278).
    Which objects may be taken over at all is for ownership.py to say, before each create.
    """
    known = "upsert_existing_objects" in inspect.signature(kubernetes.ProviderArgs).parameters
    return {"upsert_existing_objects": True} if known else {}


def other_context(then: str, now: str) -> str:
    """Why the stack stays on its cluster: Pulumi would forget all that runs there."""
    stack = pulumi.get_stack()
    return (
        f"kubeContext is now '{now}', but the stack lives on '{then}': its server would run on "
        "there with what was written last, unknown to any stack. To move: pulumi config set "
        f"kubeContext '{then}', pulumi destroy --run-program (takes a last set and keeps all), "
        f"pulumi config set kubeContext '{now}', copy the sets if that cluster has another store, "
        f"pulumi up. To stay: pulumi config set kubeContext '{then}'. For a second server: pulumi "
        f"stack init NAME. If '{then}' is gone for good, what was written since the newest set "
        f"is lost: pulumi stack rm --force --preserve-config {stack}, pulumi stack init {stack}, "
        "copy the sets, pulumi up"
    )


def check(context: str, environment: Mapping[str, str]) -> None:
    """End the program when `context` is unknown or its API server does not listen.

    The provider would only warn, preview as if all were well, and fail halfway through `up`.
    """
    files = kubeconfig_files(environment)
    configs = [_read(path) for path in files]
    contexts = _by_name(configs, "contexts", "context")
    where = ", ".join(str(path) for path in files)
    if context not in contexts:
        found = f"the contexts {', '.join(sorted(contexts))}" if contexts else "no contexts"
        raise pulumi.RunError(
            f"kubeContext is '{context}', but {where} has {found}. "
            "Start the cluster (minikube start), or take another one. "
            f"Example: pulumi config set kubeContext {min(contexts, default='minikube')}"
        )
    cluster = _by_name(configs, "clusters", "cluster").get(
        str(contexts[context].get("cluster")), {}
    )
    server = urlsplit(str(cluster.get("server", "")))
    if server.hostname and not _by_another_way(cluster, environment):
        _connect(context, server.hostname, server.port or 443)


def kubeconfig_files(environment: Mapping[str, str]) -> list[Path]:
    """Where kubectl looks: KUBECONFIG's files, else the home directory's."""
    listed = [Path(part) for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config"]


def file_of_several(context: str, environment: Mapping[str, str]) -> str | None:
    """Where KUBECONFIG lists several files, the one that has the context; else None.

    kubectl merges them. The provider, which takes KUBECONFIG by itself, wants one file: a list is
    no kubeconfig to it, and the cluster counts as unreachable.
    """
    files = kubeconfig_files(environment)
    if len(files) == 1:
        return None
    found = (path for path in files if context in _by_name([_read(path)], "contexts", "context"))
    return str(next(found))


def _by_another_way(cluster: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """A proxy answers for the server, or the cluster is known to be gone for good."""
    gone = environment.get("PULUMI_K8S_DELETE_UNREACHABLE", "").lower() in {"1", "true"}
    proxies = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
    return gone or "proxy-url" in cluster or any(environment.get(key) for key in proxies)


def _connect(context: str, host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError as error:
        raise pulumi.RunError(
            f"kubeContext is '{context}', but its API server {host}:{port} cannot be reached "
            f"({error}). Start the cluster (minikube start), or take another context. "
            "Example: pulumi config set kubeContext minikube"
        ) from error


def _read(path: Path) -> Mapping[str, Any]:
    try:
        config = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}  # as kubectl does: one of several may be missing
    except (OSError, yaml.YAMLError) as error:
        raise pulumi.RunError(f"{path} cannot be read as a kubeconfig: {error}") from error
    return config if isinstance(config, dict) else {}


def _by_name(configs: list[Mapping[str, Any]], plural: str, one: str) -> dict[str, dict[str, Any]]:
    """Entries of all files by their name; the first file that has one counts, as in kubectl."""
    found: dict[str, dict[str, Any]] = {}
    for config in configs:
        for entry in config.get(plural) or []:
            found.setdefault(str(entry.get("name")), entry.get(one) or {})
    return found

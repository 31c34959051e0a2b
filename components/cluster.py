"""The cluster that the stack talks to, named by a context of the kubeconfig."""

import os
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
import yaml


def provider(name: str, context: str) -> kubernetes.Provider:
    """A provider for `context`; the kubeconfig is the one that kubectl would take."""
    check_context(context, os.environ)
    return kubernetes.Provider(
        name,
        context=context,
        # Changed scripts and passwords are written in place: replaced, they would be missing
        # for a moment, and a pod that starts right then could not mount them.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def check_context(context: str, environment: Mapping[str, str]) -> None:
    """End the program when no kubeconfig has `context`: the provider would only warn, and hang."""
    files = kubeconfig_files(environment)
    known = sorted({name for path in files for name in _contexts(path)})
    if context not in known:
        where = ", ".join(str(path) for path in files)
        raise pulumi.RunError(
            f"kubeContext is '{context}', but {where} has "
            f"{'the contexts ' + ', '.join(known) if known else 'no contexts'}. "
            "Start the cluster (minikube start), or take another one. "
            f"Example: pulumi config set kubeContext {known[0] if known else 'minikube'}"
        )


def kubeconfig_files(environment: Mapping[str, str]) -> list[Path]:
    """Where kubectl looks: KUBECONFIG's files, else the home directory's."""
    listed = [Path(part) for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config"]


def _contexts(path: Path) -> list[str]:
    try:
        config = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return []  # as kubectl does: one of several may be missing
    except (OSError, yaml.YAMLError) as error:
        raise pulumi.RunError(f"{path} cannot be read as a kubeconfig: {error}") from error
    entries = config.get("contexts") if isinstance(config, dict) else None
    return [str(entry["name"]) for entry in entries or [] if "name" in entry]

"""`pulumi preview` of the program by the real command line, as a short text that can be compared."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from bootstrap import clusters
from bootstrap.environment import CONFIG_FILE, for_children
from bootstrap.place import ROOT, from_environment
from tests.lib.settings import as_set

PROGRAM = ("Pulumi.yaml", "Pulumi.README.md", "__main__.py", "components", "policy", "scripts")

# What is shown of a resource besides its names and its place in the stack.
KEYS = {
    "CronJob": ("schedule", "timeZone", "concurrencyPolicy"),
    "LimitRange": ("limits",),
    "NetworkPolicy": ("podSelector", "ingress"),
    "PersistentVolume": (
        "capacity",
        "claimRef",
        "hostPath",
        "nfs",
        "persistentVolumeReclaimPolicy",
    ),
    "PersistentVolumeClaim": ("accessModes", "resources", "storageClassName", "volumeName"),
    "Service": ("type", "selector", "ports", "publishNotReadyAddresses"),
    "StatefulSet": ("replicas", "podManagementPolicy"),
}


class Previews:
    """A copy of the program in `folder`, with a backend and a kubeconfig that leads nowhere."""

    def __init__(self, folder: Path) -> None:
        """Copy the program, which must not find the checkout's own stack."""
        self.folder = folder / "program"
        self.folder.mkdir()
        for name in PROGRAM:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, self.folder / name)
        (folder / "backend").mkdir()
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text("contexts: [{name: minikube}]\n")
        here = from_environment({"HOME": os.environ["HOME"]})
        self.environment = for_children(here, clusters.Cluster(clusters.Kind.NAMED, "none")) | {
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "for a test",
            "KUBECONFIG": str(kubeconfig),
        }
        del self.environment["PULUMI_CONFIG_PASSPHRASE_FILE"], self.environment[CONFIG_FILE]
        self.pulumi("stack", "init", "dev")
        self.salt = yaml.safe_load((self.folder / "Pulumi.dev.yaml").read_text())

    def resources(self, config: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """What a first `up` with these settings would make, by logical name."""
        self.configure(config)
        steps = json.loads(self.pulumi("preview", "--json"))["steps"]
        assert {step["op"] for step in steps} == {"create"}
        made = [step["newState"] for step in steps]
        return {_name(state["urn"]): _shown(state) for state in made if "parent" in state}

    def configure(self, config: Mapping[str, str]) -> None:
        """These settings and no others."""
        settings = {f"brewget:{key}": value for key, value in as_set(config).items()}
        file = self.folder / "Pulumi.dev.yaml"
        file.write_text(yaml.safe_dump(self.salt | {"config": settings}))

    def pulumi(self, *arguments: str) -> str:
        """What a command that has to succeed prints."""
        done = self.run("pulumi", "--non-interactive", "--color=never", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Any command in the program's folder."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def text(resources: Mapping[str, object], head: str) -> str:
    """`resources` as YAML under a comment."""
    body = yaml.safe_dump(dict(resources), sort_keys=True, default_flow_style=None, width=120)
    return f"# {head}\n{body}"


def difference(
    before: Mapping[str, Mapping[str, object]], after: Mapping[str, Mapping[str, object]]
) -> dict[str, object]:
    """What is new or other in `after`, and by name what is gone."""
    changed: dict[str, object] = {k: v for k, v in after.items() if before.get(k) != v}
    return changed | dict.fromkeys(before.keys() - after.keys(), "is not there")


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _provider(reference: str) -> str:
    """Its name: the default one of a package bears the package's version."""
    name = _name(reference.rpartition("::")[0])
    return "default" if name.startswith("default_") else name


def _shown(state: Mapping[str, Any]) -> dict[str, Any]:
    inputs = state.get("inputs", {})
    shown: dict[str, Any] = {
        "type": state["type"],
        "parent": _name(state["parent"]),
        "after": sorted({_name(urn) for urn in state.get("dependencies", [])}),
        "provider": _provider(state.get("provider", "")),
        "protect": state.get("protect"),
        "retainOnDelete": state.get("retainOnDelete"),
        "object": inputs.get("metadata", {}).get("name"),
    }
    shown |= dict(_details(state["type"].rpartition(":")[2], inputs))
    return {key: value for key, value in shown.items() if value}


def _details(kind: str, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    spec = inputs.get("spec", {})
    yield from ((key, spec[key]) for key in KEYS.get(kind, ()) if key in spec)
    match kind:
        case "Namespace":
            yield "labels", inputs["metadata"]["labels"]
        case "ConfigMap":
            yield "files", sorted(inputs["data"])
        case "Command":
            yield "create", inputs["create"]
        case "CronJob":
            yield "pod", _pod(spec["jobTemplate"]["spec"]["template"]["spec"])
        case "StatefulSet":
            yield "pod", _pod(spec["template"]["spec"])


def _pod(spec: Mapping[str, Any]) -> dict[str, Any]:
    claims = [v["persistentVolumeClaim"] for v in spec["volumes"] if "persistentVolumeClaim" in v]
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    return {
        "claims": sorted(claim["claimName"] for claim in claims),
        "containers": [container["name"] for container in containers],
        "images": sorted({container["image"] for container in containers}),
    }

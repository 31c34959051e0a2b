"""What `make demo` works in: a namespace and a stack that nothing else has, and that go again.

The stack's state, settings and passphrase are in a folder of their own, so neither the person's
stack nor which one plain `pulumi` means is touched. Its sets lie on a claim, not on the host.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootstrap.place import Place
from components.cluster.ownership import STACK
from toolchain.errors import SetupError
from toolchain.run import run

NAMESPACE = "brewget-demo"
NAME = "make-demo"
"""Of the stack, and by it the mark of what may be removed: nobody else's stack is called so."""
GONE = "120s"
"""For a namespace or volume with its finalizers."""


class DemoPlace(Place):
    """The checkout, with a stack that can be thrown away as a folder."""

    @property
    def folder(self) -> Path:
        """All that the demonstration has on this machine."""
        return self.state / "demo"

    @property
    def backend(self) -> Path:
        """Pulumi's file backend."""
        return self.folder / "pulumi"

    @property
    def passphrase(self) -> Path:
        """What the stack's secrets are encrypted with."""
        return self.folder / "passphrase"

    @property
    def stack_file(self) -> Path:
        """The stack's settings."""
        return self.folder / "settings.yaml"


@dataclass(frozen=True)
class Space:
    """The namespace, seen through kubectl."""

    place: DemoPlace
    context: str
    environment: dict[str, str]

    def kubectl(self, *words: str) -> str:
        """What kubectl says; its failure is an error that quotes it."""
        options = [f"--context={self.context}", f"--namespace={NAMESPACE}"]
        return run(["kubectl", *options, *words], env=self.environment)

    def get(self, *words: str) -> list[dict[str, Any]]:
        """The objects of a kind; those of a name, where there are any."""
        found = json.loads(self.kubectl("get", *words, "--ignore-not-found", "-o=json") or "{}")
        items: list[dict[str, Any]] = found.get("items", [found] if found else [])
        return items

    def look(self) -> None:
        """Ends before anything is done where the namespace is somebody's, or its volumes are."""
        for space in self.get("namespace", NAMESPACE):
            if space["metadata"].get("annotations", {}).get(STACK) != NAME:
                raise SetupError(
                    f"there is a namespace {NAMESPACE} that `make demo` has not made, so nothing "
                    f"was done. If nobody needs it: kubectl --context={self.context} delete "
                    f"namespace {NAMESPACE}"
                )
            return
        if left := self._volumes():
            raise SetupError(
                f"the cluster has volumes of an earlier namespace {NAMESPACE}, so nothing was "
                f"done. If nobody needs what is on them: kubectl --context={self.context} delete "
                f"persistentvolume {' '.join(left)}"
            )

    def clear(self) -> None:
        """Removes all of it, or what there is of it. `look` has said that it is ours."""
        if self.get("namespace", NAMESPACE):
            volumes = self._volumes()
            for volume in volumes:
                # Sets are kept when their claim goes. These are nobody's.
                keep_not = '{"spec": {"persistentVolumeReclaimPolicy": "Delete"}}'
                self.kubectl("patch", "persistentvolume", volume, "--type=merge", "-p", keep_not)
            self.kubectl("delete", "namespace", NAMESPACE, f"--timeout={GONE}")
            for volume in volumes:
                self._wait_gone("persistentvolume", volume)
        shutil.rmtree(self.place.folder, ignore_errors=True)

    def _wait_gone(self, kind: str, name: str) -> None:
        if self.get(kind, name):
            self.kubectl("wait", f"{kind}/{name}", "--for=delete", f"--timeout={GONE}")

    def _volumes(self) -> list[str]:
        return [
            str(volume["metadata"]["name"])
            for volume in self.get("persistentvolume")
            if volume["spec"].get("claimRef", {}).get("namespace") == NAMESPACE
        ]

    def storage_class(self) -> str:
        """The cluster's own choice, for the sets."""
        default = "storageclass.kubernetes.io/is-default-class"
        for found in self.get("storageclass"):
            if found["metadata"].get("annotations", {}).get(default) == "true":
                return str(found["metadata"]["name"])
        raise SetupError(
            f"the cluster '{self.context}' has no default StorageClass, on which the demonstration "
            "would keep its sets. Nothing of it is left"
        )

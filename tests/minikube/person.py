"""An ordinary user of the machine: has docker, minikube, kubectl and Python, and a fresh clone."""

import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

from bootstrap.pulumi_cli import PLUGINS
from tests.lib.project import COMMAND, COMMIT, ROOT, Done, Project, copy_tree
from tests.minikube.bed import downloads, node_image, preload, programs
from tests.minikube.bed.machine import USER, Machine
from toolchain import archiving, minikube

PROFILE = "minikube"
TOOLS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


class Person(Project):
    """A checkout whose commands run on the machine; `path` and `backups` are seen from here."""

    def __init__(self, machine: Machine) -> None:
        """In the home that the machine has made."""
        home = home_of(machine)
        super().__init__(home / "brewget", home / "brewget-postgres-backups", PROFILE)
        self.machine = machine
        self.exported = ""

    def enter(self) -> None:
        """From now on in a shell of `eval "$(make -s env)"`."""
        self.exported = self.run("make -s env").stdout

    def run(
        self,
        command: str,
        *,
        status: int | None = 0,
        stdin: str | None = None,
        timeout: float = COMMAND,
        **environment: str,
    ) -> Done:
        """Run a shell command in the checkout, as the user, on the machine."""
        given = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
        words = "\n".join(["cd ~/brewget", self.exported, *given, command])
        return self.machine.user(words, status=status, stdin=stdin or "", timeout=timeout)

    def cluster(self, verb: str, **kwargs: Any) -> Done:
        """Run a verb of minikube."""
        return self.run(f"minikube --profile {PROFILE} {verb}", **kwargs)


def settle(machine: Machine) -> Person:
    """Puts minikube and kubectl on the PATH, and makes the clone that README begins with."""
    for name, program in (("minikube", minikube.program(ROOT)), ("kubectl", programs.NODE)):
        machine.install(program, f"/usr/local/bin/{name}")
    person = Person(machine)
    home = home_of(machine)
    _give_downloads(home)
    copy_tree(home / "brewget.origin")
    _chown(machine)
    machine.user(f"cd brewget.origin && {COMMIT}; cd && git clone -q brewget.origin brewget")
    _give_tools(person.path)
    _chown(machine)
    return person


def home_of(machine: Machine) -> Path:
    """The user's, as seen from here."""
    return machine.home / "home" / USER


def _chown(machine: Machine) -> None:
    """All that is the user's alone: what is linked here is somebody else's as well."""
    own = r"-user root \( -type d -o -links 1 \)"
    machine.root(f"find /home/{USER} {own} -exec chown --no-dereference {USER}: {{}} +")


def _give_downloads(home: Path) -> None:
    """What minikube and pip would have from the net."""
    _write(home / ".minikube/config/config.json", json.dumps({"base-image": node_image.TAG}))
    link(preload.FILE, home / f".minikube/cache/preloaded-tarball/{preload.NAME}")
    wheels = home / "downloads"
    for wheel in downloads.WHEELS.glob("*"):
        link(wheel, wheels / wheel.name)
    _write(
        home / ".config/pip/pip.conf",
        f"[global]\nno-index = true\nfind-links = /home/{USER}/downloads\n",
    )


def _give_tools(checkout: Path) -> None:
    """Pulumi as `make up` downloads it, and the packages of images for a build without a net."""
    for name in TOOLS:
        link(ROOT / ".tools/bin" / name, checkout / ".tools/bin" / name)
    for plugin in PLUGINS:
        folder = Path(".tools/pulumi-home", plugin.installed).parent
        # Not linked: they are their owner's alone.
        shutil.copytree(ROOT / folder, checkout / folder)
    for wheel in downloads.CONSOLE.glob("*"):
        link(wheel, checkout / "console/wheels" / wheel.name)
    archiving.ensure(ROOT)
    packages = checkout / "scripts/image/packages"
    shutil.copytree(archiving.directory(ROOT), packages, symlinks=True, dirs_exist_ok=True)


def link(source: Path, target: Path) -> None:
    """Something large that is only read: no second time on the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source.resolve(), target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

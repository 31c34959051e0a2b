"""The stack: its backend, passphrase, settings and what an interrupted run has left."""

import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from bootstrap import settings_file
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import CONFIG_FILE
from bootstrap.exported import context_of, has_pending
from bootstrap.locks import stale_locks
from bootstrap.place import Place
from localcluster.images import POSTGRES as IMAGE_OF_LOCALCLUSTER
from localcluster.images import POSTGRES_NAME
from toolchain import files
from toolchain.errors import SetupError
from toolchain.run import ask, run

PROJECT = "brewget"
OURS = {
    "postgres.image",
    "postgres.upgradeFrom",
    "console.enabled",
    "console.image",
    "archive.enabled",
    "archive.image",
}


@dataclass(frozen=True)
class Stack:
    """A stack and the environment that leads Pulumi to it."""

    place: Place
    environment: dict[str, str]

    def pulumi(self, *arguments: str, check: bool = True) -> str:
        """Runs Pulumi without a word and returns its stdout."""
        command = ["pulumi", "--non-interactive", *arguments]
        done = ask(command, cwd=self.place.root, env=self.environment)
        if check and done.returncode != 0:
            raise SetupError(
                f"pulumi {' '.join(arguments[:2])} failed: {(done.stderr or done.stdout).strip()}"
            )
        return done.stdout

    def show(self, *arguments: str) -> None:
        """Runs Pulumi for a person to watch; without a terminal only what it changed."""
        quiet = [] if sys.stderr.isatty() else ["--suppress-progress"]
        process = subprocess.Popen(
            ["pulumi", *arguments, "--suppress-outputs", *quiet, "--stack", self.place.stack],
            cwd=self.place.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=2,  # stdout of make is for what was asked for
        )
        if _wait(process) != 0:
            raise SetupError(
                f"pulumi {arguments[0]} ended with status {process.returncode}, see above. "
                "Nothing has to be undone: put it right and run this again"
            )

    def select(self) -> bool:
        """Makes the stack if there is none, and the one that plain `pulumi` means; True if new."""
        is_new = self.ensure()
        self.pulumi("stack", "select", "--stack", self.place.stack)
        return is_new

    def ensure(self) -> bool:
        """Makes the stack if there is none; True if it did."""
        self.place.backend.mkdir(parents=True, exist_ok=True)
        is_there = self.exists()
        settings_file.prepare(self.place, is_ours=is_there)
        if not _has_passphrase(self.place.passphrase):
            settings_file.drop_foreign_salt(self.place)
            files.write(self.place.passphrase, secrets.token_urlsafe(32) + "\n")
        if not is_there:
            self._create()
        return not is_there

    def _create(self) -> None:
        """Makes the stack where Pulumi's own name for the settings is free.

        `stack init` has no --config-file: it would write the salt into the tracked example.
        """
        name = settings_file.example_of(self.place).name
        with TemporaryDirectory(dir=self.place.state, prefix=".new-") as folder:
            aside = Path(folder)
            (aside / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
            if self.place.stack_file.exists():
                (aside / name).write_text(self.place.stack_file.read_text())
            environment = {k: v for k, v in self.environment.items() if k != CONFIG_FILE}
            init = ["pulumi", "--non-interactive", "stack", "init", "--no-select", self.place.stack]
            run(init, cwd=aside, env=environment)
            files.write(self.place.stack_file, (aside / name).read_text(), mode=0o644)

    def configure(self, cluster: Cluster) -> None:
        """Writes what depends on this machine; all other settings stay as they are.

        What an older `make` has written as one name with dots moves into its group.
        """
        wanted = {"kubeContext": cluster.context}
        if cluster.kind is Kind.LOCALCLUSTER:
            # No registry is asked there: the image is built beside the cluster. One of another
            # version is what an upgrade has led to, and stays.
            if not self.own("postgres.image").startswith(f"{POSTGRES_NAME}:"):
                wanted["postgres.image"] = IMAGE_OF_LOCALCLUSTER
        else:
            for key in ("postgres.image", "postgres.upgradeFrom"):
                # The same version, from where this cluster can have it.
                name, _, version = self.own(key).rpartition(":")
                if name == POSTGRES_NAME:
                    wanted[key] = f"postgres:{version}-alpine"
        dotted = self._settings().keys() & OURS
        for key, value in ({key: self.own(key) for key in dotted} | wanted).items():
            if key in dotted or self.own(key) != value:
                self.set(key, value)

    def set(self, key: str, value: str) -> None:
        """Sets a key in its group, and then takes it away where it is spelt as before.

        In this order an interruption loses nothing: the next `configure` finds both, and goes on.
        """
        self.pulumi("config", "set", "--path", key, value, "--stack", self.place.stack)
        if "." in key:
            self.pulumi("config", "rm", key, "--stack", self.place.stack, check=False)

    def adopt(self) -> None:
        """Lets the next `up` take over objects that this state does not know: a lost state's, or
        what an `up` that was cut off has made. It stays set until one has succeeded."""
        if self.own("adopt") != "true":
            self.set("adopt", "true")

    def adopted(self) -> None:
        """The state knows all that is there: from now on an object that it does not know stops."""
        if self.own("adopt"):
            self.pulumi("config", "rm", "adopt", "--stack", self.place.stack)

    def own(self, key: str) -> str:
        """What the stack's file sets for a key, in its group or spelt as before; empty where
        nothing. Pulumi's own answer would take half a second.
        """
        settings = self._settings()
        value: Any = settings
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        value = settings.get(key) if value is None else value
        # YAML's true and a word in quotes are the same to Pulumi.
        return str(value).lower() if isinstance(value, bool) else str(value or "")

    @property
    def is_external(self) -> bool:
        """Whether others run the server: then there is no pod of it."""
        return self.own("postgres.engine") == "external"

    def _settings(self) -> dict[str, Any]:
        """The stack's file by name."""
        if not self.place.stack_file.is_file():
            return {}
        found = yaml.safe_load(self.place.stack_file.read_text()) or {}
        prefix = f"{PROJECT}:"
        settings = found.get("config") or {}
        return {k.removeprefix(prefix): v for k, v in settings.items() if k.startswith(prefix)}

    def export(self) -> dict[str, Any]:
        """The stack's state."""
        found: dict[str, Any] = json.loads(
            self.pulumi("stack", "export", "--stack", self.place.stack)
        )
        return found

    def clear_interrupted(self, state: dict[str, Any]) -> list[str]:
        """Puts right what a killed `pulumi up` has left, and says what that was.

        It is adopted first: once it is cleared, nothing shows that objects may be missing here.
        """
        said = []
        locks, is_pending = stale_locks(self.place), has_pending(state)
        if locks or is_pending:
            self.adopt()
        if locks:
            self.pulumi("cancel", "--yes", "--stack", self.place.stack)
            said.append("a run that was killed had left its lock: removed")
        if is_pending:
            # A refresh cannot tell what became of an unfinished creation. Forgetting it is right
            # here: every name is fixed, so the next up takes over what was made after all.
            self.pulumi(
                "refresh",
                "--yes",
                "--skip-preview",
                "--clear-pending-creates",
                "--run-program=false",
            )
            said.append("a run that was interrupted had left operations unfinished: cleared")
        if said:
            said.append(
                "what that run made and did not record is taken over by `make up` (setting adopt)"
            )
        return said

    def exists(self) -> bool:
        """Whether the stack is there. (`pulumi stack rm` leaves a .bak, which is none.)"""
        kinds = ("json", "json.gz", "json.zst")
        folder = self.place.backend.glob(".pulumi/stacks/*")
        files = [path / f"{self.place.stack}.{kind}" for path in folder for kind in kinds]
        return any(path.is_file() for path in files)

    def context(self) -> str:
        """The context of the cluster that holds the stack's objects; empty where there are none."""
        return context_of(self.export()) if self.exists() else ""

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secret ones stay masked."""
        found: dict[str, Any] = json.loads(
            self.pulumi("stack", "output", "--json", "--stack", self.place.stack)
        )
        return found


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """Ctrl-C reaches Pulumi too, which then ends what it has begun: killing it would lose that."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        sys.stderr.write("\nwaiting for pulumi to finish what it has begun\n")
        process.wait()
        raise


def _has_passphrase(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0

"""The stack: its backend, passphrase, settings and what an interrupted run has left."""

import json
import os
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bootstrap.clusters import Cluster, Kind
from bootstrap.errors import BootstrapError
from bootstrap.place import Place
from localcluster.images import POSTGRES as IMAGE_OF_LOCALCLUSTER
from localcluster.images import POSTGRES_NAME

PROJECT = "brewget"
OURS = {"postgres.image", "postgres.upgradeFrom", "console.enabled"}


@dataclass(frozen=True)
class Stack:
    """A stack and the environment that leads Pulumi to it."""

    place: Place
    environment: dict[str, str]

    def pulumi(self, *arguments: str, check: bool = True) -> str:
        """Runs Pulumi without a word and returns its stdout."""
        done = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            check=False,
            cwd=self.place.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if check and done.returncode != 0:
            raise BootstrapError(
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
            raise BootstrapError(
                f"pulumi {arguments[0]} ended with status {process.returncode}, see above. "
                "Nothing has to be undone: put it right and run this again"
            )

    def select(self) -> bool:
        """Makes the stack if there is none, and the one that plain `pulumi` means; True if new."""
        self.place.backend.mkdir(parents=True, exist_ok=True)
        is_new_passphrase = _make_passphrase(self.place.passphrase)
        if is_new_passphrase:
            drop_foreign_salt(self.place.stack_file)
        # Before the file changes: git then never sees the machine's settings.
        _hide_from_git(self.place)
        self.pulumi("stack", "select", "--create", "--stack", self.place.stack)
        return is_new_passphrase

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
        """Sets a key in its group, and takes it away where it is spelt as before: not both."""
        if "." in key:
            self.pulumi("config", "rm", key, "--stack", self.place.stack, check=False)
        self.pulumi("config", "set", "--path", key, value, "--stack", self.place.stack)

    def own(self, key: str) -> str:
        """What the stack's file sets for a key, in its group or spelt as before; empty where
        nothing. Pulumi's own answer would take half a second.
        """
        settings = self._settings()
        first, _, rest = key.partition(".")
        group = settings.get(first)
        value = settings.get(key)
        if isinstance(group, dict):
            value = group.get(rest, value)
        # YAML's true and a word in quotes are the same to Pulumi.
        return str(value).lower() if isinstance(value, bool) else str(value or "")

    def _settings(self) -> dict[str, Any]:
        """The stack's file by name."""
        if not self.place.stack_file.is_file():
            return {}
        found = yaml.safe_load(self.place.stack_file.read_text()) or {}
        prefix = f"{PROJECT}:"
        settings = found.get("config") or {}
        return {k.removeprefix(prefix): v for k, v in settings.items() if k.startswith(prefix)}

    def clear_interrupted(self) -> list[str]:
        """Puts right what a killed `pulumi up` has left, and says what that was."""
        said = []
        if self._cancel_stale_locks():
            said.append("a run that was killed had left its lock: removed")
        state = json.loads(self.pulumi("stack", "export", "--stack", self.place.stack))
        if has_pending(state):
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
        return said

    def _cancel_stale_locks(self) -> bool:
        locks = sorted(self.place.backend.glob(f".pulumi/locks/**/{self.place.stack}/*.json"))
        for lock in locks:
            if holder := holder_of(lock):
                raise BootstrapError(
                    f"another pulumi (process {holder}) is working on the stack "
                    f"'{self.place.stack}': wait for it, or end it with `kill {holder}`"
                )
        if locks:
            self.pulumi("cancel", "--yes", "--stack", self.place.stack)
        return bool(locks)

    def exists(self) -> bool:
        """Whether the stack is there. (`pulumi stack rm` leaves a .bak, which is none.)"""
        kinds = ("json", "json.gz", "json.zst")
        folder = self.place.backend.glob(".pulumi/stacks/*")
        files = [path / f"{self.place.stack}.{kind}" for path in folder for kind in kinds]
        return any(path.is_file() for path in files)

    def context(self) -> str:
        """The context of the cluster that holds the stack's objects; empty where there are none."""
        if not self.exists():
            return ""
        return context_of(json.loads(self.pulumi("stack", "export", "--stack", self.place.stack)))

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


def holder_of(lock: Path) -> int | None:
    """The live process behind a lock of Pulumi's file backend; None where it is gone.

    A lock of another host counts as held: its processes cannot be seen from here.
    """
    found = json.loads(lock.read_text())
    process = int(found["pid"])
    if found["hostname"] != socket.gethostname():
        return process
    seen = subprocess.run(
        ["ps", "-o", "stat=,comm=", "-p", str(process)], check=False, capture_output=True, text=True
    )
    state, _, name = seen.stdout.strip().partition(" ")
    # Numbers are given out again: only a pulumi can hold Pulumi's lock, and no dead one does that
    # merely waits for its parent to notice.
    is_pulumi = Path(name.strip()).name.startswith("pulumi")
    return process if is_pulumi and not state.startswith("Z") else None


def has_pending(exported: dict[str, Any]) -> bool:
    """Whether an exported state has operations that were begun and not finished."""
    return bool(exported.get("deployment", {}).get("pending_operations"))


def context_of(exported: dict[str, Any]) -> str:
    """Where an exported state has its Kubernetes objects: empty when it has none."""
    resources = exported.get("deployment", {}).get("resources") or []
    if not any(found["type"].startswith("kubernetes:") for found in resources):
        return ""
    providers = [r for r in resources if r["type"] == "pulumi:providers:kubernetes"]
    return next((str(r["inputs"]["context"]) for r in providers if "context" in r["inputs"]), "")


def _make_passphrase(path: Path) -> bool:
    """A random one, readable by nobody else; True if it was made now."""
    if path.is_file() and path.stat().st_size > 0:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".passphrase.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    aside.replace(path)
    return True


def drop_foreign_salt(stack_file: Path) -> None:
    """Takes out the salt of a passphrase that is gone: with it Pulumi would refuse the new one."""
    if not stack_file.is_file():
        return
    lines = stack_file.read_text().splitlines(keepends=True)
    if any(line.strip().startswith("secure:") for line in lines):
        raise BootstrapError(
            f"{stack_file.name} holds secrets, but the passphrase that they need is gone "
            "(.state/passphrase). Put it back, or remove the 'secure:' entries and set them again "
            "with `pulumi config set --secret`"
        )
    kept = [line for line in lines if not line.startswith("encryptionsalt:")]
    if kept != lines:
        stack_file.write_text("".join(kept))


def _hide_from_git(place: Place) -> None:
    """This machine's settings are no change to the project: `git status` stays clean.

    Fails where the file is not tracked, or where this is no git checkout: then there is nothing
    to hide.
    """
    subprocess.run(
        ["git", "update-index", "--skip-worktree", "--", place.stack_file.name],
        check=False,
        cwd=place.root,
        capture_output=True,
    )

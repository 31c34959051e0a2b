"""A new user's checkout: this tree copied aside, with its own cluster, stack and backup directory."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bootstrap.environment import CONFIG_FILE

ROOT = Path(__file__).resolve().parents[2]

PULUMI_FAILED = 1
"""Pulumi's exit status when the program or a resource failed."""

COMMAND = 600.0
"""The longest any single command of a test may take, in seconds."""


COMMIT = "git init -q && git add -A && git -c user.name=t -c user.email=t@t commit -qm t"
"""Makes a repository of a tree."""


class CommandFailed(AssertionError):
    """A command ended with another status than the test expects; carries its whole output."""


@dataclass
class Done:
    """A finished command."""

    argv: str
    status: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams, for messages that may be on either."""
        return self.stdout + self.stderr


@dataclass
class Project:
    """A checkout in `path` whose commands see the environment of `make env`."""

    path: Path
    backups: Path
    profile: str
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def checkout(cls, path: Path, backups: Path, profile: str) -> "Project":
        """Copy what git would clone (uncommitted work included), and share the built tools.

        The tools and the venv are linked, not copied: their stamps are hashes of their sources,
        so `make up` finds them built and the test takes seconds instead of twenty minutes.
        """
        copy_tree(path)
        for shared in (".venv", ".tools"):
            (path / shared).symlink_to(ROOT / shared)
        project = cls(path, backups, profile)
        project.run(COMMIT)
        return project

    def base_environment(self) -> dict[str, str]:
        """The caller's environment without what would point to another cluster or stack."""
        ours = ("PULUMI_", "KUBE", "LOCALCLUSTER_", "BACKUP_", "PG", "STACK", "MAKE", "VIRTUAL_ENV")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        return kept | {
            "LOCALCLUSTER_PROFILE": self.profile,
            "BACKUP_DIR": str(self.backups),
        }

    def enter(self) -> None:
        """Take over the environment that `make env` prints, as `eval "$(make -s env)"` does."""
        printed = self.run("make -s env").stdout
        for line in printed.splitlines():
            words = shlex.split(line)
            if words[:1] == ["export"]:
                for word in words[1:]:
                    name, _, value = word.partition("=")
                    self.environment[name] = os.path.expandvars(value)

    def run(
        self,
        command: str,
        *,
        status: int | None = 0,
        stdin: str | None = None,
        timeout: float = COMMAND,
        **environment: str,
    ) -> Done:
        """Run a shell command in the checkout; fail unless it ends with `status` (None: any)."""
        process = subprocess.run(
            ["bash", "-c", command],
            cwd=self.path,
            env=self.base_environment() | self.environment | environment,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        done = Done(command, process.returncode, process.stdout, process.stderr)
        if status is not None and done.status != status:
            raise CommandFailed(
                f"$ {command}\nstatus {done.status}, expected {status}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def pulumi(self, arguments: str, **kwargs: Any) -> Done:
        """Run the real Pulumi command line."""
        return self.run(f"pulumi --non-interactive --color never {arguments}", **kwargs)

    def changed(self, values: Mapping[str, str], secret: Collection[str] = ()) -> dict[str, str]:
        """The environment of a Pulumi whose settings are the stack's and `values`: in a copy."""
        own = Path(self.environment[CONFIG_FILE])
        copy = shutil.copy(own, self.path / ".state" / f"changed-{own.name}")
        words = [
            word
            for key, value in values.items()
            for word in ("--secret" if key in secret else "--plaintext", f"{key}={value}")
        ]
        environment = {CONFIG_FILE: str(copy)}
        self.pulumi(f"config set-all --path {shlex.join(words)}", **environment)
        return environment

    def up(self, **kwargs: Any) -> Done:
        """`pulumi up` as the guides write it."""
        return self.pulumi("up --yes --refresh --skip-preview", **kwargs)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear."""
        outputs: dict[str, Any] = json.loads(
            self.pulumi("stack output --json --show-secrets").stdout
        )
        return outputs

    def kubectl(self, arguments: str, **kwargs: Any) -> str:
        """Run kubectl against the project's cluster and return what it prints."""
        return self.run(f"kubectl {arguments}", **kwargs).stdout

    def get(self, arguments: str) -> dict[str, Any]:
        """`kubectl get ARGUMENTS -o json`."""
        found: dict[str, Any] = json.loads(self.kubectl(f"get {arguments} -o json"))
        return found

    def cluster(self, verb: str, **kwargs: Any) -> Done:
        """Run a verb of localcluster."""
        return self.run(f"python -m localcluster --profile {self.profile} {verb}", **kwargs)

    def sets(self) -> list[str]:
        """The published sets in the host's backup directory, oldest first."""
        return sorted(
            entry.name
            for entry in self.backups.iterdir()
            if entry.name.startswith("backup_") and (entry / "manifest.json").is_file()
        )


def copy_tree(path: Path) -> None:
    """Copy what git would clone, uncommitted work included."""
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

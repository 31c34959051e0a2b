"""Running the project's bash scripts as a pod would: clean environment, unprivileged user."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY, Sandbox

SCRIPT_DONE = 120.0
"""The longest any one script may take on test data, in seconds."""


@dataclass(frozen=True)
class Done:
    """How a script ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """Return all it wrote, for the message of a failed assertion."""
        return f"status {self.returncode}\nstdout: {self.stdout}\nstderr: {self.stderr}"

    def expect(self, *statuses: int) -> "Done":
        """Fail unless it ended with one of these."""
        assert self.returncode in statuses, f"expected {statuses}, {self.said}"
        return self


class Running:
    """A script that runs in a process group of its own."""

    def __init__(
        self,
        words: Sequence[str | Path],
        env: Mapping[str, str],
        box: Sandbox,
        *,
        apart: bool = False,
    ) -> None:
        """Start it; output goes to files, so that nothing can block.

        `apart`: with process numbers of its own, as a container has them.
        """
        become = _container(box) if apart else box.identity.become()
        self.output = box.directory("out")
        with (self.output / "out").open("wb") as out, (self.output / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [str(word) for word in [*become, *words]],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                cwd="/",
                umask=0o022,  # the scripts must set a strict one themselves
            )

    def wait(self, timeout: float = SCRIPT_DONE) -> Done:
        """Wait for its end; one that hangs is killed and fails the test."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {timeout} s: {self.errors()}") from None
        return Done(status, (self.output / "out").read_text(), self.errors())

    def errors(self) -> str:
        """Return what it logged so far."""
        return (self.output / "err").read_text(errors="replace")

    def kill(self) -> None:
        """Kill the whole process group without warning, as the end of a pod does."""
        with suppress(ProcessLookupError):  # the group ended by itself
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def _container(box: Sandbox) -> list[str]:
    """The words before a command that then is process 1, and sees no other but its own."""
    # By their places: busybox, which may be first on PATH, has lesser ones.
    unshare = [str(shutil.which("unshare")), "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        return [*unshare, "--user", "--map-current-user"]
    return [*unshare, *box.identity.become()]


@dataclass(frozen=True)
class Scripts:
    """The scripts, pointed at one store and one server."""

    box: Sandbox
    directory: Path
    path: str
    root: Path
    server: Server | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def with_(
        self,
        *,
        server: Server | None = None,
        path: str | None = None,
        root: Path | None = None,
        also: Mapping[str, str | int] | None = None,
        **settings: str | int,
    ) -> "Scripts":
        """Return the same scripts with other settings."""
        changes = {**(also or {}), **settings}
        merged = {**self.settings, **{key: str(value) for key, value in changes.items()}}
        return Scripts(
            self.box,
            self.directory,
            path or self.path,
            root or self.root,
            server or self.server,
            merged,
        )

    def environment(self) -> dict[str, str]:
        """Return the whole environment of a script: nothing of the test's own leaks in."""
        home = self.box.base / "home"
        if not home.exists():
            home.mkdir()
            self.box.identity.own(home)
        variables = {
            "PATH": self.path,
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "BACKUP_ROOT": str(self.root),
        }
        if self.server is not None:
            variables |= {
                "PGHOST": str(self.server.home),
                "PGPORT": str(self.server.port),
                "PGUSER": self.server.superuser,
                "PGPASSWORD_FILE": str(password_file(self.server)),
            }
        return {**variables, **self.settings}

    def start(self, script: str, *arguments: str, apart: bool = False) -> Running:
        """Start a script and do not wait; `apart` as a container's first process."""
        words: list[str | Path] = ["bash", self.directory / f"{script}.sh", *arguments]
        return Running(words, self.environment(), self.box, apart=apart)

    def run(self, script: str, *arguments: str, timeout: float = SCRIPT_DONE) -> Done:
        """Run a script to its end."""
        return self.start(script, *arguments).wait(timeout)

    def functions(self, program: str, text: str, *arguments: str) -> Done:
        """Run bash lines with a program and its libraries sourced, in a fresh shell."""
        lines = f". {self.directory}/{program}.sh\nbegin\n{text}"
        words = ["bash", "-c", lines, "test", *arguments]
        return Running(words, self.environment(), self.box).wait()

    def backup(self, *arguments: str) -> str:
        """Take a set and return its name."""
        return self.run("backup", *arguments).expect(0).stdout.strip()

    def verify(self, *arguments: str, timeout: float = SCRIPT_DONE) -> Done:
        """Run the verification with a scratch directory of its own."""
        scratch = self.box.directory("scratch")
        return self.with_(VERIFY_SCRATCH=str(scratch)).run("verify", *arguments, timeout=timeout)


def password_file(server: Server) -> Path:
    """Return a file with the superuser's password, as the mounted Secret has it."""
    path = server.home / "superuser"
    path.write_text(server.password)
    path.chmod(0o440)
    server.identity.own(path)
    return path


def scripts_directory(box: Sandbox) -> Path:
    """Return a copy of the scripts of the pods, all executable as the ConfigMap mounts them."""
    copy = box.base / "scripts"
    if not copy.exists():
        shutil.copytree(REPOSITORY / "scripts", copy)
        for file in copy.rglob("*.*"):
            file.chmod(0o755)
    return copy / "pod"

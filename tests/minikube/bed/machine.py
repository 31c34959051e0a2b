"""A machine with Docker in namespaces of its own: gone with its first process, and all that it had.

Its network is its own loopback: there is no way out, and nothing of the real machine's is seen.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcluster import cgroups
from localcluster.launcher import NAMESPACES, PATH
from tests.lib.project import ROOT, CommandFailed, Done
from tests.minikube.bed.programs import HOME
from toolchain.locking import taken

MACHINES = HOME / "machines"
NODE = Path(__file__).resolve().parents[1] / "node"
USER = "dev"
DYING = ("setpriv", "--pdeathsig=KILL")
"""What makes a machine end with its tests, however they end."""
ENVIRONMENT = {"PATH": PATH, "LANG": "C.UTF-8"}
PATIENCE = 60.0


class Machine:
    """Its files are below `home`; `store` is what Docker has in the beginning."""

    def __init__(self, home: Path, store: Path | None = None) -> None:
        """Lays out the files; starts nothing."""
        self.home = home
        self.cgroup = home.name
        for name in ("root", "changed", "work", "home"):
            (home / name).mkdir()
        if store is None:
            (home / "docker").mkdir()
        else:
            # Links: layers are never written to, and all else is replaced by a rename.
            subprocess.run(["cp", "-al", store, home / "docker"], check=True)
            _own_databases(home / "docker")

        _copy(NODE / "runc", home / "changed/usr/local/sbin/runc")

    def install(self, program: Path, target: str) -> None:
        """Puts a program into the running machine's own file system."""
        _copy(program, Path("/proc", self._pid(), "root", target[1:]))

    def start(self) -> None:
        """Starts it and waits for Docker."""
        cgroups.create(self.cgroup)
        first = [sys.executable, "-m", "tests.minikube.bed.first", str(self.home)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                cgroups.joining(self.cgroup, [*DYING, "unshare", *NAMESPACES.split(), *first]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": PATH, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
            )
        self._wait_for_docker()
        self.root(f"useradd --create-home --shell=/bin/bash --groups=docker {USER}")

    def _wait_for_docker(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            if (self.home / "pid").exists() and self._entered("docker version").returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(f"Docker did not start:\n{self.log()}")

    def log(self) -> str:
        """The end of what Docker said."""
        return "\n".join((self.home / "log").read_text(errors="replace").splitlines()[-30:])

    def root(self, command: str, stdin: object = subprocess.DEVNULL, timeout: float = 600) -> Done:
        """Runs a shell command as the machine's root; fails unless it ends well."""
        return _done(command, self._entered(command, stdin=stdin, timeout=timeout), 0)

    def user(
        self, command: str, *, status: int | None = 0, stdin: str = "", timeout: float = 600
    ) -> Done:
        """The same as its ordinary user, in a shell as after a login; `status` None: any."""
        done = subprocess.run(
            self.login(command),
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
            timeout=timeout,
            env=ENVIRONMENT,
        )
        return _done(command, done, status)

    def login(self, command: str) -> list[str]:
        """What runs a command as the user, as after a login."""
        return [*self._enter(), "runuser", "--login", USER, "--command", command]

    def outsider(self, command: str, *, status: int | None = 0) -> Done:
        """The same user where nobody has let him use Docker."""
        without = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        words = [*without, "env", f"HOME=/home/{USER}", "bash", "-c", command]
        done = subprocess.run(
            [*self._enter(), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
            env=ENVIRONMENT,
        )
        return _done(command, done, status)

    def _entered(
        self, command: str, *, stdin: object = subprocess.DEVNULL, timeout: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self._enter(), "bash", "-c", command],
            stdin=stdin,  # type: ignore[call-overload]
            capture_output=True,
            check=False,
            text=True,
            timeout=timeout,
            env=ENVIRONMENT,
        )

    def _pid(self) -> str:
        """The first process, as the real machine numbers it."""
        return (self.home / "pid").read_text()

    def _enter(self) -> list[str]:
        spaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup"]
        return ["nsenter", f"--target={self._pid()}", *spaces, "--root", "--wd", "--"]

    def stop(self) -> None:
        """Ends Docker, and so the machine, as a shutdown would."""
        os.kill(int(self._pid()), signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)

    def end(self) -> None:
        """The power cut; what it had on disk stays until the machine's files are removed."""
        self.process.kill()  # and with it the first process: --kill-child
        self.process.wait()
        cgroups.remove(self.cgroup)


def _own_databases(store: Path) -> None:
    """Those that daemons lock: the lock of a hard link would be every machine's."""
    kept = [folder for folder in store.iterdir() if folder.name != "overlay2"]
    for database in (file for folder in kept for file in folder.rglob("*.db")):
        aside = database.with_suffix(".own")
        shutil.copy2(database, aside)
        aside.replace(database)


def _copy(program: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(program, target)
    target.chmod(0o755)


def _done(command: str, ended: "subprocess.CompletedProcess[str]", status: int | None) -> Done:
    done = Done(command, ended.returncode, ended.stdout, ended.stderr)
    if status is not None and done.status != status:
        raise CommandFailed(
            f"$ {command}\nstatus {done.status}, expected {status}\n{done.stdout}\n{done.stderr}"
        )
    return done


@contextmanager
def started(store: Path | None = None) -> Iterator[Machine]:
    """A machine that runs, and afterwards nothing of it."""
    MACHINES.mkdir(parents=True, exist_ok=True)
    _sweep()
    home = Path(tempfile.mkdtemp(dir=MACHINES, prefix="minikube-bed-"))
    home.chmod(0o755)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        machine = Machine(home, store)
        try:
            machine.start()
            yield machine
        finally:
            machine.end()
            shutil.rmtree(home)


def _sweep() -> None:
    """What a run that was killed has left: its processes have died with it."""
    for home in MACHINES.iterdir():
        try:
            with (home / "lock").open() as lock:
                if taken(lock):
                    cgroups.remove(home.name)
                    shutil.rmtree(home)
        except FileNotFoundError:
            continue  # just being made, or just removed

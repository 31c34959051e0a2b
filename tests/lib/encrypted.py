"""Sets that are encrypted: the keys, the pods that have them, and what a thief sees."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lib.sandbox import REPOSITORY, Sandbox, run_as
from tests.lib.scripts import Done, Scripts
from toolchain import archiving


@dataclass(frozen=True)
class Key:
    """A pair of keys of age."""

    file: str
    """As age-keygen writes it."""

    @property
    def private(self) -> str:
        """Return the line that nobody else may see."""
        return self.file.splitlines()[-1]

    @property
    def public(self) -> str:
        """Return what sets are encrypted to."""
        (line,) = (x for x in self.file.splitlines() if "public key: " in x)
        return line.partition("key: ")[2]

    @classmethod
    def make(cls) -> "Key":
        """Make a pair, as a person does."""
        archiving.ensure(REPOSITORY)
        program = archiving.directory(REPOSITORY) / "bin" / "age-keygen"
        return cls(subprocess.run([program], capture_output=True, text=True, check=True).stdout)


@dataclass(frozen=True)
class Encrypted:
    """The scripts of a stack whose sets are encrypted."""

    box: Sandbox
    programs: Path
    key: Key
    scripts: Scripts
    """As in a pod that reads sets, such as the verification's."""

    @classmethod
    def of(cls, scripts: Scripts) -> "Encrypted":
        """Give the scripts age, a pair of keys, and its public one as the recipient."""
        box = scripts.box
        programs = programs_of(box)
        key = Key.make()
        with_age = scripts.with_(path=f"{programs}:{scripts.path}")
        return cls(
            box, programs, key, reading(with_age, key).with_(ENCRYPTION_RECIPIENTS=key.public)
        )

    def with_(self, scripts: Scripts) -> "Encrypted":
        """Return the same with other scripts."""
        return Encrypted(self.box, self.programs, self.key, scripts)

    def writing(self, opened: Path) -> Scripts:
        """Return the scripts as the backup's container has them: with no private key."""
        return self.scripts.with_(ENCRYPTION_IDENTITY="", ENCRYPTION_OPENED=str(opened))

    def opened(self, *statuses: int) -> Path:
        """Run what the backup's init container runs, and return what it leaves."""
        directory = self.box.directory("opened")
        tried = self.scripts.with_(ENCRYPTION_OPENED=str(directory)).run("key", "--try")
        tried.expect(*(statuses or (0,)))
        return directory

    def escrow(self, key: Key) -> Done:
        """Try a key that a person has brought."""
        words = ["bash", self.scripts.directory / "key.sh", "--escrow"]
        environment = self.scripts.environment()
        done = run_as(self.box.identity, words, environment, text=f"{key.private}\n")
        return Done(done.returncode, done.stdout, done.stderr)


def programs_of(box: Sandbox) -> Path:
    """Return the directory with age, readable for the scripts' user."""
    archiving.ensure(REPOSITORY)
    return box.readable(archiving.directory(REPOSITORY), "bin/age") / "bin"


def reading(scripts: Scripts, *keys: Key) -> Scripts:
    """Return the scripts with these private keys."""
    file = scripts.box.directory("identity") / "identity"
    file.write_text("".join(f"{key.private}\n" for key in keys))
    scripts.box.identity.own(file)
    return scripts.with_(ENCRYPTION_IDENTITY=str(file))

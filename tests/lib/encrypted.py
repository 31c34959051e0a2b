"""Sets that are encrypted: the keys, the pods that have them, and what a thief sees."""

from dataclasses import dataclass
from pathlib import Path

from tests.lib.sandbox import REPOSITORY, Sandbox, run_as
from tests.lib.scripts import Done, Scripts
from toolchain import archiving


@dataclass(frozen=True)
class Key:
    """A pair of keys of age."""

    private: str
    public: str


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
        key = make_key(box, programs)
        with_age = scripts.with_(path=f"{programs}:{scripts.path}")
        return cls(
            box, programs, key, reading(with_age, key).with_(ENCRYPTION_RECIPIENTS=key.public)
        )

    def another_key(self) -> Key:
        """Make one that is nobody's yet."""
        return make_key(self.box, self.programs)

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


def make_key(box: Sandbox, programs: Path) -> Key:
    """Make a pair of keys."""
    made = run_as(box.identity, [programs / "age-keygen"], {}).stdout
    lines = made.splitlines()
    public = next(line for line in lines if "public key: " in line).partition("key: ")[2]
    return Key(private=lines[-1], public=public)


def reading(scripts: Scripts, *keys: Key) -> Scripts:
    """Return the scripts with these private keys."""
    file = scripts.box.directory("identity") / "identity"
    file.write_text("".join(f"{key.private}\n" for key in keys))
    scripts.box.identity.own(file)
    return scripts.with_(ENCRYPTION_IDENTITY=str(file))

"""The file with a stack's settings: a clone's own, which git ignores.

The tracked `Pulumi.dev.yaml` is an example, and what plain `pulumi` reads. `make`, and a shell of
`make env`, use `Pulumi.dev.local.yaml` instead: each command of Pulumi that has `--config-file`
takes it from PULUMI_OPTION_CONFIG_FILE. It begins as a copy of the example.
"""

import re
from pathlib import Path

from bootstrap.place import Place
from toolchain import files
from toolchain.errors import SetupError
from toolchain.run import ask, run

PASSPHRASE = re.compile(
    r"^(  brewget:archive:\n(?:    .*\n)*?)    passphrase:\n      secure: .*\n", re.MULTILINE
)
"""The archive's, which `make` writes itself, and has again from the cluster where that is there."""


def prepare(place: Place, *, is_ours: bool) -> None:
    """Makes the own file where there is none yet.

    `is_ours`: the stack is there already, so what is in the tracked file, its salt included, was
    written by an older `make`, which hid it from git by skip-worktree.
    """
    example, was_hidden = example_of(place), _is_hidden(place)
    if not place.stack_file.exists() and example.is_file():
        text = example.read_text()
        kept = text if is_ours or was_hidden else without_salt(text, example.name)
        files.write(place.stack_file, kept, mode=0o644)
    if was_hidden:
        # In this order, so that an interruption between the two is put right by the next run.
        example.write_text(run(["git", "show", f":{example.name}"], cwd=place.root))
        run(["git", "update-index", "--no-skip-worktree", "--", example.name], cwd=place.root)


def example_of(place: Place) -> Path:
    """What plain `pulumi` reads for the stack."""
    return place.root / f"Pulumi.{place.stack}.yaml"


def _is_hidden(place: Place) -> bool:
    """Whether an older `make` hid the example from git; False where there is no git."""
    if not (place.root / ".git").exists():
        return False
    listed = ask(["git", "ls-files", "-v", "--", example_of(place).name], cwd=place.root)
    return listed.stdout.startswith("S ")


def before(place: Place) -> Path:
    """The own file as it was with the archive's passphrase that has been taken out of it."""
    return place.stack_file.with_name(f"{place.stack_file.name}.before")


def drop_foreign_salt(place: Place) -> None:
    """Takes out the salt of a passphrase that is gone: with it Pulumi would refuse the new one.

    It may be found again, so what it alone opens is kept in a file beside.
    """
    if place.stack_file.is_file():
        text = place.stack_file.read_text()
        kept = without_salt(text, place.stack_file.name)
        if PASSPHRASE.search(text):
            files.write(before(place), text)
        if kept != text:
            files.write(place.stack_file, kept, mode=0o644)


def without_salt(text: str, name: str) -> str:
    """Settings that any passphrase will do for; an error where some are encrypted with another."""
    lines = PASSPHRASE.sub(r"\1", text).splitlines(keepends=True)
    if any(line.strip().startswith("secure:") for line in lines):
        raise SetupError(
            f"{name} holds secrets, but the passphrase that they need is not here "
            "(.state/passphrase). Put it back, or remove the 'secure:' entries and set them again "
            "with `pulumi config set --path --secret`"
        )
    return "".join(line for line in lines if not line.startswith("encryptionsalt:"))

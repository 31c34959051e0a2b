"""A clone's settings are its own: git sees nothing of them, and plain Pulumi keeps its file."""

import subprocess
from pathlib import Path

import pytest
import yaml

from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import CONFIG_FILE
from bootstrap.place import ROOT, Place
from bootstrap.stack import Stack
from tests.bootstrap.conftest import stack_environment
from toolchain.errors import SetupError

EXAMPLE = "# An example.\nconfig:\n  brewget:kubeContext: minikube\n"
PROGRAM = """\
import pulumi
pulumi.export("keep", pulumi.Config().require("backup.keep"))
"""


def git(place: Place, *words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    command = ["git", *identity, *words]
    return subprocess.run(
        command, cwd=place.root, check=True, capture_output=True, text=True
    ).stdout


def pulumi(stack: Stack, *words: str, **changed: str | None) -> str:
    """The plain command line in a shell of `make env`, with some variables changed or unset."""
    merged = stack.environment | changed
    environment = {key: value for key, value in merged.items() if value is not None}
    done = subprocess.run(
        ["pulumi", "--non-interactive", "--color=never", *words],
        cwd=stack.place.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="stack")
def _stack(place: Place) -> Stack:
    """A clone, in which no `make up` has run yet."""
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    (place.root / "__main__.py").write_text(PROGRAM)
    (place.root / "Pulumi.dev.yaml").write_text(EXAMPLE)
    (place.root / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    git(place, "init", "-q")
    git(place, "add", ".")
    git(place, "commit", "-qm", "t")
    return Stack(place, stack_environment(place))


def test_a_stack_is_made_once_with_a_private_passphrase_and_out_of_gits_sight(
    stack: Stack,
) -> None:
    place = stack.place
    assert stack.select()
    stack.configure(Cluster(Kind.LOCALCLUSTER, "two"))
    first, salt = place.passphrase.read_text(), yaml.safe_load(place.stack_file.read_text())
    assert not stack.select()

    assert place.passphrase.read_text() == first
    assert place.passphrase.stat().st_mode & 0o777 == 0o600
    assert "kubeContext: two" in place.stack_file.read_text()
    assert salt["encryptionsalt"] in place.stack_file.read_text()
    assert first.strip() not in place.stack_file.read_text()
    assert git(place, "status", "--porcelain") == ""
    assert [path.name for path in place.state.iterdir() if path.name.startswith(".new-")] == []


def test_a_shell_of_make_env_needs_no_flag(stack: Stack) -> None:
    """The life of a stack by plain commands, all of which read and write the ignored file."""
    stack.select()
    pulumi(stack, "config", "set", "backup.keep", "11")
    pulumi(stack, "config", "set", "--secret", "word", "hidden")
    assert 'keep: "11"' in pulumi(stack, "preview")
    pulumi(stack, "up", "--yes", "--skip-preview")
    assert pulumi(stack, "stack", "output", "keep").strip() == "11"
    assert pulumi(stack, "config", "get", "word").strip() == "hidden"
    pulumi(stack, "refresh", "--yes", "--skip-preview")
    pulumi(stack, "destroy", "--yes", "--skip-preview")

    assert "backup.keep: " in stack.place.stack_file.read_text()
    assert git(stack.place, "status", "--porcelain") == ""


def test_plain_pulumi_has_the_tracked_file_as_everybody_knows_it(
    stack: Stack, tmp_path: Path
) -> None:
    stack.select()
    (tmp_path / "backend").mkdir()
    outside = {CONFIG_FILE: None, "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}"}
    before = stack.place.stack_file.read_text()

    pulumi(stack, "stack", "init", "dev", **outside)
    pulumi(stack, "config", "set", "backup.keep", "7", **outside)

    assert 'backup.keep: "7"' in (stack.place.root / "Pulumi.dev.yaml").read_text()
    assert stack.place.stack_file.read_text() == before


def test_a_clone_of_before_is_taken_along_once(stack: Stack) -> None:
    """As `make up` left it until it had a file of its own: rewritten, and hidden by skip-worktree."""
    place, example = stack.place, stack.place.root / "Pulumi.dev.yaml"
    stack.select()
    pulumi(stack, "config", "set", "--secret", "word", "hidden")
    place.stack_file.rename(example)
    git(place, "update-index", "--skip-worktree", "Pulumi.dev.yaml")
    settings = example.read_text()

    assert not stack.select()

    assert place.stack_file.read_text() == settings
    assert pulumi(stack, "config", "get", "word").strip() == "hidden"
    assert example.read_text() == EXAMPLE
    assert git(place, "ls-files", "-v", "Pulumi.dev.yaml").startswith("H ")
    assert git(place, "status", "--porcelain") == ""
    # From here on it is plain Pulumi's again.
    example.write_text("config: {}\n")
    stack.select()
    assert example.read_text() == "config: {}\n"
    assert place.stack_file.read_text() == settings


def test_an_interrupted_move_is_finished(stack: Stack) -> None:
    place, example = stack.place, stack.place.root / "Pulumi.dev.yaml"
    stack.select()
    settings = place.stack_file.read_text()
    example.write_text(settings)
    git(place, "update-index", "--skip-worktree", "Pulumi.dev.yaml")

    stack.select()

    assert place.stack_file.read_text() == settings
    assert git(place, "status", "--porcelain") == ""
    assert example.read_text() == EXAMPLE


def test_secrets_of_plain_pulumi_are_not_taken_over(stack: Stack) -> None:
    """They are encrypted with a passphrase that make does not have."""
    place = stack.place
    example = "encryptionsalt: v1:abc\nconfig:\n  brewget:word:\n    secure: xyz\n"
    (place.root / "Pulumi.dev.yaml").write_text(example)

    for _ in range(2):
        with pytest.raises(SetupError, match=r"Pulumi\.dev\.yaml holds secrets"):
            stack.select()

    assert (place.root / "Pulumi.dev.yaml").read_text() == example
    assert not place.stack_file.exists()
    assert not place.passphrase.exists()

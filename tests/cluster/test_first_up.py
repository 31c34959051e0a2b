"""`make up` in a new checkout: everything is there, and nothing of it is in git."""

import json
import re
import time

from tests.cluster.conftest import FirstUp
from tests.lib.pictures import keep, steps, terminal
from tests.lib.project import ROOT
from tests.lib.world import NAMESPACE, World

REPEATED_UP = 160.0
"""For a repeated `make up`, in seconds: a quarter of it is promised, where nothing else is at work on two quick cores."""

CLEAN_PREVIEW = 50.0
"""For a preview without changes, in seconds: four on a quiet machine of two cores; slow ones with others beside take ten times that."""


def test_a_new_checkout_ends_with_a_server_and_a_first_set(
    first_up: tuple[World, FirstUp],
) -> None:
    world, up = first_up
    (first,) = up.sets
    assert first in up.done.output, "the summary names the set"
    assert str(world.mount) in up.done.output, "the summary says where the backups are"


def test_the_picture_in_the_readme_shows_the_same_steps(first_up: tuple[World, FirstUp]) -> None:
    """`make pictures` keeps this one: the run itself, with the usual names of profile and directory."""
    world, up = first_up
    said = up.done.output.replace(str(world.mount), "~/brewget-postgres-backups")
    said = said.replace(world.project.profile, "localcluster")
    said = said.replace(str(ROOT), "~/brewget")
    # Pulumi has a line or two for each object, and make one where another make is at work.
    said = re.sub(r"^( \+  |waiting for another process).*\n", "", said, flags=re.MULTILINE)
    made = terminal("make up", said)
    assert not re.search(r"/(root|home|tmp|Users)/", made), "a directory of this machine"
    keep("make-up.svg", made.encode())
    shown = steps((ROOT / "docs" / "images" / "make-up.svg").read_text())
    assert shown
    assert shown == steps(said)


def test_nothing_of_it_is_in_git_or_readable_by_others(
    first_up: tuple[World, FirstUp],
) -> None:
    world, up = first_up
    assert up.git_status == ""
    state = world.project.path / ".state"
    assert (state / "passphrase").stat().st_mode & 0o077 == 0
    secrets = [value for value in world.project.outputs()["connection_strings"].values()]
    assert secrets
    for password in (uri.split(":")[2].split("@")[0] for uri in secrets):
        assert password not in up.done.output
        for file in (state / "pulumi").rglob("*.json*"):
            assert password not in file.read_text(), f"{file} holds a password in clear"


def test_a_second_make_up_is_quick_and_changes_nothing(world: World) -> None:
    sets = world.project.sets()
    pods = _pods(world)
    began = time.monotonic()
    world.project.run("make up")
    took = time.monotonic() - began
    assert _pods(world) == pods, "neither the server nor the console was restarted"
    assert world.project.sets() == sets
    assert took <= REPEATED_UP, f"took {took:.1f} s"


def test_preview_after_up_shows_no_change_and_is_quick(world: World) -> None:
    # The quickest of three: what else runs on the machine is not Pulumi's time.
    took = min(_seconds(world) for _ in range(3))
    assert took <= CLEAN_PREVIEW, f"took {took:.1f} s"


def test_preview_runs_nothing(world: World) -> None:
    before = _jobs(world)
    sets = world.project.sets()
    world.project.run("pulumi config set backupNow preview-only")
    try:
        shown = world.project.pulumi("preview --diff").output
    finally:
        world.project.run("pulumi config rm backupNow")
    assert "backup" in shown
    # Older Jobs may go meanwhile: the CronJob keeps three.
    assert _jobs(world) <= before
    assert world.project.sets() == sets


def test_plain_pulumi_needs_none_of_make(world: World) -> None:
    outputs = world.project.outputs()
    assert outputs["host"] == "db.brewget.svc.cluster.local"
    assert outputs["port"] == 5432
    assert outputs["databases"] == ["brewget_auth", "brewget_settings"]
    assert outputs["schedule"] == "0 */6 * * *"
    masked = json.loads(world.project.pulumi("stack output --json").stdout)
    assert set(masked["connection_strings"].values()) == {"[secret]"}


def _pods(world: World) -> dict[str, str]:
    """The uids of the pods that run all the time."""
    found = world.project.get(f"-n {NAMESPACE} pods")["items"]
    named = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found}
    lasting = {
        name: uid
        for name, uid in named.items()
        if name == "postgres-0" or name.startswith("postgres-console-")
    }
    assert "postgres-0" in lasting
    return lasting


def _jobs(world: World) -> set[str]:
    """The uids of all Jobs."""
    return {job["metadata"]["uid"] for job in world.project.get(f"-n {NAMESPACE} jobs")["items"]}


def _seconds(world: World) -> float:
    """How long a preview takes that must find nothing to change."""
    began = time.monotonic()
    world.project.pulumi("preview --expect-no-changes")
    return time.monotonic() - began

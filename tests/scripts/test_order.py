"""Names, links and clocks: which set is the newest."""

import re

import pytest

from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.toolbox import shim

FUTURE = "backup_20991231_235959"

pytestmark = pytest.mark.usefixtures("filled")


def at(scripts: Scripts, time: str) -> Scripts:
    """The scripts where `date` says that it is this time: names come from it."""
    body = f"""[[ " $* " == *" -d "* ]] || set -- "$@" -d '{time} UTC'
PATH="${{PATH#*:}}" exec date "$@\""""
    directory = shim(scripts.box.directory("clock") / "bin", "date", body)
    return scripts.with_(path=f"{directory}:{scripts.path}")


@pytest.mark.trap(42)
def test_after_the_clock_went_back_a_new_set_is_still_the_newest(
    both: Scripts, kept: Store
) -> None:
    kept.rename_set(kept.names()[0], FUTURE)

    name = both.with_(BACKUP_KEEP=1).backup()

    assert name == "backup_21000101_000000", "one second after the newest, across a year's end"
    assert kept.names() == [FUTURE, name], "and its own run did not delete it"
    assert kept.link("latest") == name


@pytest.mark.trap(42)
def test_a_clock_that_runs_backwards_between_two_runs_changes_no_order(
    scripts: Scripts, store: Store
) -> None:
    first = at(scripts, "2031-05-06 07:08:09").backup()

    second = at(scripts, "2029-01-01 00:00:00").backup()

    assert first.startswith("backup_20310506_07")
    assert second > first
    assert store.names() == [first, second]
    assert store.link("latest") == second


def test_two_sets_within_one_second_have_two_names(scripts: Scripts, store: Store) -> None:
    frozen = at(scripts, "2031-05-06 07:08:09")

    names = [frozen.backup() for _ in range(2)]

    assert names[0] < names[1]
    assert store.names() == names


@pytest.mark.trap(23)
def test_the_order_is_the_names_not_the_files_times(scripts: Scripts, kept: Store) -> None:
    (old,) = kept.names()
    kept.copy_set(old, "backup_20200101_000000")
    for path in (kept.root / "backup_20200101_000000").rglob("*"):
        path.touch()  # the oldest set looks the youngest

    scripts.backup()
    listed = scripts.run("list").expect(0).stdout

    found = re.findall(r"backup_\d{8}_\d{6}", listed)
    assert "backup_20200101_000000" in found
    assert found in (sorted(found), sorted(found, reverse=True))
    assert kept.link("latest") == kept.names()[-1] != "backup_20200101_000000"


@pytest.mark.trap(7)
def test_latest_stays_where_it_was_when_a_run_fails(scripts: Scripts, kept: Store) -> None:
    (before,) = kept.names()
    directory = shim(scripts.box.directory("shim") / "bin", "pg_dump", "exit 1")

    done = scripts.with_(path=f"{directory}:{scripts.path}").run("backup")

    assert done.returncode != 0, done.said
    assert kept.link("latest") == before
    assert kept.link("latest-verified") == before


@pytest.mark.trap(7)
def test_latest_can_be_followed_at_every_moment_of_a_run(scripts: Scripts, kept: Store) -> None:
    running = scripts.start("backup")
    seen = set()
    while running.process.poll() is None:
        seen.add((kept.root / "latest" / "manifest.json").is_file())
        assert kept.link("latest") is not None
    running.wait().expect(0)

    assert seen == {True}
    assert len(kept.names()) == 2


@pytest.mark.trap(7)
@pytest.mark.parametrize("target", ["/etc", "../elsewhere", "backup_19990101_000000"])
def test_a_latest_that_leads_nowhere_is_replaced_and_never_followed(
    target: str, scripts: Scripts, kept: Store
) -> None:
    (kept.root / "latest").unlink()
    (kept.root / "latest").symlink_to(target)

    refused = scripts.run("restore", "latest", "--dry-run")
    name = scripts.backup()

    assert refused.returncode in {64, 65, 78}, refused.said
    assert kept.link("latest") == name


def test_a_directory_in_the_place_of_latest_is_not_filled_with_links(
    scripts: Scripts, kept: Store
) -> None:
    (kept.root / "latest").unlink()
    (kept.root / "latest").mkdir()
    (kept.root / "latest" / "mine").write_text("a person's file")
    scripts.box.identity.own(kept.root / "latest")

    scripts.run("backup")

    assert (kept.root / "latest" / "mine").read_text() == "a person's file"
    assert [x.name for x in (kept.root / "latest").iterdir()] == ["mine"]


@pytest.mark.trap(42)
@pytest.mark.parametrize("seconds", [pytest.param(86400, marks=pytest.mark.long), -86400])
def test_a_clock_that_jumps_by_a_day_in_the_middle_changes_no_order(
    seconds: int, scripts: Scripts, kept: Store
) -> None:
    calls = scripts.box.identity.own(scripts.box.directory("calls")) / "calls"
    body = f"""[[ " $* " != *" -d "* ]] || PATH="${{PATH#*:}}" exec date "$@"
echo >>"{calls}"
(( $(wc -l <"{calls}") <= CLOCK_AT )) || set -- "$@" -d "@$(( $(PATH="${{PATH#*:}}" date +%s) + {seconds} ))"
PATH="${{PATH#*:}}" exec date "$@\""""
    directory = shim(scripts.box.directory("clock") / "bin", "date", body)
    jumping = scripts.with_(path=f"{directory}:{scripts.path}", BACKUP_KEEP=1)
    names = kept.names()
    for calls_before in (0, 1, 2):
        calls.unlink(missing_ok=True)
        names.append(jumping.with_(CLOCK_AT=calls_before).backup())
        calls.unlink(missing_ok=True)
        jumping.with_(CLOCK_AT=calls_before).verify("--pending").expect(0)
        jumping.with_(CLOCK_AT=calls_before).run("list").expect(0)
    names.append(scripts.with_(BACKUP_KEEP=1).backup())

    assert names == sorted(set(names))
    assert kept.names() == names[-2:], "the newest verified one, and the one after"
    assert kept.link("latest") == names[-1]
    assert (kept.link("latest-verified"), kept.failed()) == (names[-2], [])

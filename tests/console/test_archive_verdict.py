"""What is said of an archive: each sentence from plain facts, with a clock of our own."""

from dataclasses import replace

import pytest

from console.archive import Archive, Copies, Drill, Position, Slot
from console.jobs import Cluster
from console.problem import Code, Facts, Level
from console.safety import judge, unknown
from console.sets import Identity, Picture, State
from tests.console.test_safety import DAY, HEALTHY, HOUR, NOW, OF_SEVERAL, a_set, with_sets

MINUTE = 60.0
GOOD = Position(
    time=NOW - 30, canary=NOW - 32, written="0/5000090", behind_bytes=0, slot=Slot.RESERVED,
    is_streaming=True, waiting={"local": 0, "offsite": 64},
    backups={"local": NOW - 5 * HOUR, "offsite": NOW - 12 * HOUR},
)  # fmt: skip
PROVEN = Drill(is_good=True, time=NOW - DAY, start=NOW - 9 * DAY, end=NOW - DAY, seconds=12)
COPIED = Copies(
    is_good=True, time=NOW - 9 * HOUR, newest="backup_20270114_180000", begun=NOW - 14 * HOUR,
    kept=14, seconds=12,
)  # fmt: skip
ARCHIVE = Archive(
    position=GOOD, since=NOW - 99 * DAY,
    drills={"local": PROVEN, "offsite": replace(PROVEN, time=NOW - 14 * DAY)}, copies=COPIED,
)  # fmt: skip


def with_archive(archive: Archive | None = ARCHIVE, **position: object) -> Facts:
    """A stack in good order, of whose archive's position this is different."""
    if archive and position:
        archive = replace(archive, position=replace(GOOD, **position))  # type: ignore[arg-type]
    return replace(HEALTHY, archive=archive, archive_interval=6 * HOUR)


def with_drill(name: str, drill: Drill | None, since: float = 99 * DAY) -> Facts:
    drills = dict(ARCHIVE.drills) | ({name: drill} if drill else {})
    if drill is None:
        del drills[name]
    return with_archive(replace(ARCHIVE, drills=drills, since=NOW - since))


def with_copies(*, since: float = 99 * DAY, interval: float = 6 * HOUR, **changes: object) -> Facts:
    """A stack in good order, of whose sets off this machine this is different."""
    copies = replace(COPIED, **changes)  # type: ignore[arg-type]
    facts = with_archive(replace(ARCHIVE, copies=copies, since=NOW - since))
    return replace(facts, interval=interval)


def test_an_archive_in_good_order_changes_nothing() -> None:
    assert judge(with_archive(), NOW) == judge(HEALTHY, NOW)
    assert unknown(with_archive(), NOW) == frozenset()


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        (with_archive(replace(ARCHIVE, copies=None, awaits_copies=True)), "offsite-sets", "No run that copies sets off this machine has ever ended."),
        (with_archive(Archive(why="it has not been written yet", since=NOW - 16 * MINUTE)), "archive-stale", "Nothing is known of the archive: it has not been written yet."),
        (with_archive(time=NOW - 6 * MINUTE), "archive-stale", "was last written 6 min ago"),
        (with_archive(canary=NOW - 6 * MINUTE), "archive-stale", "known to be in the archive is 6 min old."),
        (with_archive(canary=NOW - 6 * MINUTE, is_streaming=False), "archive-stale", "6 min old, and nothing is streamed."),
        (with_archive(canary=None), "archive-stale", "No commit is known"),
        (with_archive(slot=Slot.LOST), "archive-slot", "has a gap: its replication slot is lost."),
        (with_archive(slot=Slot.MISSING, canary=NOW - HOUR), "archive-slot", "slot is missing."),
        (with_archive(slot=Slot.UNRESERVED, behind_bytes=3 * 2**20), "archive-slot", "lacks (slot unreserved, 3.0 MiB behind)."),
        (with_archive(slot=None, behind_bytes=None), "archive-slot", "slot in an unknown state"),
        (with_archive(waiting={"local": 0, "offsite": 65}), "archive-waiting", "offsite does not take its WAL: 65 segments of WAL (1.0 GiB)"),
        (with_archive(backups={"local": NOW - 13 * HOUR}), "archive-backup", "repository local is 13 h old; one is due every 6 h."),
        (with_archive(backups={"local": NOW, "offsite": None}), "archive-backup", "repository offsite has no backup"),
        (with_archive(time=NOW + HOUR), "clock", "written in the future (1 h ahead)"),
        (with_drill("local", None), "archive-drill", "repository local has never been proven by a drill."),
        (with_drill("local", replace(PROVEN, time=NOW - 73 * HOUR)), "archive-drill", "local was 3 d 1 h ago."),
        (with_drill("offsite", replace(PROVEN, time=NOW - 16 * DAY)), "archive-drill", "offsite was 16 d ago."),
        (with_drill("offsite", Drill(is_good=False, why="it ends\nearly.")), "archive-drill", "offsite did not come back in its last drill: it ends early."),
        (with_copies(is_good=False, why="the bucket\nis away."), "offsite-sets", "No set was proven off this machine in the last run: the bucket is away."),
        (with_copies(is_good=False), "offsite-sets", "in the last run: it does not say why."),
        (with_copies(is_good=False, why="away", begun=NOW - 9 * DAY), "offsite-sets", "in the last run: away."),
        (with_copies(is_good=False, why="cut short", time=None, newest=None, begun=None), "offsite-sets", "Whether sets are copied off this machine is not known: cut short."),
        (with_copies(time=NOW - 73 * HOUR), "offsite-sets", "copies sets off this machine was 3 d 1 h ago."),
        (with_copies(time=NOW - 73 * HOUR, is_good=False, why="away."), "offsite-sets", "was 3 d 1 h ago, and it failed: away."),
        (with_copies(begun=NOW - 73 * HOUR), "offsite-sets", "copied off this machine is 3 d 1 h old: backup_20270114_180000."),
        (with_copies(begun=NOW - 12 * DAY, interval=7 * DAY), "offsite-sets", "is 12 d old"),
        (with_copies(newest=None, begun=None), "offsite-sets", "No set has ever been copied off this machine."),
    ],
)  # fmt: skip
def test_each_fault_alone_is_one_warning_with_a_next_step(
    facts: Facts, code: str, words: str
) -> None:
    found = judge(facts, NOW)
    assert [(p.code, p.level) for p in found.problems] == [(code, Level.WARNING)]
    assert bool(found.problems[0].subject) == (code in OF_SEVERAL)
    assert words in found.problems[0].text
    assert found.problems[0].next
    assert found.problems[0].text.isprintable()


@pytest.mark.parametrize(
    "facts",
    [
        with_archive(None),
        with_archive(Archive(why="missing", since=NOW - 14 * MINUTE)),
        with_archive(time=NOW - 4 * MINUTE, canary=NOW - 5 * MINUTE),
        with_archive(time=NOW + MINUTE),
        with_archive(slot=Slot.EXTENDED, behind_bytes=2**30),
        with_archive(is_streaming=False),
        with_archive(backups={}),  # an archiver that does not say
        with_archive(
            replace(ARCHIVE, since=NOW - 5 * HOUR), backups={"local": None, "offsite": None}
        ),
        with_archive(replace(ARCHIVE, since=NOW - 4 * MINUTE), canary=None),
        with_drill("local", replace(PROVEN, time=NOW - 71 * HOUR)),
        with_drill("local", None, since=2 * DAY),
        with_drill("offsite", None, since=14 * DAY),
        with_archive(replace(ARCHIVE, copies=None)),
        with_copies(time=NOW - 71 * HOUR, begun=NOW - 71 * HOUR),
        with_copies(newest=None, begun=None, since=2 * DAY),
        with_copies(begun=NOW - 11 * DAY, interval=7 * DAY),
    ],
)
def test_what_is_no_reason_to_alarm_raises_none(facts: Facts) -> None:
    assert judge(facts, NOW).problems == ()


def test_a_dead_archive_does_not_take_back_what_the_sets_promise() -> None:
    dead = with_archive(time=NOW - 5 * HOUR)
    found = judge(dead, NOW)
    assert found.level is Level.WARNING
    assert found.headline == (
        "Your data is safe up to the backup from 1 h ago, but its archive needs you."
    )
    unverified = replace(dead, store=with_sets(a_set(1, State.UNVERIFIED)).store)
    assert judge(unverified, NOW).headline == "There are backups, but something needs you."
    full = replace(dead, store=replace(HEALTHY.store, free_bytes=10**6))
    assert judge(full, NOW).headline == "There are backups, but something needs you."
    old = replace(dead, store=with_sets(a_set(20)).store)
    assert judge(old, NOW).headline == "Your data is not safe right now."
    away = replace(dead, cluster=Cluster(why="away"))
    assert judge(away, NOW).headline == found.headline


def test_where_only_the_sets_off_this_machine_need_you_the_headline_says_so() -> None:
    failed = with_copies(is_good=False, why="away")
    assert judge(failed, NOW).headline == (
        "Your data is safe up to the backup from 1 h ago, but its copy off this machine needs you."
    )
    assert failed.archive
    both = replace(failed, archive=replace(failed.archive, drills={}))
    assert judge(both, NOW).headline.endswith("but its archive needs you.")


def test_the_copies_of_sets_are_known_while_the_archiver_is_away() -> None:
    stale = replace(ARCHIVE, position=replace(GOOD, time=NOW - HOUR))
    facts = with_archive(replace(stale, copies=replace(COPIED, is_good=False, why="away")))
    codes = [p.code for p in judge(facts, NOW).problems]
    assert codes == [Code.ARCHIVE_STALE, Code.OFFSITE_SETS]
    assert Code.OFFSITE_SETS not in unknown(facts, NOW)


def test_both_repositories_are_named() -> None:
    waiting = {"local": 70, "offsite": 80}
    texts = [p.text for p in judge(with_archive(waiting=waiting), NOW).problems]
    assert ["local" in texts[0], "offsite" in texts[1]] == [True, True]


def test_what_an_archiver_that_is_away_said_last_is_no_news() -> None:
    """No false end of an alarm: the rest of an old position is unknown, not good."""
    stale = with_archive(time=NOW - HOUR, slot=Slot.LOST, waiting={"local": 99})
    assert [p.code for p in judge(stale, NOW).problems] == [Code.ARCHIVE_STALE]
    assert unknown(stale, NOW) == {Code.ARCHIVE_SLOT, Code.ARCHIVE_WAITING, Code.ARCHIVE_BACKUP}


def test_a_store_that_is_away_is_the_only_alarm() -> None:
    gone = replace(
        with_archive(Archive(why="gone", since=0)), store=Picture(Identity.MISSING, "gone")
    )
    assert [p.code for p in judge(gone, NOW).problems] == [Code.STORE]
    assert Code.ARCHIVE_STALE in unknown(gone, NOW)
    assert Code.ARCHIVE_DRILL in unknown(gone, NOW)
    assert Code.OFFSITE_SETS in unknown(gone, NOW)


def test_the_window_is_what_was_proven_and_reaches_to_the_newest_commit() -> None:
    assert (ARCHIVE.start, ARCHIVE.end) == (NOW - 9 * DAY, GOOD.canary)
    failed = replace(ARCHIVE, drills={"local": replace(PROVEN, is_good=False)})
    assert failed.start == NOW - 12 * HOUR, "the end of a backup that is there"
    silent = replace(ARCHIVE, position=None)
    assert (silent.start, silent.end) == (NOW - 9 * DAY, None), "a restore would be refused, too"
    empty = Archive(since=0)
    assert (empty.start, empty.end) == (None, None)


@pytest.mark.parametrize(
    ("facts", "code", "subjects"),
    [
        (with_archive(waiting={"local": 99, "offsite": 99}), Code.ARCHIVE_WAITING, {"local", "offsite"}),
        (with_archive(backups={"local": None, "offsite": None}), Code.ARCHIVE_BACKUP, {"local", "offsite"}),
        (with_archive(replace(ARCHIVE, drills={})), Code.ARCHIVE_DRILL, {"local", "offsite"}),
        (with_archive(replace(ARCHIVE, drills=dict.fromkeys(ARCHIVE.drills, replace(PROVEN, is_good=False)))), Code.ARCHIVE_DRILL, {"local", "offsite"}),
        (replace(with_archive(time=NOW + HOUR), store=with_sets(a_set(7), a_set(-1)).store), Code.CLOCK, {"sets", "archive"}),
    ],
)  # fmt: skip
def test_each_repository_and_each_clock_is_a_problem_of_its_own(
    facts: Facts, code: Code, subjects: set[str]
) -> None:
    found = [problem for problem in judge(facts, NOW).problems if problem.code is code]
    assert sorted(problem.subject for problem in found) == sorted(subjects)

"""The verdict: each sentence from plain facts, with a clock of our own."""

from dataclasses import replace

import pytest

from console.jobs import Cluster, CronJob, Job, Phase
from console.manifest import Database, Manifest
from console.problem import Code, Facts, Level
from console.safety import judge, unknown
from console.sets import BackupSet, Identity, LeftOut, Picture, State, Tried, Verdict
from console.wishes import Action

HOUR = 3600.0
DAY = 24 * HOUR
NOW = 1_800_000_000.0
PROOF = Verdict(NOW, 7.0, 9.0)
OF_SEVERAL = {Code.DAMAGED, Code.FAILED_SET, Code.UNPROVEN, Code.SUSPENDED, Code.MISSED}
OF_SEVERAL |= {Code.CLOCK, Code.ARCHIVE_WAITING, Code.ARCHIVE_BACKUP, Code.ARCHIVE_DRILL}
"""Kinds of which there can be two at once; each says which it is about."""


def manifest(hours: float, **changes: object) -> Manifest:
    begun = NOW - hours * HOUR
    made = Manifest(
        store="s", started=begun, finished=begun + 9, reason="scheduled", pinned=False, flagged=None,
        accepted_shrink=False, server_version="16.15", format="plain", compression="none",
        globals_file="globals.sql", globals_bytes=10, skipped=(),
        databases=(Database("one", "one.sql", 1000, 100, 1),),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def a_set(hours: float, state: State = State.VERIFIED, **changes: object) -> BackupSet:
    name = f"backup_{int(NOW - hours * HOUR):015d}"
    return BackupSet(
        name, state, "", manifest(hours, **changes), PROOF if state is State.VERIFIED else None
    )


def lacking(hours: float, *names: str) -> BackupSet:
    """A verified set whose rows came back, and these indexes not."""
    objects = tuple(LeftOut("one", "index", name, "refused") for name in names)
    return replace(
        a_set(hours), verdict=replace(PROOF, left_out=objects, left_out_count=len(names))
    )


def encrypted(days: float) -> BackupSet:
    """A set that only a key opens, proven lately all the same."""
    made = a_set(days * 24, contents=("contents.json.age", 10))
    return replace(made, read=NOW - HOUR)


def tried(hours: float, why: str) -> BackupSet:
    return replace(a_set(hours, State.UNVERIFIED), why=why)


def cron_job(name: str, **changes: object) -> CronJob:
    made = CronJob(name, "0 */6 * * *", "UTC", False, NOW - 1000 * HOUR, NOW - HOUR)
    return replace(made, **changes)  # type: ignore[arg-type]


HEALTHY = Facts(
    store=Picture(Identity.OK, "", "s", (a_set(7), a_set(1)), 10**9, 10**10),
    cluster=Cluster(cron_jobs=(cron_job("postgres-backup"), cron_job("postgres-backup-verify"))),
    interval=6 * HOUR,
    min_free_bytes=10**6,
    repeat_days=35,
    scrub_days=7,
    due={"postgres-backup": NOW - HOUR, "postgres-backup-verify": NOW - HOUR},
)


def with_sets(*sets: BackupSet) -> Facts:
    return replace(HEALTHY, store=replace(HEALTHY.store, sets=sets))


def with_jobs(*jobs: Job) -> Facts:
    return replace(HEALTHY, cluster=replace(HEALTHY.cluster, jobs=jobs))


def escrow(facts: Facts, days: float) -> Facts:
    """A person's key last opened sets so many days ago."""
    return replace(facts, store=replace(facts.store, escrow_checked=NOW - days * DAY))


TEN_KEPT = with_sets(*(encrypted((1 + 6 * at) / 24) for at in reversed(range(10))))
"""Encrypted since a year ago, with the usual retention."""
HOURLY = replace(
    with_sets(*(encrypted((0.5 + at) / 24) for at in reversed(range(10)))), interval=HOUR
)
"""None of them is ever a day old."""


def codes(facts: Facts) -> list[str]:
    return [problem.code.value for problem in judge(facts, NOW).problems]


def proven(days: float, read: float) -> BackupSet:
    """A verified set of long ago that was restored and read again so many days ago."""
    found = replace(a_set(1000), verdict=replace(PROOF, verified=NOW - days * DAY))
    return replace(found, read=NOW - read * DAY)


def failed_verify(found: BackupSet, minutes: float, *others: BackupSet) -> Facts:
    """The last verification failed; so long after its begin it wrote why beside `found`."""
    job = replace(run(Action.VERIFY, Phase.FAILED, 1), finished=NOW - HOUR / 2)
    tried = Tried(NOW - HOUR + minutes * 60, "verify.sh")
    sets = [*others, replace(found, why="rows differ", tried=tried)]
    in_order = tuple(sorted(sets, key=lambda each: each.name))
    return replace(with_jobs(job), store=replace(HEALTHY.store, sets=in_order))


def run(action: Action, phase: Phase, hours: float) -> Job:
    return Job(f"{action}-{hours}", action, phase, NOW - hours * HOUR, NOW)


def test_all_well_is_said_with_its_verification() -> None:
    found = judge(HEALTHY, NOW)
    assert (found.level, found.problems) == (Level.GOOD, ())
    assert found.headline == "Your data is safe: verified by a restore of the backup from 1 h ago."


@pytest.mark.parametrize(
    ("facts", "code", "level", "words"),
    [
        (with_sets(), "empty", 3, "There is no backup yet."),
        (with_sets(a_set(9.4)), "stale", 3, "The newest backup is 9 h 24 min old; one is due every 6 h."),
        (with_sets(a_set(17), a_set(1, State.UNVERIFIED)), "unverified", 2, "is 17 h old"),
        (with_sets(a_set(17, State.UNVERIFIED), a_set(1, State.UNVERIFIED)), "unverified", 2, "ever"),
        (with_sets(a_set(7), a_set(1, State.FAILED)), "failed-set", 3, "did not verify"),
        (with_sets(a_set(7), a_set(1, State.DAMAGED)), "damaged", 3, "is damaged"),
        (with_sets(a_set(7, State.DAMAGED), a_set(1)), "damaged", 2, "is damaged"),
        (with_sets(a_set(7), a_set(1, flagged="lost")), "shrinking", 2, "has lost data: lost."),
        (with_sets(a_set(7), lacking(1, "public.i")), "left-out", 2, "1 object did not: index public.i."),
        (with_sets(lacking(7, "i", "j"), a_set(1, State.UNVERIFIED)), "left-out", 2, "2 objects did not: index i, index j."),
        (with_sets(a_set(7), tried(1, "rows differ")), "unproven", 2, " stays, not verified: rows differ."),
        (with_sets(proven(35.1, 1), a_set(1)), "old-restore", 2, "last restored 35 d 2 h ago, not within 35 d"),
        (with_sets(proven(34, 7.5), a_set(1)), "old-reading", 2, "last read 7 d 12 h ago, not within 7 d"),
        (with_sets(a_set(170, State.UNVERIFIED), a_set(7), a_set(1)), "old-reading", 2, "last read 7 d 2 h ago"),
        (with_sets(encrypted(1.1), a_set(1)), "escrow", 2, "The escrowed key was never tried."),
        (TEN_KEPT, "escrow", 2, "The escrowed key was never tried."),
        (HOURLY, "escrow", 2, "The escrowed key was never tried."),
        (escrow(with_sets(encrypted(1), a_set(1)), 31), "escrow", 2, "not tried for 31 days."),
        (with_sets(a_set(7), a_set(-1)), "clock", 2, "from the future (1 h ahead)"),
        (with_jobs(run(Action.BACKUP, Phase.FAILED, 1)), "failed-backup", 3, "backup failed"),
        (with_jobs(run(Action.VERIFY, Phase.FAILED, 1)), "failed-verify", 2, "verify failed"),
        (replace(HEALTHY, store=Picture(Identity.MISSING, "no store")), "store", 3, "no store"),
        (replace(HEALTHY, store=replace(HEALTHY.store, identity=Identity.OTHER)), "store", 3, "store"),
        (replace(HEALTHY, store=replace(with_sets().store, silent=90)), "store", 3, "has not answered for 1 min"),
        (replace(HEALTHY, store=replace(HEALTHY.store, free_bytes=10**6 - 1)), "full", 3, "976.6 KiB"),
        (replace(HEALTHY, store=replace(HEALTHY.store, free_bytes=10**6)), "nearly-full", 2, "three"),
        (replace(HEALTHY, cluster=Cluster(why="it is away")), "api", 1, "it is away"),
    ],
)  # fmt: skip
def test_each_fault_alone_is_named(facts: Facts, code: str, level: int, words: str) -> None:
    found = judge(facts, NOW)
    assert [(p.code, p.level) for p in found.problems] == [(code, level)]
    assert words in found.problems[0].text
    assert found.level == level
    assert bool(found.problems[0].subject) == (code in OF_SEVERAL)


@pytest.mark.parametrize(
    "facts",
    [
        with_sets(a_set(9.1)),
        with_sets(a_set(14, State.UNVERIFIED), a_set(1, State.UNVERIFIED)),
        with_sets(a_set(7, State.FAILED), a_set(1)),
        with_sets(a_set(7, flagged="lost"), a_set(1, accepted_shrink=True)),
        with_sets(lacking(7, "i"), a_set(1)),
        with_sets(tried(7, "rows differ"), a_set(1)),
        with_sets(proven(34, 6.9), a_set(1)),
        replace(with_sets(proven(34, 30), a_set(1)), scrub_days=0),
        replace(with_sets(proven(99, 1), a_set(1)), repeat_days=0),
        escrow(with_sets(encrypted(99), a_set(1)), 29),
        escrow(with_sets(a_set(7), a_set(1)), 99),
        escrow(TEN_KEPT, 29),
        with_sets(encrypted(0.9), a_set(1)),
        with_sets(a_set(7), a_set(-0.05)),
        with_jobs(run(Action.BACKUP, Phase.RUNNING, 0.1), run(Action.BACKUP, Phase.DONE, 1)),
        with_jobs(run(Action.BACKUP, Phase.DONE, 1), run(Action.BACKUP, Phase.FAILED, 7)),
        with_jobs(run(Action.RESTORE, Phase.FAILED, 1)),
        with_sets(a_set(7), a_set(1), BackupSet("backup_1", State.FOREIGN, "other")),
    ],
)
def test_what_is_no_reason_to_alarm_raises_none(facts: Facts) -> None:
    assert codes(facts) == []


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        (failed_verify(a_set(1, State.UNVERIFIED), 9, a_set(7)), "unproven", "verified: rows differ."),
        (failed_verify(a_set(2, State.FAILED), 9, a_set(7)), "failed-set", "aside: rows differ."),
        (failed_verify(a_set(7, State.UNVERIFIED), 9, a_set(1)), "failed-verify", "stays, not verified: rows differ."),
        (failed_verify(a_set(9, State.FAILED), 9, a_set(1)), "failed-verify", "was set aside: rows differ."),
        (failed_verify(a_set(7, State.UNVERIFIED), -99, a_set(1)), "failed-verify", "verify failed (verify-1)."),
    ],
)  # fmt: skip
def test_a_verification_that_failed_is_one_problem_with_its_reason(
    facts: Facts, code: str, words: str
) -> None:
    (problem,) = judge(facts, NOW).problems
    assert problem.code == code
    assert problem.text.endswith(words)


def stopped(name: str, **changes: object) -> Facts:
    jobs = tuple(
        replace(each, **changes) if each.name == name else each  # type: ignore[arg-type]
        for each in HEALTHY.cluster.cron_jobs
    )
    return replace(HEALTHY, cluster=replace(HEALTHY.cluster, cron_jobs=jobs))


def test_why_a_set_was_set_aside_is_said_and_cut_where_it_is_long() -> None:
    found = replace(a_set(1, State.FAILED), why="one.sql: FAILED")
    (problem,) = judge(with_sets(a_set(7), found), NOW).problems
    assert problem.text == f"{found.name} did not verify and was set aside: one.sql: FAILED."
    long = replace(found, why="x" * 5000)
    (problem,) = judge(with_sets(a_set(7), long), NOW).problems
    assert len(problem.text) < 300, "it is the title of a notification"


def test_a_set_that_is_not_equal_here_is_not_condemned() -> None:
    (problem,) = judge(with_sets(a_set(7), tried(1, "rows differ")), NOW).problems
    assert "the set stays, is not condemned" in problem.next
    assert "damaged" not in problem.text


def test_what_anybody_wrote_makes_one_short_line_of_a_title() -> None:
    (problem,) = judge(with_sets(a_set(7), tried(1, "x\n\x1b[31m\u202e" * 999)), NOW).problems
    assert problem.text.isprintable()
    assert len(problem.text) < 300
    (problem,) = judge(with_sets(lacking(1, *["a\nname" * 99] * 9)), NOW).problems
    assert "9 objects did not: index a name" in problem.text
    assert problem.text.isprintable()
    assert len(problem.text) < 300


def test_objects_without_names_are_counted_and_looked_for_elsewhere() -> None:
    found = replace(a_set(1), verdict=replace(PROOF, left_out_count=3))
    (problem,) = judge(with_sets(a_set(7), found), NOW).problems
    assert problem.text.endswith(
        " came back, 3 objects did not: names are in the log of the verification and in findings.age."
    )


def test_a_suspended_schedule_is_named_and_not_also_missed() -> None:
    facts = stopped("postgres-backup", is_suspended=True, last_schedule=NOW - 99 * HOUR)
    assert codes(facts) == ["suspended"]


def test_a_missing_cron_job_counts_as_suspended() -> None:
    assert codes(replace(HEALTHY, cluster=Cluster())) == ["suspended", "suspended"]


def test_a_run_that_can_no_longer_start_was_missed() -> None:
    facts = stopped("postgres-backup", last_schedule=NOW - 7 * HOUR)
    assert codes(facts) == ["missed"]
    just_due = replace(facts, due={"postgres-backup": NOW - 599})
    assert codes(just_due) == []


def test_a_new_cron_job_has_missed_nothing() -> None:
    assert codes(stopped("postgres-backup", last_schedule=None, created=NOW - 60)) == []


def test_the_worst_comes_first_and_makes_the_headline() -> None:
    facts = replace(with_sets(a_set(20)), cluster=Cluster(why="away"))
    found = judge(facts, NOW)
    assert [p.code for p in found.problems] == [Code.STALE, Code.UNVERIFIED, Code.API]
    assert found.headline == "Your data is not safe right now."


@pytest.mark.parametrize(
    ("facts", "code", "number"),
    [
        (with_sets(a_set(9, State.DAMAGED), a_set(7, State.DAMAGED), a_set(1)), Code.DAMAGED, 2),
        (with_sets(a_set(13), a_set(7, State.FAILED), a_set(1, State.FAILED)), Code.FAILED_SET, 2),
        (with_sets(a_set(13), tried(7, "one"), tried(1, "two")), Code.UNPROVEN, 2),
        (with_sets(a_set(13), tried(7, "one"), a_set(1, State.UNVERIFIED)), Code.UNPROVEN, 1),
        (replace(HEALTHY, cluster=Cluster()), Code.SUSPENDED, 2),
        (replace(HEALTHY, due=dict.fromkeys(HEALTHY.due or {}, NOW - HOUR / 2)), Code.MISSED, 2),
    ],
)  # fmt: skip
def test_each_of_a_kind_is_a_problem_of_its_own(facts: Facts, code: Code, number: int) -> None:
    found = [problem for problem in judge(facts, NOW).problems if problem.code is code]
    assert len({problem.key for problem in found}) == len(found) == number
    assert all(problem.subject and problem.subject in problem.text for problem in found)


def test_every_problem_has_its_source_or_is_about_the_source() -> None:
    nothing = replace(HEALTHY, store=Picture(Identity.MISSING, "gone"), cluster=Cluster(why="away"))
    nothing = replace(nothing, rpo_seconds=60.0, rto_seconds=60.0)
    assert set(Code) - unknown(nothing, NOW) == {Code.STORE, Code.API}
    assert unknown(HEALTHY, NOW) == frozenset()
    silent = replace(HEALTHY, store=replace(HEALTHY.store, silent=90))
    assert unknown(silent, NOW) >= {Code.DAMAGED, Code.STALE, Code.ARCHIVE_DRILL}
    assert Code.STALE not in unknown(replace(HEALTHY, cluster=Cluster(why="away")), NOW)
    assert Code.SUSPENDED in unknown(replace(HEALTHY, cluster=Cluster(why="away")), NOW)

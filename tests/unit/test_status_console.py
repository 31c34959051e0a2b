"""status-postgres.sh where the console answers: its verdict, in its words, and no other."""

import json
from pathlib import Path

import pytest

from tests.unit.test_status import Answers, a_set

LIMITED = "console          limited check: "
NEWEST, VERIFIED = "backup_20261130_060000", "backup_20261130_000000"
ARCHIVE = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-29T10:00:00Z", "why": "limited"}


def said(*problems: tuple[str, str, str], archive: object = None, level: str = "") -> str:
    """As console/status.py prints it; of each problem its level, text and next step."""
    worst = level or (problems[0][0] if problems else "good")
    head = {"version": 1, "time": "2026-11-30T10:00:00Z", "level": worst, "headline": "It is \"so\".",
            "newest": NEWEST, "verified": VERIFIED, "encrypted": None}  # fmt: skip
    lines = [
        json.dumps(
            {"code": "x", "level": level, "text": text, "next": step, "subject": ""},
            ensure_ascii=False,
        )
        for level, text, step in problems
    ]
    body = ",\n".join(lines)
    return (
        f'{json.dumps(head)[:-1]},\n"archive": {json.dumps(archive)},\n"problems": [\n{body}\n]}}\n'
    )


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """A cluster whose sets, schedules and jobs would alarm a limited check."""
    made = Answers(tmp_path, [a_set(99, left_out_count=3), a_set(98, flagged="x", pinned=True)])
    made.cronjobs, made.jobs = (
        "postgres-backup true x\n",
        "postgres-backup postgres-backup-1 Failed\n",
    )
    made.console = said()
    return made


def test_what_the_console_finds_good_is_good(answers: Answers) -> None:
    done = answers.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "BACKUPS GOOD",
        'console          It is "so".',
        f"newest set       {NEWEST}",
        f"newest verified  {VERIFIED}",
        f"pinned           {a_set(98)['set']}",
        "schedules        postgres-backup",
    ]
    found = json.loads(answers.run("--json").stdout)
    assert found == {"state": "good", "problems": [], "limited": None, "archive": None,
                     "sets": answers.sets}  # fmt: skip


@pytest.mark.parametrize(
    ("levels", "status", "name"),
    [
        (["unsure"], 3, "UNKNOWN"),
        (["warning"], 1, "WARNING"),
        (["bad"], 2, "CRITICAL"),
        (["warning", "unsure"], 1, "WARNING"),
        (["bad", "warning", "unsure"], 2, "CRITICAL"),
    ],
)
def test_each_level_of_the_page_has_its_status(
    answers: Answers, levels: list[str], status: int, name: str
) -> None:
    answers.console = said(*((level, f"A {level} thing.", "") for level in levels))
    done = answers.run()
    shown = done.stdout.splitlines()[: len(levels) + 1]
    assert (done.returncode, shown) == (
        status,
        [f"BACKUPS {name}", *(f"- A {level} thing." for level in levels)],
    )


def test_problems_are_told_with_every_sign_in_them_and_what_to_do_next(answers: Answers) -> None:
    text, step = 'The "a, b}\\c" is {"code": "y"}; naïve.', 'Run: "x" < FILE'
    answers.console = said(("warning", text, step), ("warning", "Another.", ""))
    done = answers.run()
    assert done.stdout.splitlines()[:4] == [
        "BACKUPS WARNING",
        f"- {text}",
        f"  {step}",
        "- Another.",
    ]
    assert json.loads(answers.run("--json").stdout)["problems"] == [text, "Another."]


def test_its_archive_is_passed_on(answers: Answers) -> None:
    answers.console = said(archive=ARCHIVE)
    window = "archive          from 2026-11-20T00:00:00Z to 2026-11-29T10:00:00Z"
    assert window in answers.run().stdout.splitlines()
    assert json.loads(answers.run("--json").stdout)["archive"] == ARCHIVE


def test_where_there_is_no_set_there_is_none(answers: Answers) -> None:
    answers.console = said(("bad", "There is no backup yet.", "")).replace(f'"{NEWEST}"', "null")
    assert "newest set       none" in answers.run().stdout.splitlines()


def test_limits_of_one_s_own_are_for_a_limited_check(answers: Answers) -> None:
    assert answers.run("--max-age", "1", "--max-verified-age", "1").returncode == 0


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("exec", "the sets cannot be listed: Error from server: it is away"),
        ("cronjobs", "the CronJobs cannot be listed"),
    ],
)
def test_what_can_only_be_shown_is_unknown_where_it_cannot(
    answers: Answers, without: str, words: str
) -> None:
    done = answers.run(without=without)
    assert (done.returncode, f"- {words}" in done.stdout.splitlines()) == (3, True), done.stdout
    assert f"newest set       {NEWEST}" in done.stdout.splitlines()


@pytest.mark.parametrize(
    "answer",
    ["[]", "x", said().replace('"version": 1', '"version": 2'), said(level="bad"), said()[:99]],
)
def test_an_answer_that_is_none_makes_the_check_a_limited_one(
    answers: Answers, answer: str
) -> None:
    answers.console = answer
    done = answers.run()
    assert done.returncode == 2, "by its own judgement"
    assert f"{LIMITED}the console's answer cannot be read" in done.stdout.splitlines()


@pytest.fixture
def healthy(tmp_path: Path) -> Answers:
    """A cluster that a limited check finds good."""
    return Answers(tmp_path, [a_set(7), a_set(1)])


def test_a_console_that_is_off_is_said_and_is_no_problem_by_itself(healthy: Answers) -> None:
    done = healthy.run()
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, f"{LIMITED}the console is off")
    assert json.loads(healthy.run("--json").stdout)["limited"] == "the console is off"


ENDED = "\ncommand terminated with exit code "
REFUSED = "the console does not answer: ConnectionRefusedError(111, 'Connection refused')"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (f"error: {REFUSED}{ENDED}69", REFUSED),
        (f"error: the console answers 503: busy{ENDED}69", "the console answers 503: busy"),
        (
            f'Defaulted container "console" out of: console, seed (init)\nerror: {REFUSED}{ENDED}69',
            REFUSED,
        ),
        (
            f'exec failed: exec: "python3": executable file not found in $PATH: unknown{ENDED}127',
            'the console does not answer: exec failed: exec: "python3": executable file not found '
            "in $PATH: unknown",
        ),
        (
            'Error from server (NotFound): pods "postgres-console-1" not found',
            'the console does not answer: Error from server (NotFound): pods "postgres-console-1" '
            "not found",
        ),
        ("", "the console does not answer: kubectl does not say why"),
    ],
)
def test_a_console_that_is_on_and_dead_is_a_warning_that_says_why(
    healthy: Answers, refusal: str, words: str
) -> None:
    healthy.no_console = refusal
    done = healthy.run()
    assert (done.returncode, done.stdout.splitlines()[:2]) == (
        1,
        ["BACKUPS WARNING", f"- {words}"],
    )
    found = json.loads(healthy.run("--json").stdout)
    assert (found["problems"], found["limited"]) == ([words], words)


def test_nonsense_from_a_console_is_a_warning(healthy: Answers) -> None:
    healthy.console = "x"
    assert healthy.run().returncode == 1


def test_of_an_archive_it_is_said_why_the_check_is_limited(healthy: Answers) -> None:
    healthy.pod, healthy.position = " postgres archiver", '"slot" : "reserved"'
    assert "archive          limited check: the console is off" in healthy.run().stdout.splitlines()

"""What status-postgres.sh says of an archive: by the console's word, or by the least that shows life."""

import json
from pathlib import Path

import pytest

from tests.unit.test_status import Answers, a_set

ARCHIVER = "archiver postgres"
POSITION = '{"version" : 1, "slot" : "%s", "streaming" : true}\n'
SAID = """{"version": 1, "level": "warning", "headline": "x",
"archive": {"from": "2026-11-20T00:00:00Z", "to": "2026-11-29T10:00:00Z", "why": "limited"},
"problems": [
{"code": "stale", "level": "bad", "text": "the sets are judged here", "next": ""},
{"code": "archive-drill", "level": "warning", "text": "a \\"drill\\" failed", "next": "look"}
]}
"""


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path, [a_set(7), a_set(1)])


def test_without_an_archiver_nobody_is_asked_for_an_archive(answers: Answers) -> None:
    answers.console = SAID
    assert answers.run().stdout.splitlines()[0] == "BACKUPS GOOD"
    assert json.loads(answers.run("--json").stdout)["archive"] is None
    asked = (answers.directory / "asked").read_text()
    assert "console.ask" not in asked
    assert "position.json" not in asked


@pytest.mark.parametrize("code", ["archive-drill", "offsite-sets"])
def test_of_an_archive_the_console_judges(answers: Answers, code: str) -> None:
    answers.pod, answers.console = ARCHIVER, SAID.replace("archive-drill", code)
    done = answers.run()
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[:2]) == (1, ["BACKUPS WARNING", '- a "drill" failed'])
    assert "archive          from 2026-11-20T00:00:00Z to 2026-11-29T10:00:00Z" in lines
    found = json.loads(answers.run("--json").stdout)
    assert (found["problems"], found["archive"]["to"]) == (
        ['a "drill" failed'],
        "2026-11-29T10:00:00Z",
    )


@pytest.mark.parametrize(
    ("position", "status", "words"),
    [
        (POSITION % "reserved", 0, "BACKUPS GOOD"),
        (POSITION % "extended", 0, "BACKUPS GOOD"),
        (POSITION % "lost", 1, "replication slot is lost, or about to be"),
        (POSITION % "unreserved", 1, "replication slot is lost, or about to be"),
        ("", 1, "the archive was not written within five minutes"),
    ],
)
def test_without_the_console_the_check_of_an_archive_is_limited(
    answers: Answers, position: str, status: int, words: str
) -> None:
    answers.pod, answers.position = ARCHIVER, position
    done = answers.run()
    assert (done.returncode, words in done.stdout) == (status, True), done.stdout
    assert "archive          limited check" in done.stdout
    assert json.loads(answers.run("--json").stdout)["archive"] == {"limited": True}

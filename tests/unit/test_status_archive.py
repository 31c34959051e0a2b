"""What status-postgres.sh says of an archive where no console answers: by the least that shows life."""

import json
from pathlib import Path

import pytest

from tests.unit.test_status import Answers, a_set

ARCHIVER = "archiver postgres"
POSITION = '{"version" : 1, "slot" : "%s", "streaming" : true}\n'


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path, [a_set(7), a_set(1)])


def test_without_an_archiver_nobody_is_asked_for_an_archive(answers: Answers) -> None:
    assert answers.run().stdout.splitlines()[0] == "BACKUPS GOOD"
    assert json.loads(answers.run("--json").stdout)["archive"] is None
    assert "position.json" not in (answers.directory / "asked").read_text()


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

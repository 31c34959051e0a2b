"""What the page, /metrics, /api/v1/status and status-postgres.sh say of an archive: the same."""

import html
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap import console_venv
from tests.console.conftest import healthy_api, three_sets
from tests.lib.console import ROOT, TOKEN, Answer, Console
from tests.lib.positions import (
    DAY,
    HOUR,
    before,
    write_archive,
    write_copies,
    write_drill,
    write_position,
)

STATUS = "/api/v1/status"
KUBECTL = """#!/bin/bash
# A cluster whose console is the real one.
case "$*" in
*console.ask*) exec "$PYTHON" -m console.ask ;;
*"exec postgres-0"*list.sh*) echo "[]" ;;
*"get pod"*) echo "postgres archiver" ;;
esac
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, Console]]:
    """On one store with an archive: a console that is to show it, and one that is not."""
    base = tmp_path_factory.mktemp("archive")
    store, fake = three_sets(base), healthy_api()
    (base / "off").mkdir()
    kubeconfig = fake.kubeconfig(base)
    on = Console(base, store, {"KUBECONFIG": kubeconfig, "CONSOLE_ARCHIVE": "1"})
    off = Console(base / "off", store, {"KUBECONFIG": kubeconfig})
    try:
        yield on.start(), off.start()
    finally:
        on.stop()
        off.stop()
        fake.stop()


@pytest.fixture
def console(both: tuple[Console, Console]) -> Console:
    """Its archive is in good order."""
    write_archive(both[0].store)
    return both[0].log_in()


@pytest.fixture
def off(both: tuple[Console, Console]) -> Console:
    write_archive(both[0].store)
    return both[1].log_in()


def ask(console: Console, **headers: str) -> Answer:
    return console.get(STATUS, **headers)


def status(console: Console) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(console).text)
    return found


def archive_metrics(console: Console) -> dict[str, float]:
    return {key: v for key, v in console.metrics().items() if key.startswith("brewget_archive_")}


def test_off_means_off(off: Console) -> None:
    write_position(off.store, time=before(DAY), slot="lost")
    write_copies(off.store, ok=False, why="away")
    assert "To any second" not in off.get().text
    assert "Your data is safe: verified" in off.get().text
    assert "archive" not in off.get("/metrics").text
    assert "offsite" not in off.get("/metrics").text
    assert status(off)["archive"] is None
    assert off.get("/moment").status == 404
    key = off.get("/").key
    form = {"key": key, "date": "2026-11-22", "time": "10:15:00"}
    assert off.post("/moment/preview", form).status == 400


def test_the_page_shows_the_window_and_what_it_rests_on(console: Console) -> None:
    text = console.get().text
    shown = text[text.index("To any second") :]
    for words in ("s ago, streaming", "reserved", "2 h ago", "12 segments", "came back 12 h ago"):
        assert words in shown
    assert "Your data is safe: verified" in text


def test_the_archive_in_numbers(console: Console) -> None:
    seen = archive_metrics(console)
    assert seen['brewget_archive_slot{state="reserved"}'] == 1
    assert seen['brewget_archive_slot{state="lost"}'] == 0
    assert seen['brewget_archive_waiting_segments{repository="offsite"}'] == 12
    assert seen['brewget_archive_drill_ok{repository="local"}'] == 1
    assert seen['brewget_archive_drill_duration_seconds{repository="local"}'] == 12
    newest = seen["brewget_archive_canary_timestamp_seconds"]
    first = seen["brewget_archive_window_start_timestamp_seconds"]
    assert newest - first == pytest.approx(11 * DAY, abs=60), "two days old, and nine before that"
    made = seen['brewget_archive_backup_timestamp_seconds{repository="local"}']
    assert newest - made == pytest.approx(2 * HOUR, abs=60)


def test_of_an_old_position_only_its_times_are_left(console: Console) -> None:
    write_position(console.store, time=before(HOUR), canary=before(HOUR), slot="lost")
    seen = console.metrics()
    assert seen['brewget_backup_problem{problem="archive-stale"}'] == 2
    assert seen['brewget_backup_problem{problem="archive-drill"}'] == 0
    assert 'brewget_backup_problem{problem="archive-slot"}' not in seen, "unknown is not zero"
    left = {key.partition("{")[0] for key in archive_metrics(console)}
    assert not {f"brewget_archive_{x}" for x in ("slot", "streaming", "waiting_segments")} & left
    assert "brewget_archive_canary_timestamp_seconds" in left


def test_a_damaged_position_is_said_and_the_sets_are_still_told(console: Console) -> None:
    (console.store / "archive" / "position.json").write_text("{")
    text = console.get().text
    assert "unknown: position.json cannot be used: it is not JSON" in text
    assert "came back 12 h ago" in text
    assert status(console)["archive"]["why"] == "position.json cannot be used: it is not JSON"


def test_a_hostile_reason_is_shown_as_text(console: Console) -> None:
    write_drill(console.store, "local", ok=False, why="<script>alert(1)</script>\n\x1b[31m")
    text = console.get().text
    assert "<script>alert(1)" not in text
    assert "did not come back in its last drill: &lt;script&gt;" in text
    (problem,) = status(console)["problems"]
    assert problem["text"].isprintable()


def test_programs_ask_with_the_token_and_nobody_else_is_answered(console: Console) -> None:
    console.cookie = ""
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = ask(console, **headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "backup_" not in answer.text
    answer = ask(console, Authorization=f"Bearer {TOKEN}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found = json.loads(answer.text)
    assert (found["version"], found["level"], found["problems"]) == (1, "good", [])
    assert found["archive"]["slot"] == "reserved"
    assert found["archive"]["repositories"][1] == {
        "name": "offsite",
        "backup": found["archive"]["repositories"][1]["backup"],
        "waiting_segments": 12,
        "drill": found["archive"]["repositories"][1]["drill"],
    }


def test_page_and_status_have_one_judge(console: Console) -> None:
    # Of hours the seconds are not said, which go on between the two.
    age = 9 * HOUR + 20
    write_position(console.store, waiting={"local": 70, "offsite": 80}, canary=before(age))
    found, text = status(console), html.unescape(console.get().text)
    assert [each["code"] for each in found["problems"]] == [
        "archive-stale",
        *["archive-waiting"] * 2,
    ]
    for problem in found["problems"]:
        assert problem["text"] in text
        assert problem["next"] in text
    assert found["headline"] in text
    assert found["headline"].endswith("but its archive needs you.")


def run_script(
    console: Console, tmp_path: Path, *options: str
) -> "subprocess.CompletedProcess[str]":
    """status-postgres.sh, whose kubectl leads to this console."""
    (tmp_path / "kubectl").write_text(KUBECTL)
    (tmp_path / "kubectl").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHON": str(console_venv.python(ROOT)),
        "PYTHONPATH": str(ROOT),
        "CONSOLE_PORT": str(console.port),
        "CONSOLE_TOKEN_FILE": str(console.base / "token"),
    }
    return subprocess.run(
        ["bash", ROOT / "scripts" / "status-postgres.sh", *options],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_script_says_what_the_console_judges(console: Console, tmp_path: Path) -> None:
    write_position(console.store, waiting={"local": 0, "offsite": 80})
    write_drill(console.store, "local", ok=False, why='table "a, b}\\c": 5 rows')
    texts = [problem["text"] for problem in status(console)["problems"]]
    assert len(texts) == 2
    found = json.loads(run_script(console, tmp_path, "--json").stdout)
    assert [text for text in found["problems"] if "archive" in text] == texts
    assert found["archive"]["repositories"][1]["waiting_segments"] == 80
    window = f"archive          from {found['archive']['from']} to {found['archive']['to']}"
    assert window in run_script(console, tmp_path).stdout.splitlines()


def test_the_script_says_that_no_set_was_copied(console: Console, tmp_path: Path) -> None:
    write_copies(console.store, ok=False, why="the bucket is away")
    done = run_script(console, tmp_path)
    assert (
        "- No set was proven off this machine in the last run: the bucket is away."
        in done.stdout.splitlines()
    )


def test_without_an_answer_asking_fails_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    done = subprocess.run(
        [console_venv.python(ROOT), "-m", "console.ask"], cwd=ROOT,
        env={"CONSOLE_PORT": "1", "CONSOLE_TOKEN_FILE": str(tmp_path / "token")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (69, "", 1)
    assert "does not answer" in done.stderr


def test_an_api_key_cannot_press_a_button(console: Console) -> None:
    console.cookie = ""
    answer = console.post("/backup", {"key": "0" * 64}, Authorization=f"Bearer {TOKEN}")
    assert answer.status == 401

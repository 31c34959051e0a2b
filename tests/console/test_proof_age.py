"""How old the proofs are: since when every verified set has been restored, and every set read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.store import Store
from tests.console.conftest import Start
from tests.lib.console import STORE_ID, Console, change_verdict
from tests.lib.kubeapi import FakeApi
from tests.lib.store import sha256

RESTORED = 'brewget_backup_oldest_proof_age_seconds{kind="restored"}'
READ = 'brewget_backup_oldest_proof_age_seconds{kind="read"}'
DAY = 86_400.0


def ago(days: float) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def oldest(store: Path) -> Path:
    return min(store.glob("backup_*"))


def read_again(directory: Path, days: float, **changes: object) -> None:
    """As verify.sh notes that it has read a set and found it whole."""
    usual = {"version": 1, "set": directory.name, "sums": sha256(directory / "SHA256SUMS")}
    (directory / "read.json").write_text(json.dumps(usual | {"read": ago(days)} | changes))


@pytest.fixture
def open_console(start: Start, api: FakeApi, tmp_path: Path) -> Callable[..., Console]:
    """`open_console(CONSOLE_X=…)`: one on the store whose oldest set was proven long ago."""
    return lambda **settings: start(KUBECONFIG=api.kubeconfig(tmp_path), **settings)


def test_the_oldest_proof_is_a_number_each_and_a_problem_beyond_its_limit(
    open_console: Callable[..., Console], store: Path
) -> None:
    change_verdict(oldest(store), verified=ago(40))
    console = open_console(CONSOLE_REPEAT_DAYS="35", CONSOLE_SCRUB_DAYS="7").log_in()
    seen = console.metrics()
    assert seen[RESTORED] == pytest.approx(40 * DAY, abs=60)
    assert seen['brewget_backup_problem{problem="old-restore"}'] == 2
    assert "A kept backup was last restored 40 d ago, not within 35 d" in console.get().text
    assert seen[READ] == pytest.approx(13 / 24 * DAY, abs=60), "its making counts as a reading"


def test_a_reading_renews_one_proof_and_a_restore_both(
    open_console: Callable[..., Console], store: Path
) -> None:
    for each in store.glob("backup_*"):
        change_verdict(each, verified=ago(0.1))
    console = open_console().log_in()
    assert console.metrics()[READ] == pytest.approx(0.1 * DAY, abs=60)
    for each in store.glob("backup_*"):
        read_again(each, 0.05)
    seen = console.metrics()
    assert seen[READ] == pytest.approx(0.05 * DAY, abs=60), "at the scrape, not before"
    assert seen[RESTORED] == pytest.approx(0.1 * DAY, abs=60)
    assert "Every backup read since" in console.get().text


@pytest.mark.parametrize(
    "changes", [{"sums": "0" * 64}, {"read": "yesterday"}, {"read": None}, {"read": 5}]
)
def test_a_note_about_other_bytes_or_without_a_time_proves_nothing(
    store: Path, changes: dict[str, object]
) -> None:
    directory = oldest(store)
    read_again(directory, -1, **changes)
    assert Store(store, STORE_ID).look().sets[0].read == 0
    read_again(directory, 1)
    assert Store(store, STORE_ID).look().sets[0].read > 0

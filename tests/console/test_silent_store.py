"""A store that does not answer any more, as a dead disk or network does not: nothing falls silent."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.lib import disk
from tests.lib.console import Console
from tests.lib.disk import Disk
from tests.lib.kubeapi import FakeApi
from tests.lib.receivers import Webhook
from tests.lib.sandbox import Sandbox
from tests.lib.waiting import wait_for

HANG_SECONDS = 6
"""More than a busy machine needs for a look."""
TOLD = 60.0
"""From the store's last answer until it is told, in seconds."""
QUICK = 0.3
"""Seconds that page and scrape take while it hangs; on a busy machine most of them."""
SILENT = "The store has not answered for"
REQUESTS = 15
FIRST_LOOK = 30.0
"""On a busy machine the first look takes longer than the ten that may be missing, in seconds."""


@pytest.fixture
def slow(store: Path) -> Iterator[Disk]:
    """The store on a file system that can hang."""
    box = Sandbox(own_disk=False)
    with disk.failing(box, store) as made:
        yield made
    box.remove()


@pytest.fixture
def console(slow: Disk, api: FakeApi, webhook: Webhook, tmp_path: Path) -> Iterator[Console]:
    """A console on that store, which soon says what it thinks of it."""
    for name in ("base", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "urls").write_text(f"{webhook.url}\n")
    settings = {
        "KUBECONFIG": api.kubeconfig(tmp_path),
        "CONSOLE_HANG_SECONDS": str(HANG_SECONDS),
        "CONSOLE_LOOK_SECONDS": "0.2",
        "CONSOLE_NOTIFY_FILE": str(tmp_path / "urls"),
        "CONSOLE_STATE": str(tmp_path / "state"),
    }
    made = Console(tmp_path / "base", slow.mount, settings).start()
    yield made
    slow.answer()
    made.stop()


def seconds(console: Console, path: str) -> float:
    """How long an answer takes."""
    begun = time.monotonic()
    assert console.get(path).status == 200
    return time.monotonic() - begun


def test_a_store_that_hangs_is_told_while_page_and_scrape_stay_quick(
    console: Console, slow: Disk, webhook: Webhook
) -> None:
    console.log_in()
    assert console.metrics()["brewget_backup_store_ok"] == 1
    newest = console.metrics()['brewget_backup_newest_timestamp_seconds{kind="verified"}']
    wait_for("a first look", lambda: console.get("/livez").status == 200, FIRST_LOOK)

    slow.hang()
    wait_for("the message", lambda: webhook.messages, TOLD, every=0.05)

    assert SILENT in webhook.titles[0]
    assert console.get("/livez").status == 503
    assert console.get("/healthz").status == 200
    page = console.get()
    assert SILENT in page.text
    assert "backup_" in page.text, "what it was before"
    for path in ("/", "/metrics"):
        assert median(seconds(console, path) for _ in range(REQUESTS)) < QUICK
    found = console.metrics()
    assert found["brewget_backup_store_ok"] == 0
    assert found['brewget_backup_newest_timestamp_seconds{kind="verified"}'] == newest

    slow.answer()
    wait_for("the end's message", lambda: len(webhook.messages) == 2, TOLD, every=0.05)
    assert "Over: The store has not answered" in webhook.titles[1]
    assert console.get("/livez").status == 200
    assert SILENT not in console.get().text


def test_one_that_never_answered_is_no_store_and_keeps_nobody_waiting_for_ever(
    console: Console, slow: Disk, webhook: Webhook
) -> None:
    console.stop()
    slow.hang()
    console.start()
    wait_for("the message", lambda: webhook.messages, TOLD, every=0.05)
    assert SILENT in webhook.titles[0]
    assert console.metrics()["brewget_backup_store_ok"] == 0

"""Notifications at real receivers: once per event, none lost, none repeated."""

import json
import re
import shutil
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from console.message import CUT
from tests.console.conftest import Start
from tests.lib.console import MEMORY_BYTES, Console, add_set, change_verdict
from tests.lib.kubeapi import FakeApi, send
from tests.lib.positions import before, write_archive, write_position
from tests.lib.receivers import Mailbox, Watch, Webhook
from tests.lib.waiting import wait_for

ARRIVAL = 60.0
"""From an event until its message is there, in seconds; a look takes 0.2."""
LOOKS = 6
"""Looks in which a repetition would have come."""
WATCHED = "brewget_backup_watch_timestamp_seconds"
WAITING = "brewget_backup_notifications_waiting"
STALE = "The newest backup is"


@pytest.fixture
def stale(store: Path) -> Path:
    """The whole schedule stands still: the only set is ten hours old, verified, and no job runs."""
    for made in store.glob("backup_*"):
        shutil.rmtree(made)
    add_set(store, timedelta(hours=10))
    return store


def looked(console: Console) -> float:
    """When the console looked last; zero before its first look."""
    return console.metrics().get(WATCHED, 0.0)


def some_looks(console: Console) -> None:
    """Wait until the console has looked several times more."""
    for _ in range(LOOKS):
        before = looked(console)
        wait_for("another look", lambda b=before: looked(console) > b, ARRIVAL, every=0.05)


def wait_for_messages(webhook: Webhook, count: int) -> None:
    wait_for(f"{count} messages", lambda: len(webhook.messages) >= count, ARRIVAL, every=0.05)


def test_a_schedule_that_stands_still_is_told_once_and_its_end_too(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path
) -> None:
    console = start(**options)
    wait_for_messages(webhook, 1)
    some_looks(console)
    assert len(webhook.messages) == 1, webhook.titles
    message = webhook.messages[0]
    assert message["title"].startswith(f"[BrewGet PostgreSQL] {STALE} 10 h")
    assert "one is due every 6 h" in message["message"]
    assert message["type"] == "failure"

    add_set(stale, timedelta(minutes=1))
    wait_for_messages(webhook, 2)
    some_looks(console)
    assert len(webhook.messages) == 2, webhook.titles
    assert "Over: The newest backup" in webhook.titles[1]
    assert webhook.messages[1]["type"] == "success"


def test_an_object_that_did_not_come_back_is_a_warning_of_one_line(
    start: Start, options: dict[str, str], webhook: Webhook, store: Path
) -> None:
    name = max(store.glob("backup_*")).name
    lost = {"database": "one", "kind": "index", "name": "a\nb", "why": "refused"}
    change_verdict(store / name, left_out=[lost])
    start(**options)
    wait_for_messages(webhook, 1)
    (message,) = webhook.messages
    words = f"All rows of {name} came back, 1 object did not: index a b."
    assert (message["title"], message["type"]) == (f"[BrewGet PostgreSQL] {words}", "warning")


def test_an_archive_that_stands_still_is_one_warning_and_its_end_another(
    start: Start, options: dict[str, str], webhook: Webhook, store: Path
) -> None:
    write_archive(store)
    write_position(store, time=before(600), slot="lost", waiting={"local": 99})
    console = start(**options, CONSOLE_ARCHIVE="1")
    wait_for_messages(webhook, 1)
    some_looks(console)
    (message,) = webhook.messages
    assert message["title"].startswith("[BrewGet PostgreSQL] The archive was last written 10 min")
    assert "kubectl logs postgres-0 -c archiver" in message["message"]
    assert message["type"] == "warning"
    write_position(store)
    wait_for_messages(webhook, 2)
    assert "Over: The archive was last written" in webhook.titles[1]


def test_a_store_or_cluster_that_is_away_is_not_taken_for_recovery(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path, api: FakeApi
) -> None:
    api.cron_jobs[0]["spec"]["suspend"] = True
    console = start(**options)
    wait_for_messages(webhook, 2)
    stale.rename(stale.with_name("away"))
    api.fault = lambda request: send(request, 500, {"message": "down"}) is None
    wait_for_messages(webhook, 4)
    some_looks(console)
    assert [title for title in webhook.titles if "Over: " in title] == []
    stale.with_name("away").rename(stale)
    api.fault = None
    wait_for_messages(webhook, 6)
    some_looks(console)
    assert len(webhook.messages) == 6, webhook.titles
    over = sorted(title.partition("Over: ")[2] for title in webhook.titles[4:])
    assert [text[:9] for text in over] == ["The clust", "The store"]


def test_nothing_wrong_is_nothing_told(
    start: Start, options: dict[str, str], webhook: Webhook
) -> None:
    some_looks(start(**options))
    assert webhook.messages == []


def test_a_restart_repeats_nothing(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path
) -> None:
    console = start(**options)
    wait_for_messages(webhook, 1)
    some_looks(console)
    console.stop()
    some_looks(start(**options))
    assert len(webhook.messages) == 1, webhook.titles


@pytest.mark.parametrize("how", ["closed", "refusing"])
def test_a_receiver_that_is_down_loses_nothing_even_across_a_restart(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path, how: str
) -> None:
    if how == "closed":
        webhook.stop()
    else:
        webhook.status = 503
    console = start(**options)
    wait_for("a failed attempt", lambda: console.metrics()[WAITING] == 1, ARRIVAL)
    console.stop()
    add_set(stale, timedelta(minutes=1))
    console = start(**options)
    wait_for("the end is queued", lambda: console.metrics()[WAITING] == 2, ARRIVAL)
    assert webhook.messages == []
    # Back in the middle of an attempt at both: the second must not overtake the first.
    webhook.status, webhook.refusals = 200, 1
    if how == "closed":
        webhook.start()
    wait_for_messages(webhook, 2)
    some_looks(console)
    assert len(webhook.messages) == 2, webhook.titles
    assert STALE in webhook.titles[0]
    assert "Over: " in webhook.titles[1], "in their order"
    assert console.metrics()[WAITING] == 0


def test_a_mail_arrives_and_another_receivers_absence_does_not_repeat_it(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path, tmp_path: Path
) -> None:
    mailbox = Mailbox().start()
    webhook.status = 500
    (tmp_path / "urls").write_text(f"{webhook.url}\n{mailbox.url}\n")
    try:
        console = start(**options)
        wait_for("the mail", lambda: mailbox.mails, ARRIVAL)
        some_looks(console)
        assert len(mailbox.mails) == 1
        mail = mailbox.mails[0]
        assert STALE in mail["subject"]
        assert mail["to"] == "ann@example.org"
        webhook.status = 200
        wait_for_messages(webhook, 1)
        assert len(mailbox.mails) == 1
        # Apprise loads its plugins with the first message.
        assert console.resident_bytes() < MEMORY_BYTES
    finally:
        mailbox.stop()


def test_a_file_of_urls_that_comes_late_is_taken_up(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path, tmp_path: Path
) -> None:
    (tmp_path / "urls").rename(tmp_path / "later")
    console = start(**options)
    wait_for("its complaints", lambda: console.said().count("cannot read") > LOOKS, ARRIVAL)
    (tmp_path / "later").rename(tmp_path / "urls")
    wait_for_messages(webhook, 1)


def test_what_cannot_be_used_is_said_and_keeps_nobody_else_waiting(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path, tmp_path: Path
) -> None:
    (tmp_path / "urls").write_text(f"nonsense with-a-secret\n{webhook.url}\n")
    (tmp_path / "state" / "notified.json").write_text('{"version": 1, "open')
    console = start(**options)
    wait_for_messages(webhook, 1)
    said = console.said()
    assert "is not an Apprise URL" in said
    assert "starting afresh" in said
    assert "with-a-secret" not in said


def test_a_full_disk_for_the_state_is_said_and_the_message_still_comes(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").rmdir()
    console = start(**options)
    wait_for_messages(webhook, 1)
    some_looks(console)
    assert len(webhook.messages) == 1, webhook.titles
    assert "a restart may notify again" in console.said()


def test_the_state_holds_no_url(
    start: Start, options: dict[str, str], webhook: Webhook, stale: Path, tmp_path: Path
) -> None:
    start(**options)
    wait_for_messages(webhook, 1)
    kept = (tmp_path / "state" / "notified.json").read_text()
    assert [each["code"] for each in json.loads(kept)["open"]] == ["stale"]
    assert "127.0.0.1" not in kept


HOSTILE = "<b>\"x\" & 'y'</b> <script>alert(1)</script> [a](http://x) *_`"


def test_names_and_servers_words_arrive_as_they_are(
    start: Start, options: dict[str, str], webhook: Webhook, store: Path, tmp_path: Path
) -> None:
    mailbox = Mailbox().start()
    (tmp_path / "urls").write_text(f"{webhook.url}\n{mailbox.url}\n{mailbox.url}&format=text\n")
    name = max(store.glob("backup_*")).name
    lost = {"database": "one", "kind": "index", "name": HOSTILE, "why": "refused"}
    change_verdict(store / name, left_out=[lost])
    try:
        start(**options)
        wait_for_messages(webhook, 1)
        wait_for("the mails", lambda: len(mailbox.mails) == 2, ARRIVAL)
    finally:
        mailbox.stop()
    assert f"index {HOSTILE}." in webhook.titles[0]
    assert f"index {HOSTILE}." in webhook.messages[0]["message"]
    for mail in mailbox.mails:
        assert f"index {HOSTILE}." in mail["subject"]
        body = mail.get_body(("html", "plain"))
        text = body.get_content()
        seen = (
            unescape(re.sub("<[^>]*>", "", text)) if body.get_content_subtype() == "html" else text
        )
        assert f"index {HOSTILE}." in " ".join(seen.split())


def damaged(store: Path, hours: int) -> str:
    name = add_set(store, timedelta(hours=hours))
    (store / name / "manifest.json").write_text("nonsense")
    return name


def test_a_message_that_is_refused_is_cut_then_dropped_and_blocks_no_other(
    start: Start, options: dict[str, str], webhook: Webhook, store: Path
) -> None:
    first, second, third = (damaged(store, hours) for hours in (40, 30, 20))
    webhook.refuses = lambda message: (
        first in message["title"] or (second in message["title"] and CUT not in message["message"])
    )
    console = start(**options)
    dropped = 'brewget_backup_notifications_total{result="dropped"}'
    wait_for("one to be dropped", lambda: console.metrics()[dropped] == 1, ARRIVAL)
    some_looks(console)
    assert [third in webhook.titles[0], second in webhook.titles[1]] == [True, True]
    assert len(webhook.messages) == 2, webhook.titles
    assert webhook.messages[1]["message"].strip() == CUT
    assert console.metrics()[WAITING] == 0
    assert "takes others, but refuses" in console.said()


def test_the_watcher_outside_hears_of_it_as_long_as_nothing_is_wrong(
    start: Start, options: dict[str, str], webhook: Webhook, store: Path, tmp_path: Path
) -> None:
    watch = Watch()
    (tmp_path / "heartbeat").write_text(f"{watch.url}\n")
    console = start(**options, CONSOLE_HEARTBEAT_FILE=str(tmp_path / "heartbeat"))
    wait_for("heartbeats", lambda: len(watch.beats) > LOOKS, ARRIVAL, every=0.05)
    assert set(watch.beats) == {"/ping/SECRET"}
    away = store.with_name("away")
    store.rename(away)
    wait_for_messages(webhook, 1)
    heard = len(watch.beats)
    some_looks(console)
    assert len(watch.beats) == heard, "silence is the alarm"
    away.rename(store)
    wait_for("a heartbeat", lambda: len(watch.beats) > heard, ARRIVAL, every=0.05)
    watch.stop()
    failed = 'brewget_backup_heartbeats_total{result="failed"}'
    wait_for("a failed one", lambda: console.metrics()[failed] > 0, ARRIVAL)
    some_looks(console)
    assert "the heartbeat was not taken" in console.said()
    assert "SECRET" not in console.said()

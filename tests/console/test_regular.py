"""What is told although nothing is wrong, at a real receiver: verified backups, and the week."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console import events, regular
from console.events import State
from console.message import Kind
from console.safety import judge
from console.sets import BackupSet, Identity, Picture
from console.sets import State as Set
from tests.console.conftest import Start
from tests.console.test_notify import (
    ARRIVAL,
    some_looks,
    wait_for_messages,
)
from tests.console.test_safety import DAY, HEALTHY, HOUR, NOW, a_set, lacking, with_sets
from tests.lib.console import add_set, make_store
from tests.lib.receivers import Mailbox, Webhook
from tests.lib.store import sha256
from tests.lib.waiting import wait_for

WEEK = 7 * DAY
TO = ("r",)
SUCCESS, WEEKLY = {"CONSOLE_NOTIFY_SUCCESS": "1"}, {"CONSOLE_DIGEST": "weekly"}
Options = dict[str, str]


def publish(store: Path, minutes: float, **changes: bool) -> Path:
    """A set that is there at once, as backup.sh and verify.sh let it be seen."""
    aside = make_store(store.with_name("aside"))
    name = add_set(aside, timedelta(minutes=minutes), **changes)
    return (aside / name).rename(store / name)


def note(options: Options) -> Path:
    return Path(options["CONSOLE_STATE"]) / "notified.json"


def test_each_verified_backup_is_told_once_also_across_a_restart(
    start: Start,
    options: Options,
    webhook: Webhook,
    store: Path,
) -> None:
    console = start(**options, **SUCCESS)
    some_looks(console)
    assert webhook.messages == [], "those of before are no news"
    name = publish(store, 5).name
    wait_for_messages(webhook, 1)
    some_looks(console)
    console.stop()
    while_away = publish(store, 2).name
    console = start(**options, **SUCCESS)
    wait_for_messages(webhook, 2)
    some_looks(console)
    words = "is verified: a restore brought all of its 100 rows back."
    assert webhook.titles == [f"[BrewGet PostgreSQL] {x} {words}" for x in (name, while_away)]
    assert "1 database, 38 B; the restore took 7 s." in webhook.messages[0]["message"]
    assert [message["type"] for message in webhook.messages] == ["success"] * 2


def test_a_backup_is_told_when_it_is_verified_and_not_when_it_is_taken(
    start: Start,
    options: Options,
    webhook: Webhook,
    store: Path,
) -> None:
    console = start(**options, **SUCCESS)
    some_looks(console)
    name = publish(store, 5).name
    wait_for_messages(webhook, 1)
    pending = publish(store, 2, verified=False)
    some_looks(console)
    assert len(webhook.messages) == 1
    verdict = json.loads((store / name / "verified.json").read_text())
    verdict |= {"set": pending.name, "sums": sha256(pending / "SHA256SUMS")}
    (pending / "verified.json").write_text(json.dumps(verdict))
    wait_for_messages(webhook, 2)
    assert pending.name in webhook.titles[1]


def test_unless_it_is_wanted_no_success_is_told_and_later_none_of_before(
    start: Start,
    options: Options,
    webhook: Webhook,
    store: Path,
) -> None:
    console = start(**options)
    some_looks(console)
    name = publish(store, 5).name
    some_looks(console)
    assert name in json.loads(note(options).read_text())["told"]
    console.stop()
    some_looks(start(**options, **SUCCESS))
    assert webhook.messages == []


def test_a_digest_that_fell_due_is_told_once_by_mail_and_hook_as_plain_text(
    start: Start,
    options: Options,
    webhook: Webhook,
    store: Path,
    tmp_path: Path,
) -> None:
    mailbox = Mailbox().start()
    (tmp_path / "urls").write_text(f"{webhook.url}\n{mailbox.url}&format=text\n")
    note(options).write_text(events.to_json(State(digest=regular.due(time.time()) - WEEK)))
    try:
        console = start(**options, **WEEKLY)
        wait_for_messages(webhook, 1)
        wait_for("the mail", lambda: mailbox.mails, ARRIVAL)
        some_looks(console)
        console.stop()
        some_looks(start(**options, **WEEKLY))
    finally:
        mailbox.stop()
    (message,), (mail,) = webhook.messages, mailbox.mails
    assert message["title"].startswith("[BrewGet PostgreSQL] The week: Your data is safe: verified")
    assert message["type"] == "info"
    newest = max(store.glob("backup_*")).name
    for text in (message["message"], mail.get_body(("plain",)).get_content()):
        assert "Backups of the last 7 days that are kept: 3, verified 3." in text
        assert f"The newest verified: {newest}; its restore took 7 s." in text
        assert "Nothing is wrong." in text
        assert "Free in the store: " in text


def test_a_digest_begins_with_the_next_week(
    start: Start,
    options: Options,
    webhook: Webhook,
) -> None:
    some_looks(start(**options, **WEEKLY))
    assert webhook.messages == []
    assert json.loads(note(options).read_text())["digest"] == regular.due(time.time())


@pytest.mark.parametrize("given", [SUCCESS, WEEKLY])
def test_with_nobody_to_hear_of_it_the_console_does_not_start(start: Start, given: Options) -> None:
    with pytest.raises(SystemExit, match="need CONSOLE_NOTIFY_FILE"):
        start(**given)


def test_a_digest_is_due_on_mondays_at_seven() -> None:
    for hours in range(0, 24 * 15, 5):
        now = NOW + hours * HOUR
        moment = datetime.fromtimestamp(regular.due(now), UTC)
        assert (moment.weekday(), moment.hour, moment.minute) == (0, 7, 0)
        assert 0 <= now - moment.timestamp() < WEEK
    assert regular.due(regular.due(NOW)) == regular.due(NOW), "at the second itself"


def weekly(state: State, now: float) -> State:
    return regular.weekly(state, HEALTHY, judge(HEALTHY, NOW), TO, now)


def test_one_digest_a_week_whatever_the_clock_does() -> None:
    first = regular.due(NOW)
    state = weekly(State(), first + DAY)
    assert (state.waiting, state.digest) == ((), first)
    assert weekly(state, first + 6 * DAY) == state
    late = weekly(state, first + WEEK + 2 * DAY)
    assert [event.kind for event in late.waiting] == [Kind.DIGEST]
    assert weekly(late, first + WEEK + 3 * DAY) == late
    assert len(weekly(late, first + 5 * WEEK).waiting) == 2, "one for all that nobody could send"
    back = weekly(replace(state, digest=NOW + 99 * WEEK), NOW)
    assert (back.waiting, back.digest) == ((), first), "a clock that ran ahead silences it not"


def test_what_did_not_come_back_is_not_told_as_a_whole_success() -> None:
    store = with_sets(a_set(7), lacking(1, "i")).store
    state = regular.verified(State(told=(a_set(7).name,)), store, TO, NOW)
    assert state.waiting[0].body.endswith(
        "1 object did not come back, which is a warning of its own."
    )


def names(*sets: BackupSet) -> tuple[str, ...]:
    return tuple(each.name for each in sets)


def test_a_store_that_is_away_and_comes_back_repeats_no_success() -> None:
    state = regular.verified(State(), HEALTHY.store, TO, NOW)
    for store in (
        replace(HEALTHY.store, silent=90.0),
        Picture(Identity.MISSING, "gone"),
        replace(HEALTHY.store, sets=(a_set(7), a_set(1, Set.DAMAGED))),
        HEALTHY.store,
    ):
        state = regular.verified(state, store, TO, NOW)
    assert (state.waiting, state.told) == ((), names(a_set(7), a_set(1)))


def test_a_store_that_is_away_at_first_is_not_taken_for_an_empty_one() -> None:
    state = regular.verified(State(), Picture(Identity.MISSING, "gone"), TO, NOW)
    state = regular.verified(state, HEALTHY.store, TO, NOW)
    assert (state.waiting, state.told) == ((), names(a_set(7), a_set(1)))


def test_each_verified_set_is_told_whatever_the_order_and_whatever_a_clock_said() -> None:
    """The verification takes the newest first; one that was made in the future stays the newest."""
    looks = (
        (a_set(13), a_set(7, Set.UNVERIFIED), a_set(-99)),
        (a_set(13), a_set(7), a_set(1), a_set(-99)),
        (a_set(7), a_set(1), a_set(-99)),
    )
    state = State()
    for sets in looks:
        state = regular.verified(state, with_sets(*sets).store, TO, NOW)
    told = [event.about.split()[1] for event in state.waiting]
    assert told == [a_set(7).name, a_set(1).name]
    assert state.told == names(*looks[-1]), "what is gone is not kept for ever"


def test_the_first_backup_of_a_new_store_is_told() -> None:
    state = regular.verified(State(), with_sets().store, TO, NOW)
    state = regular.verified(state, with_sets(a_set(1)).store, TO, NOW)
    assert [event.kind for event in state.waiting] == [Kind.SUCCESS]


def test_the_marks_are_read_back_and_those_of_before_are_none() -> None:
    state = State(told=("backup_1", "backup_2"), digest=5.0)
    assert events.from_json(events.to_json(state)) == state
    kept = json.loads(events.to_json(state))
    del kept["told"], kept["digest"]
    assert events.from_json(json.dumps(kept)) == State()

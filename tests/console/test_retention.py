"""What the page says will go is what the scripts' own rule removes."""

import shutil
import subprocess
from dataclasses import astuple
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console import retention
from console.retention import Keep, Kept
from tests.console.conftest import Start
from tests.lib.console import Console, add_set
from tests.lib.fakesets import name_at
from tests.lib.kubeapi import FakeApi
from tests.lib.sandbox import REPOSITORY

RULE = REPOSITORY / "scripts/pod/awk/retention.awk"
KEEP = {
    "BACKUP_KEEP": "2",
    "BACKUP_KEEP_DAILY": "0",
    "BACKUP_KEEP_WEEKLY": "0",
    "BACKUP_KEEP_MONTHLY": "0",
}
marks = st.tuples(st.booleans(), st.booleans(), st.just(False), st.just(False))
odd = st.tuples(*[st.booleans()] * 4)
"""With the brake: most histories have none, or the rule would remove nothing."""
counts = st.integers(0, 4)


def by_the_scripts(sets: list[Kept], keep: Keep) -> list[str]:
    """As sets_removable runs it."""
    lines = "".join(
        "\t".join([each.name, *(str(int(x)) for x in each[1:])]) + "\n" for each in sets
    )
    # As they print them: 1 or nothing.
    lines = lines.replace("\t0", "\t")
    options = [
        word
        for name, value in zip(("keep", "daily", "weekly", "monthly"), astuple(keep), strict=True)
        for word in ("-v", f"{name}={value}")
    ]
    done = subprocess.run(
        ["awk", "-F", "\t", *options, "-f", RULE], input=lines, capture_output=True, text=True, check=True
    )  # fmt: skip
    return sorted(done.stdout.split())


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.one_of(marks, marks, marks, odd), max_size=25),
    st.sampled_from([5, 9, 30, 200]),
    st.builds(Keep, st.integers(1, 4), counts, counts, counts),
)
def test_it_is_the_scripts_own_rule(
    found: list[tuple[bool, bool, bool, bool]], hours: int, keep: Keep
) -> None:
    sets = [Kept(name_at(hours * at), *each) for at, each in enumerate(found)]
    assert retention.removable(sets, keep) == by_the_scripts(sets, keep)


def test_an_impossible_date_is_counted_as_they_count_it() -> None:
    names = ["backup_20260229_000000", "backup_20261345_990000", "backup_20269999_000000"]
    for keep in (Keep(1), Keep(1, daily=2), Keep(1, weekly=2), Keep(1, monthly=9)):
        sets = [Kept(name, verified=True) for name in names]
        assert retention.removable(sets, keep) == by_the_scripts(sets, keep)


@pytest.mark.parametrize(
    "odd", [{}, {"BACKUP_KEEP": "x"}, {"BACKUP_KEEP": "-1"}, {"BACKUP_KEEP": "²"}]
)
def test_what_is_no_number_is_unknown(odd: dict[str, str]) -> None:
    assert retention.read(KEEP | odd if odd else {}) is None
    assert retention.read(KEEP) == Keep(2)


def with_environment(api: FakeApi, values: dict[str, object]) -> None:
    spec = api.cron_jobs[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["containers"][0]["env"] = [
        {"name": name, "value": value} for name, value in values.items()
    ]


@pytest.fixture
def console(start: Start, api: FakeApi, tmp_path: Path) -> Console:
    with_environment(api, dict(KEEP))
    return start(KUBECONFIG=api.kubeconfig(tmp_path)).log_in()


def following(console: Console) -> str:
    """The part of the page that says what comes next."""
    text = console.get().text
    return text[text.index("What comes next") : text.index("Last jobs")]


def test_the_page_says_what_comes_next_and_how_to_change_it(console: Console, store: Path) -> None:
    oldest = min(store.glob("backup_*")).name
    text = following(console)
    assert f'<a href="/sets/{oldest}">{oldest}</a>' in text
    assert text.count("/sets/backup_") == 1
    for command in (
        "pulumi config set --path backup.schedule &#39;0 */6 * * *&#39;",
        "pulumi config set --path verify.schedule &#39;0 */6 * * *&#39;",
        "pulumi config set --path backup.keep 2",
    ):
        assert f"<code>{command}</code>" in text
    assert "the 2 newest verified, pinned ones, and all that are newer" in text


def test_nothing_goes_while_the_brake_is_on_or_enough_room_is_left(
    console: Console, store: Path, api: FakeApi
) -> None:
    add_set(store, timedelta(minutes=5), flagged=True)
    assert "nothing, until a backup accepts the loss" in following(console)
    shutil.rmtree(max(store.glob("backup_*")))
    with_environment(api, KEEP | {"BACKUP_KEEP": "3", "BACKUP_KEEP_DAILY": "7"})
    assert "<dd>nothing</dd>" in following(console)
    assert "the 3 newest verified, those of 7 days, pinned ones, and" in following(console)


def test_what_cannot_be_known_is_said(console: Console, store: Path, api: FakeApi) -> None:
    dump = max(store.glob("backup_*")) / "one.sql"
    dump.rename(dump.with_name("aside"))
    assert "unknown, as a set is damaged" in following(console)
    dump.with_name("aside").rename(dump)
    assert "<dt>Kept</dt><dd>unknown</dd>" not in following(console)
    with_environment(api, {"BACKUP_KEEP": None, "x": 5})
    assert "<dt>Kept</dt><dd>unknown</dd>" in following(console)
    api.fault = lambda request: request.send_error(500) is None
    text = following(console)
    assert "unknown" in text
    assert "pulumi config" not in text

"""Sets that only a key opens: counted, shown and restored without a name of anything in them."""

import json
import math
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from console import proven
from console.sets import State
from console.store import Store
from tests.console.conftest import healthy_api
from tests.console.test_actions import command, press, refused
from tests.console.test_moments import typed
from tests.lib.console import STORE_ID, TOKEN, Console, add_set, change_verdict, make_store
from tests.lib.fakeencrypted import CIPHER, add_encrypted, tried
from tests.lib.kubeapi import FakeApi, job
from tests.lib.positions import write_archive
from tests.lib.store import change_manifest

DAY = 86_400.0
AGE = "brewget_backup_escrow_age_seconds"
PROBLEM = 'brewget_backup_problem{problem="escrow"}'
NEVER = "The escrowed key was never tried."
UNNAMED = "names are in the log of the verification and in findings.age"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """An open set, and an encrypted one after it."""
    made = make_store(tmp_path / "store")
    add_set(made, timedelta(hours=7))
    add_encrypted(made, timedelta(hours=1))
    return made


@pytest.fixture
def newest(store: Path) -> Path:
    return max(store.glob("backup_*"))


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = healthy_api()
    yield fake
    fake.stop()


@pytest.fixture
def console(store: Path, api: FakeApi, tmp_path: Path) -> Iterator[Console]:
    (tmp_path / "console").mkdir()
    kubeconfig = api.kubeconfig(tmp_path)
    made = Console(tmp_path / "console", store, {"KUBECONFIG": kubeconfig, "CONSOLE_ARCHIVE": "1"})
    yield made.start().log_in()
    made.stop()


def test_an_encrypted_set_counts_with_its_totals(store: Path) -> None:
    found = Store(store, STORE_ID).look()
    made = found.sets[-1]
    assert (made.state, made.is_encrypted) == (State.VERIFIED, True)
    assert made.manifest
    assert (made.manifest.rows, made.manifest.bytes) == (600, 4 * len(CIPHER))
    assert [each.table_count for each in made.manifest.databases] == [2, 3, 4]
    assert found.databases == ["one"], "no name is made up for those that have none"
    assert found.encrypted == [made]


@pytest.mark.parametrize(
    "name", ["key.age", "contents.json.age", "1.dump.age", "2.objects.zst.age"]
)
def test_a_file_that_is_missing_is_damage(store: Path, newest: Path, name: str) -> None:
    (newest / name).unlink()
    found = Store(store, STORE_ID).look().sets[-1]
    assert (found.state, found.why) == (State.DAMAGED, f"{name} is missing")


def test_what_the_scripts_make_of_a_set_of_sql_counts_too(store: Path, newest: Path) -> None:
    """As awk/public.awk writes what it does not find: null."""
    found = json.loads((newest / "manifest.json").read_text())
    databases = [each | {"objects": None, "size": None} for each in found["databases"]]
    change_manifest(newest, databases=databases, format="plain", accepted_shrink=None)
    assert Store(store, STORE_ID).look().sets[-1].is_published


def test_another_recipient_s_key_is_no_damage(store: Path, newest: Path) -> None:
    (newest / "key.age").write_text(CIPHER * 5)
    assert Store(store, STORE_ID).look().sets[-1].state is State.VERIFIED


@pytest.mark.parametrize(
    "changes",
    [{"encrypted": None}, {"contents": None}, {"contents": {"file": "../x", "bytes": 1}},
     {"skipped": []}, {"databases": [{"file": "0.dump.age", "bytes": 1, "tables": [], "rows": 1}]},
     {"databases": [{"file": "0.dump.age", "bytes": 1, "tables": 1, "rows": None}]}],
)  # fmt: skip
def test_an_encrypted_manifest_with_a_key_of_the_wrong_kind_is_damage(
    store: Path, newest: Path, changes: dict[str, object]
) -> None:
    change_manifest(newest, **changes)
    assert Store(store, STORE_ID).look().sets[-1].state is State.DAMAGED


def test_a_name_that_somebody_wrote_into_it_is_not_shown(console: Console, newest: Path) -> None:
    databases = json.loads((newest / "manifest.json").read_text())["databases"]
    for each in databases:
        each["name"] = "the-secret"
    change_manifest(newest, databases=databases, skipped=2)
    for path in ("/", f"/sets/{newest.name}", f"/sets/{newest.name}/restore", "/metrics"):
        assert "the-secret" not in console.get(path).text
    assert "2 more; names are in the log of the backup" in console.get(f"/sets/{newest.name}").text


def test_its_page_numbers_the_databases_and_compares_the_total_alone(
    console: Console, newest: Path
) -> None:
    assert '<span class="badge">encrypted</span></td>' in console.get("/").text
    page = console.get(f"/sets/{newest.name}").text
    assert '<span class="badge">encrypted</span>' in page
    for number in (1, 2, 3):
        assert f"Database {number} of 3: names are encrypted" in page
    assert "600, since the set before: +500" in page
    assert "custom, zstd, encrypted" in page
    assert ": new" not in page


def test_the_set_after_an_encrypted_one_is_compared_by_its_total(
    console: Console, store: Path
) -> None:
    page = console.get(f"/sets/{add_set(store, timedelta(minutes=5))}").text
    assert "100, since the set before: -500" in page
    assert ": new" not in page
    assert "Change</th>" not in page
    assert '<th scope="row">public.t</th><td class="number">100</td></tr>' in page


def test_metrics_and_status_have_totals_and_no_label_of_a_database(console: Console) -> None:
    seen = console.metrics()
    assert seen['brewget_backup_newest_rows{kind="verified"}'] == 600
    assert seen["brewget_backup_rows_change"] == 500
    assert seen["brewget_backup_sets_encrypted"] == 1
    assert [name for name in seen if re.search(r"\bdatabase=", name)] == []
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    said = json.loads(console.get("/api/v1/status", **bearer).text)
    assert said["encrypted"] == {"sets": 1, "escrow_checked": None}


def test_what_was_left_out_is_counted_and_its_names_are_elsewhere(
    console: Console, newest: Path
) -> None:
    change_verdict(newest, left_out=[], left_out_count=3)
    assert console.metrics()["brewget_backup_left_out"] == 3
    overview = console.get("/").text
    assert f"All rows of {newest.name} came back, 3 objects did not: {UNNAMED}." in overview
    assert "3 objects left out" in overview
    page = console.get(f"/sets/{newest.name}").text
    assert f"3 objects did not come back, all rows did:</strong> {UNNAMED}." in page


@pytest.mark.parametrize(
    ("count", "is_seen"), [(-1, False), ("3", False), (None, False), (2, True)]
)
def test_a_count_that_is_none_harms_no_verdict(
    store: Path, newest: Path, count: object, is_seen: bool
) -> None:
    change_verdict(newest, left_out_count=count)
    found = Store(store, STORE_ID).look().sets[-1]
    assert found.verdict
    assert found.verdict.left_out_count == (count if is_seen else 0)


def test_a_restore_of_all_or_of_one_that_is_typed(
    console: Console, api: FakeApi, newest: Path
) -> None:
    form = console.get(f"/sets/{newest.name}/restore").text
    assert "Only this one; its name is encrypted here (empty: all 3)" in form
    preview = f"/sets/{newest.name}/preview"
    script = ["bash", "/backup-scripts/restore.sh", newest.name]
    page = press(console, preview, database="")
    assert command(api.jobs[-1]) == [*script, "--dry-run"]
    assert "<dt>Databases</dt><dd>all</dd>" in console.get(page).text
    press(console, preview, database=" shop ")
    assert command(api.jobs[-1]) == [*script, "--database", "shop", "--dry-run"]
    assert "at most 63 bytes" in refused(console, preview, 400, database="ä" * 32)
    assert len(api.jobs) == 2
    assert {job["metadata"]["ownerReferences"][0]["name"] for job in api.jobs} == {
        "postgres-backup-verify"
    }, "whose pod has the key"


def test_a_copy_of_a_database_that_is_typed(console: Console, api: FakeApi, newest: Path) -> None:
    assert "Database; its name is encrypted here" in console.get(f"/sets/{newest.name}").text
    press(console, f"/sets/{newest.name}/copy", database=" Shop ", name="shop_before")
    words = ["--database", "Shop", "--as", "shop_before", "--dry-run"]
    assert command(api.jobs[0])[3:] == words
    for name in ("", "x" * 64):
        refused(console, f"/sets/{newest.name}/copy", 400, database=name, name="copy")
    assert len(api.jobs) == 1


def test_of_a_moment_any_database_can_be_typed_where_names_are_encrypted(
    console: Console, api: FakeApi
) -> None:
    write_archive(console.store)
    form = console.get("/moment").text
    assert '<datalist id="known"><option value="one"></option></datalist>' in form
    press(console, "/moment/preview", **typed(3600), database="shop", name="shop_before")
    assert command(api.jobs[0])[4:8] == ["--database", "shop", "--as", "shop_before"]


def write_note(store: Path, days: float | None) -> None:
    if days is not None:
        tried(store, days)


@pytest.mark.parametrize(
    ("hours", "note", "words"),
    [
        (23, None, ""),
        (25, None, NEVER),
        (99 * 24, 29, ""),
        (99 * 24, 45, "The escrowed key was not tried for 45 days."),
        (1, 45, "The escrowed key was not tried for 45 days."),
        (25, -0.003, ""),
        (25, -0.01, NEVER),
        (25, -99_999, NEVER),
    ],
)
def test_a_key_that_nobody_tries_is_a_warning(
    console: Console, store: Path, hours: float, note: float | None, words: str
) -> None:
    add_encrypted(store, timedelta(hours=hours), reason="old")
    write_note(store, note)
    seen, overview = console.metrics(), console.get("/").text
    assert (seen[PROBLEM], words in overview) == (2 if words else 0, True)
    assert (proven.DRILL.replace("<", "&lt;") in overview) == bool(words)
    is_known = note is not None and words != NEVER
    age = max(note or 0.0, 0.0) * DAY if is_known else math.inf
    assert seen[AGE] == pytest.approx(age, abs=60)
    assert ("Escrowed key last tried</dt><dd>never" in overview) == (not is_known)


def test_where_nothing_is_encrypted_no_key_is_asked_for(console: Console, newest: Path) -> None:
    tried(console.store, 99)
    newest.rename(newest.with_name("gone"))
    seen = console.metrics()
    assert (AGE in seen, seen[PROBLEM], seen["brewget_backup_sets_encrypted"]) == (False, 0, 0)
    assert "Escrowed key" not in console.get("/").text


def test_a_drill_that_failed_is_shown_and_is_no_failed_verification(
    console: Console, api: FakeApi
) -> None:
    drill = job("postgres-escrow-manual-1", "postgres-backup-verify", 60, "Failed")
    verification = job("postgres-backup-verify-1", "postgres-backup-verify", 600, "Complete")
    api.jobs += [drill, verification]
    assert console.metrics()['brewget_backup_job_failed{action="verify"}'] == 0
    assert "Escrow drill 1 min " in console.get("/").text


@pytest.mark.parametrize("note", ["", "{", "[]", '{"checked": 5}', '{"checked": "yesterday"}'])
def test_a_note_that_cannot_be_read_is_none(console: Console, note: str) -> None:
    add_encrypted(console.store, timedelta(days=2))
    (console.store / ".escrow.json").write_text(note)
    assert console.metrics()[PROBLEM] == 2
    assert "Escrowed key last tried</dt><dd>never" in console.get("/").text

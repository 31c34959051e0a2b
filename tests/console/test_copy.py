"""A copy beside the present: one database of a set under another name, previewed and confirmed."""

import pytest

from tests.console.conftest import end
from tests.console.test_actions import api as api  # noqa: PLC0414 (fixtures)
from tests.console.test_actions import command, press, refused
from tests.console.test_actions import console as console  # noqa: PLC0414
from tests.console.test_actions import newest as newest  # noqa: PLC0414
from tests.console.test_actions import store as store  # noqa: PLC0414
from tests.lib.console import Console
from tests.lib.kubeapi import FakeApi


def test_a_copy_is_previewed_confirmed_and_then_exactly_that(
    console: Console, api: FakeApi, newest: str
) -> None:
    page = console.get(f"/sets/{newest}").text
    assert f'<form method="post" action="/sets/{newest}/copy"' in page
    assert '<option value="one">one (100 rows)</option>' in page
    restore = [
        "bash",
        "/backup-scripts/restore.sh",
        newest,
        "--database",
        "one",
        "--as",
        "one_before",
    ]
    page = press(console, f"/sets/{newest}/copy", database="one", name=" one_before ")
    assert command(api.jobs[0]) == [*restore, "--dry-run"]
    assert "one_before, beside the present one" in console.get(page).text
    end(api, "Complete")
    press(console, f"{page}/restore", confirm=newest)
    assert command(api.jobs[1]) == restore
    assert [each["metadata"]["ownerReferences"][0]["name"] for each in api.jobs] == [
        "postgres-backup-verify"
    ] * 2


def test_a_copy_never_replaces(console: Console, api: FakeApi, newest: str) -> None:
    press(console, f"/sets/{newest}/copy", database="one", name="two", replace="on")
    assert "--replace" not in command(api.jobs[0])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "copy"}, "choose which"),
        ({"database": "two", "name": "copy"}, "No set knows a database two."),
        ({"database": ["one", "one"], "name": "copy"}, "choose which"),
        ({"database": "--replace", "name": "copy"}, "No set knows a database --replace."),
        ({"database": "one"}, "small letters"),
        ({"database": "one", "name": ""}, "small letters"),
        ({"database": "one", "name": "--replace"}, "small letters"),
        ({"database": "one", "name": "Copy"}, "small letters"),
        ({"database": "one", "name": "a b"}, "small letters"),
        ({"database": "one", "name": "x" * 64}, "small letters"),
        ({"database": "one", "name": "copie\u0301"}, "small letters"),
        ({"database": "one", "name": "one"}, "one is its own name."),
        ({"database": "one", "name": "postgres"}, "The name postgres is taken"),
        ({"database": "one", "name": "template1"}, "The name template1 is taken"),
        (
            {"database": "one", "name": "brewget_drop_20260101_000000_0"},
            "is taken for other things",
        ),
        ({"database": "one", "name": "brewget_load_x"}, "is taken for other things"),
    ],
)
def test_what_the_pod_would_not_take_makes_no_job(
    console: Console, api: FakeApi, newest: str, fields: dict[str, str | list[str]], words: str
) -> None:
    text = refused(console, f"/sets/{newest}/copy", 400, **fields)
    assert words in text
    assert "Nothing was done." in text
    assert api.jobs == []


def test_of_a_set_that_is_not_there_no_copy_is_made(console: Console, api: FakeApi) -> None:
    refused(console, "/sets/backup_19990101_000000/copy", 404, database="one", name="copy")
    assert api.jobs == []


def test_only_the_restore_s_own_names_are_kept_from_a_copy(
    console: Console, api: FakeApi, newest: str
) -> None:
    press(console, f"/sets/{newest}/copy", database="one", name="brewget_auth_copy")
    assert command(api.jobs[0])[3:] == [
        "--database", "one", "--as", "brewget_auth_copy", "--dry-run",
    ]  # fmt: skip

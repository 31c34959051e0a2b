"""The command lines and the Jobs that wishes become, without a cluster."""

import copy
import json

import pytest

from console.wishes import Action, Wish, made_from, read_wish
from tests.lib.kubeapi import cron_job

RESTORE = Wish(action=Action.RESTORE, set="backup_1", databases=("a", "--replace"), by="ann")


def test_the_template_stays_as_it_was() -> None:
    template = cron_job("postgres-backup")
    before = copy.deepcopy(template)
    made = made_from(template, RESTORE, "name")
    assert template == before
    assert made["spec"]["template"]["spec"]["containers"][0]["args"] == []


def test_a_hostile_database_name_stays_one_argument() -> None:
    assert RESTORE.words()[2:] == ["backup_1", "--database", "a", "--database", "--replace"]


@pytest.mark.parametrize("action", Action)
def test_what_is_written_down_is_read_back(action: Action) -> None:
    wish = Wish(
        action=action, set="s", databases=("a",), moment="m", name="n", replace=True, pin=True,
        accept_shrink=True, by="b",
    )  # fmt: skip
    assert read_wish(wish.as_json()) == wish


def test_what_a_console_of_before_has_written_is_read() -> None:
    kept = json.loads(RESTORE.as_json())
    del kept["moment"], kept["name"]
    assert read_wish(json.dumps(kept)) == RESTORE


def test_a_moment_stays_one_argument() -> None:
    words = Wish(action=Action.RESTORE, moment="2026-11-22 10:15:00+00", databases=("a",), name="b")
    assert words.words()[2:] == ["--to-time", words.moment, "--database", "a", "--as", "b"]


def test_no_button_makes_a_drill_of_the_escrowed_key() -> None:
    with pytest.raises(ValueError, match=r"escrow-drill\.sh alone"):
        Wish(action=Action.ESCROW).words()


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"action": "drop"}', 5])
def test_what_we_did_not_write_is_nothing(text: object) -> None:
    assert read_wish(text) is None


@pytest.mark.parametrize("action", Action)
def test_only_what_writes_a_set_waits_for_the_key_to_be_tried(action: Action) -> None:
    """The backup's pods try it first: where it is absent, a set can still be pinned."""
    of = "postgres-backup" if action is Action.BACKUP else "postgres-backup-verify"
    assert Wish(action=action, set="s").cron_job == of

"""docs/console.md names every metric, variable, button and warning that there is, and no other."""

import json
import re
from pathlib import Path

import yaml

from console import archived
from console.settings import PREFIX, Settings
from console.wishes import Action, Wish
from tests.console.conftest import Start
from tests.lib.kubeapi import FakeApi
from tests.lib.positions import write_archive, write_drill
from tests.lib.prometheus import ALERTS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "console.md").read_text()


def test_every_metric_is_explained(start: Start, api: FakeApi, tmp_path: Path) -> None:
    console = start(
        CONSOLE_ARCHIVE="1", CONSOLE_RPO_SECONDS="60", KUBECONFIG=api.kubeconfig(tmp_path)
    )
    exposed = re.findall(r"^# HELP (brewget_\S+)", console.get("/metrics").text, re.M)
    assert sorted(exposed) == sorted(re.findall(r"`(brewget_[a-z_]+)`", PAGE))


def test_every_variable_is_explained() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    table = PAGE.split("## Running it by hand")[1]
    assert set(re.findall(r"`(CONSOLE_[A-Z_]+)`", table)) == known


def test_every_command_of_a_button_is_explained() -> None:
    # The drill has no button: a script starts it.
    for action in set(Action) - {Action.ESCROW}:
        words = " ".join(Wish(action=action, set="SET").words()[1:])
        assert f"`{words.removeprefix('/backup-scripts/')}`" in PAGE
    for action in (Action.PREVIEW, Action.RESTORE):
        words = " ".join(Wish(action=action, moment="MOMENT").words()[1:])
        assert f"`{words.removeprefix('/backup-scripts/')}`" in PAGE


def test_every_warning_and_alert_of_the_archive_is_explained() -> None:
    warnings = set(re.findall(r"^\| ((?:archive|offsite)-\w+) \|", PAGE, re.M))
    assert warnings == {str(code) for code in archived.CODES}
    rules = yaml.safe_load((ALERTS / "rules.yaml").read_text())["groups"][0]["rules"]
    prefixes = ("BrewgetArchive", "BrewgetOffsite")
    named = {rule["alert"] for rule in rules if rule["alert"].startswith(prefixes)}
    assert set(re.findall(r"^\| `(Brewget(?:Archive|Offsite)\w+)` \|", PAGE, re.M)) == named


def test_every_key_of_the_status_is_explained(start: Start, store: Path) -> None:
    write_archive(store)
    write_drill(store, "local", ok=False)
    console = start(CONSOLE_ARCHIVE="1").log_in()
    table = PAGE.split("## For programs")[1].split("\n## ")[0]
    assert (
        keys(json.loads(console.get("/api/v1/status").text))
        - set(re.findall(r"`([a-z_]+)`", table))
        == set()
    )


def keys(found: object) -> set[str]:
    """Of objects at any depth."""
    if isinstance(found, dict):
        return set(found) | {key for value in found.values() for key in keys(value)}
    return {key for each in found for key in keys(each)} if isinstance(found, list) else set()

"""docs/console.md names every metric, variable and button that there is, and no other."""

import re
from pathlib import Path

from console.settings import PREFIX, Settings
from console.wishes import Action, Wish
from tests.lib.console import Console
from tests.lib.kubeapi import FakeApi

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "console.md").read_text()


def test_every_metric_is_explained(shared: tuple[Console, FakeApi]) -> None:
    exposed = re.findall(r"^# HELP (brewget_\S+)", shared[0].get("/metrics").text, re.M)
    assert sorted(exposed) == sorted(re.findall(r"`(brewget_[a-z_]+)`", PAGE))


def test_every_variable_is_explained() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    table = PAGE.split("## Running it by hand")[1]
    assert set(re.findall(r"`(CONSOLE_[A-Z_]+)`", table)) == known


def test_every_command_of_a_button_is_explained() -> None:
    for action in Action:
        words = " ".join(Wish(action=action, set="SET").words()[1:])
        assert f"`{words.removeprefix('/backup-scripts/')}`" in PAGE

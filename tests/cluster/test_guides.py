"""Every command of the guides works, from top to bottom, in one shell.

That of losing data on purpose is typed on the real minikube: tests/minikube/test_guides.py.
"""

from pathlib import Path

import pytest

from tests.lib.guides import as_one_script, blocks
from tests.lib.project import ROOT
from tests.lib.world import Saved, World

ELSEWHERE = ROOT / "docs/backup-testing.md"
GUIDES = sorted({*(ROOT / "docs").glob("*.md")} - {ELSEWHERE}) + [ROOT / "README.md"]
LONG = {"any-server.md", "backups.md", "console.md", "security.md"}
"""What they type has tests of its own: test_external.py, test_by_hand.py, test_console.py, test_security.py, test_network_policy.py."""
PAGE = 1500.0
"""The longest a page may take, in seconds: five minutes on a quiet machine."""


@pytest.mark.timeout(PAGE + 600)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.long] * (page.name in LONG))
        for page in GUIDES
        if blocks(page)
    ],
    ids=lambda page: page.name,
)
def test_the_commands_of_the_page_work(world: World, saved: Saved, page: Path) -> None:
    settings = world.project.path / "Pulumi.dev.local.yaml"
    before = settings.read_text()
    try:
        done = world.project.run(as_one_script(page), status=None, timeout=PAGE)
        assert done.status == 0, done.output
    finally:
        # A page may set something, or end with the stack destroyed.
        settings.write_text(before)
        world.project.up()
        world.wait_ready()

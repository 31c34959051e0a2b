"""A real Chromium, driven by Playwright's Python package."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
"""For what comes by itself: tests run two at a time on two cores."""


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield made
        finally:
            made.close()


def violations(page: Page) -> list[str]:
    """What axe finds wrong, one line each."""
    found: dict[str, Any] = Axe().run(page).response
    assert found["passes"], "axe has checked nothing"
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:120]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def screenshot(page: Page, directory: Path, name: str) -> None:
    """Keep a picture of the whole page."""
    directory.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=directory / f"{name}.png", full_page=True)

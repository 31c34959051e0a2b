"""The suites themselves: each is run by `make test`, each trap has its test."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"

# Traps that this project can still fall into: each leaves with the test that shows it gone.
NOT_YET = {49, 50}


def test_every_suite_is_run_by_make_test() -> None:
    makefile = (ROOT / "Makefile").read_text()
    run = set(
        re.findall(r"tests/(\w+)", " ".join(re.findall(r"^SUITES\w* = (.*)$", makefile, re.M)))
    )
    there = {path.parent.name for path in TESTS.rglob("test_*.py")}
    assert run == there


def test_every_file_with_tests_is_collected() -> None:
    missed = [
        path
        for path in TESTS.rglob("*.py")
        if not path.name.startswith("test_") and re.search(r"^def test_", path.read_text(), re.M)
    ]
    assert missed == []


def test_every_trap_is_made_impossible_by_a_test() -> None:
    text = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    shown = {int(number) for number in re.findall(r"^@pytest\.mark\.trap\((\d+)\)$", text, re.M)}
    assert sorted(shown | NOT_YET) == list(range(1, 61))
    assert not shown & NOT_YET

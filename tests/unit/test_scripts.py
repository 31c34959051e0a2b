"""The order of scripts/: who may be run, who sources whom, and that nothing is missing or unused."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.conftest import ROOT

SCRIPTS = ROOT / "scripts"
POD = SCRIPTS / "pod"
LIBRARIES = sorted(SCRIPTS.rglob("*.bash"))
PROGRAMS = sorted(SCRIPTS.rglob("*.sh"))
UNPREFIXED = {"common", "kube"}
"""Their functions are the words of all others."""


def name(path: Path) -> str:
    """Return it below scripts/, for the names of the tests."""
    return str(path.relative_to(SCRIPTS))


def code(path: Path) -> str:
    """Return the text without comments."""
    return re.sub(r"(?m)^\s*#.*$", "", path.read_text())


def functions(path: Path) -> set[str]:
    """Return the functions that a file defines."""
    return set(re.findall(r"(?m)^(\w+)\(\) \{", path.read_text()))


def sourced(program: Path) -> list[Path]:
    """Return the libraries that a program lists."""
    found = re.findall(
        r'(?m)^source ".*?/((?:lib|host)/\w+\.bash|kube\.bash)"$', program.read_text()
    )
    return [program.parent / path for path in found]


@pytest.mark.parametrize("library", LIBRARIES, ids=name)
def test_a_library_run_by_itself_says_so_and_fails(library: Path) -> None:
    done = subprocess.run(["bash", library], capture_output=True, text=True, check=False)

    assert done.returncode == 64
    assert done.stderr.startswith(f"{library.name} is a library and does nothing by itself")
    assert done.stdout == ""


def test_programs_can_be_run_and_libraries_cannot() -> None:
    for path in PROGRAMS:
        assert path.stat().st_mode & 0o111, path
        assert path.read_text().startswith("#!/usr/bin/env bash\n"), path
    for path in LIBRARIES:
        assert not path.stat().st_mode & 0o111, path
        assert not path.read_text().startswith("#!"), path
        assert not re.search(r"(?m)^\s*(source|\.) ", code(path)), f"{path} sources another file"


@pytest.mark.parametrize("library", LIBRARIES, ids=name)
def test_functions_of_a_library_carry_its_name(library: Path) -> None:
    if library.stem in UNPREFIXED:
        return
    others = {x for x in functions(library) if not re.match(rf"{library.stem}(_|$)", x)}
    assert others == set()


@pytest.mark.parametrize("program", PROGRAMS, ids=name)
def test_a_program_lists_the_libraries_that_it_uses_and_no_others(program: Path) -> None:
    listed = sourced(program)
    here = [program, *listed]
    defined = {found for path in here for found in functions(path)}
    every = {found for path in LIBRARIES for found in functions(path)}

    for path in here:
        used = set(re.findall(r"(?<![\w$/.-])[a-z_]+(?![\w=.-])", code(path))) & every
        if path.stem not in UNPREFIXED:
            assert {x for x in used if "_" in x} <= defined, path
    for library in listed:
        offered = functions(library) | set(re.findall(r"(?m)^([A-Z_]+)=", code(library)))
        rest = "".join(code(path) for path in here if path != library)
        assert offered & set(re.findall(r"\w+", rest)), f"{library.name} is listed and not used"


def test_every_text_in_another_language_is_read_and_none_is_missing() -> None:
    found = {
        str(path.relative_to(POD)) for kind in ("sql", "awk") for path in (POD / kind).iterdir()
    }
    texts = "".join(path.read_text() for path in POD.rglob("*.*sh"))
    assert set(re.findall(r"(?m)^read_text [A-Z_]+ (\S+)$", texts)) == found

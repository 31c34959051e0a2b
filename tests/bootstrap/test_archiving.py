"""pgBackRest, restic and age beside their libraries: they start wherever the tree lies."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from localcluster.layout import REPOSITORY
from toolchain import archiving, packages, userland

NOBODY = 65534


def test_they_start_on_a_machine_that_has_nothing_wherever_they_are_moved(tmp_path: Path) -> None:
    """For another user than the one who fetched it, whose umask leaves others nothing."""
    umask = os.umask(0o077)
    try:
        assert archiving.ensure(tmp_path)
    finally:
        os.umask(umask)
    assert not archiving.ensure(tmp_path)
    machine = tmp_path / "machine"
    (machine / "bin").mkdir(parents=True)
    userland.ensure(REPOSITORY)
    shutil.copy2(userland.directory(REPOSITORY) / "busybox", machine / "bin/sh")
    archiving.directory(tmp_path).rename(machine / "another place")
    program = "/another place/bin/pgbackrest"

    done = _run(machine, program, "version")
    other = _run(machine, "/another place/bin/restic", "version")
    ages = [_run(machine, f"/another place/bin/{x}", "--version") for x in ("age", "age-keygen")]
    asked = _run(machine, program, "help", "restore", "cmd")

    assert (done.returncode, done.stdout[:11]) == (0, "pgBackRest "), done
    assert (other.returncode, other.stdout[:7]) == (0, "restic "), other
    assert [each.returncode for each in ages] == [0, 0], ages
    assert f"default: {program}" in asked.stdout, "what a restored server fetches its WAL with"


def test_a_tree_without_its_program_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an older version, which had fewer programs, left it."""
    made: list[Path] = []

    def unpack(aside: Path) -> None:
        made.append(aside)
        programs = [f"usr/bin/{name}" for name in archiving.PROGRAMS]
        for place in (*programs, f"usr/lib/{platform.machine()}-linux-gnu/libone.so.1"):
            (aside / "unpacked" / place).parent.mkdir(parents=True, exist_ok=True)
            (aside / "unpacked" / place).write_text("")

    monkeypatch.setattr(archiving, "_unpack", unpack)
    tree = archiving.directory(tmp_path)
    assert archiving.ensure(tmp_path)
    shutil.rmtree(tree / "bin")
    (tree / "lib/older.so").write_text("")

    assert archiving.ensure(tmp_path)

    assert sorted(path.name for path in (tree / "lib").iterdir()) == ["libone.so.1"]
    assert [path.name for path in tree.parent.iterdir() if not path.name.endswith(".lock")] == [
        "archiving"
    ]
    assert len(made) == 2


def test_each_architecture_has_a_loader_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")

    assert '/lib/ld-linux-aarch64.so.1" ' in archiving.start("pgbackrest")


def _run(machine: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["chroot", f"--userspec={NOBODY}:{NOBODY}", "--groups=", machine, *command],
        env={"PATH": packages.PATH},
        capture_output=True,
        text=True,
        check=False,
    )

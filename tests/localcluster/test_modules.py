"""Kernel modules: loaded where they can be, refused by name where not, before anything is made."""

from pathlib import Path

import pytest

from localcluster import modules
from toolchain import packages
from toolchain.errors import SetupError


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a `modprobe` was called with that knows one module: this kernel has all built in."""
    program = tmp_path / "modprobe"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/said\ncase "$*" in *known) ;; *) exit 1; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(packages, "PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "said"


def test_this_kernel_has_what_a_node_needs(said: Path) -> None:
    assert modules.problems() == []
    modules.load()
    assert not said.exists()


def test_what_is_absent_is_tried_first_and_loaded_then(said: Path) -> None:
    needed = {"known": lambda: False, "there": lambda: True}

    assert modules.problems(needed) == []
    assert said.read_text() == "--quiet --dry-run known\n"
    modules.load(needed)
    assert said.read_text().splitlines()[1:] == ["--quiet known"]


def test_what_cannot_be_loaded_is_refused_by_name(said: Path) -> None:
    refusal = "the kernel has not loaded its module other, and cannot load it from here: `modprobe"

    (problem,) = modules.problems({"known": lambda: False, "other": lambda: False})
    assert problem.startswith(refusal)
    with pytest.raises(SetupError, match=refusal):
        modules.load({"other": lambda: False})


def test_a_machine_without_modprobe_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PATH", "/nowhere")

    (problem,) = modules.problems({"other": lambda: False})

    assert "(modprobe is in the package kmod)" in problem

"""What a machine is and has: read in one place, refused in one sentence."""

import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap import building, preflight
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import Place
from localcluster import binary, debian
from localcluster import preflight as localcluster_preflight
from toolchain import gobuild, machine, packages, postgresql, userland

LOCAL = Cluster(Kind.LOCALCLUSTER, "localcluster")
ELF_MACHINE = {"x86_64": 0x3E, "aarch64": 0xB7}


@pytest.mark.parametrize(("said", "kernel"), [("x86_64", "x86_64"), ("arm64", "aarch64")])
def test_the_programs_of_either_architecture_are_the_pinned_ones(
    said: str, kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: said)

    postgresql.ensure(tmp_path)
    debian.make_root(tmp_path / "root")

    server = (postgresql.directory(tmp_path) / "bin/postgres").read_bytes()
    assert server[18] == ELF_MACHINE[kernel]
    # The program itself names its loader: the link to it is there, and leads to the libraries.
    loader = machine.architecture().loader
    assert f"{loader}\0".encode() in server
    assert (tmp_path / "root" / loader[1:]).readlink().is_relative_to(f"/{debian.libraries()}")
    assert set(postgresql.SHA256[kernel]) == set(postgresql.SHA256["x86_64"])


def test_another_architecture_is_refused_in_one_sentence(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")

    refused = "this machine is a riscv64, and PostgreSQL's programs are pinned for aarch64 and "
    assert localcluster_preflight.problems() == [
        f"{refused}x86_64 only: use a cluster of another machine, KUBE_CONTEXT=…"
    ]
    assert any(text.startswith(refused) for text in preflight.problems(place, LOCAL))
    # The stack itself runs wherever there is a cluster.
    named = Cluster(Kind.NAMED, "work")
    assert not [text for text in preflight.problems(place, named) if "riscv64" in text]


@pytest.mark.parametrize(
    ("version", "toolchain", "is_refused"),
    [
        ("go1.26.1", "local", False),
        ("go1.24.4", "local", True),
        ("go1.24.4", "auto", False),
        ("go1.24.4", "go1.24.4+auto", False),
        ("go1.19.8", "", True),
    ],
)
def test_a_go_that_is_too_old_is_named_with_what_is_asked_for(
    version: str,
    toolchain: str,
    *,
    is_refused: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Debian 12 has 1.19 and Debian 13 has 1.24; from 1.21 on Go fetches another, if it may."""
    _program(tmp_path / "go", f"printf '%s\\n' {version} '{toolchain}'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    module = tmp_path / "node" / "go.mod"
    module.parent.mkdir()
    module.write_text("module m\n\ngo 1.25.0\n")

    said = f"Go {version[2:]} is on PATH, and node/go.mod asks for 1.25.0: install that or"

    found = gobuild.problems([module])
    assert [text.startswith(said) for text in found] == ([True] if is_refused else [])


def test_this_machines_go_is_new_enough() -> None:
    assert gobuild.problems([binary.MODULE / "go.mod"]) == []


def test_no_go_at_all_is_said_only_where_something_is_built(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gobuild.NO_GO in building.problems(place, LOCAL)

    place.bin.mkdir(parents=True)
    for name in ("pulumi", "localcluster-node"):
        (place.bin / name).touch()
    assert gobuild.NO_GO not in building.problems(place, LOCAL)


def test_too_little_memory_is_said_in_figures(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [text for text in building.problems(place, LOCAL) if "of memory" in text]
    monkeypatch.setattr(machine, "free_memory", lambda: 0.5)

    found = building.problems(place, LOCAL)

    assert f"0.5 GiB of memory are free, {building.BUILD_MEMORY} are needed: end other " in "".join(
        found
    )


def test_a_containers_limit_counts_where_it_is_lower(tmp_path: Path) -> None:
    assert machine.free_memory(tmp_path) is None, "macOS"
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    4194304 kB\n")
    assert machine.free_memory(tmp_path) == 4

    for limit in machine.CONTAINER_LIMITS:
        file = tmp_path / "sys/fs/cgroup" / limit
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("max\n")
        assert machine.free_memory(tmp_path) == 4
        file.write_text(f"{2**30}\n")
        assert machine.free_memory(tmp_path) == 1
        file.unlink()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, without programs."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,noexec", "t", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_directory_for_temporary_files_that_will_not_do_is_named(
    place: Place, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(folder: Path) -> list[str]:
        monkeypatch.setenv("TMPDIR", str(folder))
        return [x for x in building.problems(place, LOCAL) if x.startswith(f"TMPDIR={folder} ")]

    assert said(tmp_path) == []
    (nothing,) = said(tmp_path / "nothing")
    assert "is not a directory: name another" in nothing
    (noexec,) = said(small)
    assert "is on a file system without programs (noexec)" in noexec
    subprocess.run(["mount", "-o", "remount,exec", small], check=True)
    (full,) = said(small)
    assert f"has 0.0 GiB free, {building.TEMPORARY_SPACE} are needed: name another" in full


def test_a_checkout_where_no_program_can_run_is_refused(small: Path) -> None:
    place = Place(small, None, "", "dev", "")

    assert any("put this checkout elsewhere" in text for text in building.problems(place, LOCAL))


def test_an_apt_without_debians_packages_is_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ubuntu's apt has Ubuntu's."""
    assert packages.has_origin()
    config = tmp_path / "apt.conf"
    config.write_text('Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "-";\n')
    monkeypatch.setenv("APT_CONFIG", str(config))

    assert packages.NO_ORIGIN not in localcluster_preflight.problems(), "all is built here"
    monkeypatch.setattr(localcluster_preflight, "REPOSITORY", tmp_path)
    assert not userland.is_built(tmp_path)
    assert packages.NO_ORIGIN in localcluster_preflight.problems()


def _program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)

"""A full TMPDIR: what passes through it is whole, or the run fails, says so, and holds it against no set."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lib.content import DATABASES
from tests.lib.mounts import volatile
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.scripts import Done, Scripts
from tests.lib.store import Store
from tests.lib.toolbox import Tools, shim

PAGE_KIB = 4
ENOUGH = 60
"""Pages that suffice for every run on the test's content."""

OWN = {
    "data_free_bytes",
    "set",
    "started",
    "finished",
    "snapshot",
    "sha256",
    "bytes",
    "size",
    "taken",
}
"""Keys of the manifest that differ between two sets of the same content."""

THE_IMAGES = pytest.mark.parametrize("tools", [Tools.BUSYBOX], indirect=True)
"""The userland whose text tools do not notice that a disk is full; a backup is tried with both."""

TEXT_TOOLS = (
    "awk",
    "sort",
    "grep",
    "sed",
    "paste",
    "tr",
    "head",
    "tail",
    "cut",
    "find",
    "sha256sum",
)


def each_size(
    scripts: Scripts, run: Callable[[Scripts], Done], check: Callable[[Done], None], more: int = 1
) -> None:
    """Run with a TMPDIR of so many pages more each time, until it suffices twice."""
    done = []
    for pages in range(1, ENOUGH, more):
        with volatile(scripts.box, f"{pages * PAGE_KIB}k") as directory:
            ended = run(scripts.with_(TMPDIR=directory))
            assert ended.returncode in {0, 73}, f"{pages} pages: {ended.said}"
            if ended.returncode == 73:
                assert f"TMPDIR={directory} is full" in ended.stderr
            assert list(directory.iterdir()) == [], "room is given back"
        check(ended)
        done.append(ended.returncode == 0)
        if done[-2:] == [True, True]:
            break
    assert not done[0]
    assert done[-1], "the sweep reached from no room to enough"


def content(value: Any) -> Any:
    """What two sets of the same databases have in common."""
    if isinstance(value, dict):
        return {k: content(v) for k, v in value.items() if k not in OWN}
    return [content(v) for v in value] if isinstance(value, list) else value


def roles(store: Store, name: str) -> list[str]:
    """The lines of the saved globals but the key that is new in each."""
    command = ["zstd", "-dcq", str(store.root / name / "globals.sql.zst")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [x for x in text.splitlines() if not re.match(r"\\(un)?restrict ", x)]


@pytest.mark.trap(3)
@pytest.mark.parametrize("more", [3, pytest.param(1, marks=pytest.mark.long)])
def test_a_backup_gives_a_whole_set_or_none(
    more: int, filled: Server, both: Scripts, store: Store
) -> None:
    filled.sql("alter database brewget_settings set work_mem = '7MB'")
    whole = both.backup()
    names = [whole]

    def check(done: Done) -> None:
        new = [x for x in store.names() if x not in names]
        assert new == ([done.stdout.strip()] if done.returncode == 0 else [])
        for name in new:
            assert content(store.manifest(name)) == content(store.manifest(whole))
            assert roles(store, name) == roles(store, whole)
            names.append(name)

    each_size(both, lambda scripts: scripts.run("backup"), check, more)


@pytest.mark.trap(3)
@THE_IMAGES
@pytest.mark.long
def test_a_verification_condemns_no_good_set(both: Scripts, kept: Store) -> None:
    (name,) = kept.names()

    def check(done: Done) -> None:
        assert kept.names() == [name]
        assert kept.failed() == []
        assert done.stdout == ("" if done.returncode else f"{name} good\n")

    each_size(both, lambda scripts: scripts.verify(name), check, more=2)


@pytest.mark.trap(3)
@THE_IMAGES
@pytest.mark.long
def test_start_up_waits_for_room_and_then_restores_the_newest(
    both: Scripts, kept: Store, binaries: Path
) -> None:
    (name,) = kept.names()
    volumes = []

    def start(scripts: Scripts) -> Done:
        pod = Pod.make(scripts, binaries)
        volumes.append(pod)
        return pod.prepare()

    def check(done: Done) -> None:
        assert kept.names() == [name]
        assert kept.failed() == []
        pod = volumes[-1]
        assert pod.data.exists() == (done.returncode == 0)
        if done.returncode == 0:
            assert f"restored from backup {name}" in pod.started

    each_size(both, start, check, more=2)


@pytest.mark.trap(3)
@THE_IMAGES
@pytest.mark.long
def test_a_restore_is_whole_or_nothing(target: Server, both: Scripts, kept: Store) -> None:
    assert len(kept.names()) == 1

    def check(done: Done) -> None:
        found = target.databases()
        if done.returncode == 0:
            assert found == [*DATABASES, "postgres"]
            target.reset()
        else:
            assert found == ["postgres"]

    each_size(both.with_(server=target), lambda scripts: scripts.run("restore"), check, more=2)


@pytest.mark.trap(3)
@pytest.mark.long
def test_no_text_tool_writes_a_file_by_itself(
    filled: Server, both: Scripts, store: Store, binaries: Path
) -> None:
    """busybox' do not notice a full disk, so every file comes through cat, psql or the shell."""
    told = both.box.directory("told") / "told"
    shims = both.box.directory("shims")
    for tool in TEXT_TOOLS:
        shim(
            shims,
            tool,
            f'out="$(readlink /proc/$$/fd/1)"\n'
            f'[[ ! -f "$out" || "$out" == */out ]] || echo "{tool} $* > $out" >>{told}\n'
            f'PATH="${{PATH#*:}}" exec {tool} "$@"',
        )
    watched = both.with_(path=f"{shims}:{both.path}")
    filled.sql("alter database brewget_settings set work_mem = '7MB'; select lo_create(1)")

    for form in ("custom", "directory", "custom"):
        name = watched.with_(BACKUP_FORMAT=form, BACKUP_KEEP=1).backup()
        watched.verify(name).expect(0)
        watched.run("list").expect(0)
    watched.run("restore", "--replace").expect(0)
    watched.run("pin", "latest").expect(0)
    Pod.make(watched, binaries).prepare().expect(0)

    assert len(store.names()) == 2, "retention was at work, too"
    assert not told.exists(), told.read_text()

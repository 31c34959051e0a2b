"""What is asked of an archive: its position, its repositories as pgBackRest sees them, and whether it is whole."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from tests.lib.archive import Archive
from tests.lib.postgres import Server
from tests.lib.sandbox import processes_below
from tests.lib.scripts import Done, Running
from tests.lib.toolbox import shim

SEGMENTS = 256
"""Of 16 MB, in the first half of a segment's number."""

REAL = 'PATH="${PATH#*:}"'
"""Before a command in a stand-in: the real one."""


def position(archive: Archive) -> dict[str, Any]:
    """Return the position as it is written down; empty before the first."""
    file = archive.root / "position.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def pgbackrest(archive: Archive, server: Server | None, *words: str) -> Done:
    """Run pgBackRest in a repository: its name, the command and its options."""
    scripts = archive.pod.scripts.with_(PGDATA=str(archive.pod.data))
    options = []
    if server is not None:
        options = [f"--pg1-path={server.data}", f"--pg1-socket-path={server.home}"]
        options += [f"--pg1-port={server.port}", "--pg1-user=postgres"]
    text = 'repository_run "$@" || { repository_said "$1" "$2" >&2; exit 69; }'
    return scripts.functions("archiver", text, *words, *options)


def info(archive: Archive, name: str = "local") -> list[dict[str, Any]]:
    """Return its backups, as pgBackRest lists them."""
    said = json.loads(pgbackrest(archive, None, name, "info", "--output=json").expect(0).stdout)
    found: list[dict[str, Any]] = said[0]["backup"]
    return found


def segments(archive: Archive, name: str = "local") -> list[str]:
    """Return the names of the WAL in a repository, in the order of their names."""
    words = (name, "repo-ls", "--recurse", "archive/brewget")
    paths = pgbackrest(archive, None, *words).expect(0).stdout.split()
    found = (re.match(r"[0-9A-F]{24}", Path(x).name) for x in paths)
    return sorted({x.group() for x in found if x})


def number(segment: str) -> int:
    """Return how many segments are before it."""
    return int(segment[8:16], 16) * SEGMENTS + int(segment[16:], 16)


def assert_whole(archive: Archive, name: str = "local") -> None:
    """All bytes are what was written, and no segment is missing."""
    said = pgbackrest(archive, None, name, "verify", "--output=text", "--verbose").expect(0).stdout
    assert "status: ok" in said, said
    names = segments(archive, name)
    numbers = [number(x) for x in names]
    assert numbers == list(range(numbers[0], numbers[0] + len(names))), names


def damage(path: Path) -> None:
    """Flip one byte in the middle of a file, its time as it was."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    shutil.copystat(path, path)
    assert path.stat().st_size == before.st_size


def faulty(archive: Archive, program: str, body: str) -> None:
    """From the next start on a program of the archiver has this before it."""
    shims = shim(archive.pod.scripts.box.directory("shims"), program, body)
    archive.pod.scripts = archive.pod.scripts.with_(path=f"{shims}:{archive.pod.scripts.path}")


def processes(archive: Archive) -> list[int]:
    """Return those that have this archive's store in their environment; a server has it not."""
    return processes_below(archive.pod.scripts.root)


def pids(archive: Archive, word: str) -> list[int]:
    """Return those with this word in their command line."""
    return [x for x in processes(archive) if word in command(x)]


def command(process: int) -> str:
    """Its command line; empty once it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace").replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def switch(server: Server, rows: int = 100) -> None:
    """Write rows and end the segment."""
    server.sql("create table if not exists t (a int)")
    server.sql(f"insert into t select generate_series(1, {rows})")
    server.sql("select pg_switch_wal()")


def wait_drained(archive: Archive, server: Server, archiver: Running, *names: str) -> None:
    """Wait until the last whole segment is in the repositories."""
    server.sql("select pg_switch_wal()")
    for name in names or ("local",):
        queue = archive.root / f"queue-{name}"
        archive.wait_streamed(server, archiver)
        archive.wait(
            f"the queue of {name}",
            archiver,
            lambda queue=queue: not [*queue.iterdir()] and not complete(archive),
        )


def complete(archive: Archive) -> list[str]:
    """Return the segments in the stream that are to be moved on."""
    return [x.name for x in (archive.root / "stream").iterdir() if not x.name.endswith(".partial")]

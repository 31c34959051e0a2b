"""What an archive costs the server, how much an increment takes, and how soon a lost disk is back out of it."""

import re
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from benchmarks.bench import Bench, brewery
from benchmarks.comparisons import Row, at_most
from tests.lib.archive import Archive
from tests.lib.archived import info, pgbackrest
from tests.lib.pod import Attached, Pod
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox, run_as
from tests.lib.scripts import Scripts, scripts_directory
from tests.lib.toolbox import Tools, path_of

ROUNDS = 3
LEAST = 0.95
"""Of its transactions that a server keeps with an archive."""
DATABASE = "brewget_auth"
CHANGES = {
    "appended": "insert into review (drinker, at, text) select drinker, at, text from review where id % 100 = 0",
    "updated, side by side": "update review set at = at + interval '1 s' where id <= (select max(id) / 100 from review)",
    "updated, scattered": "update review set at = at + interval '1 s' where id % 100 = 50",
}
"""Each of one row in a hundred of the largest table."""
OPTIONS = ("fsync=on", "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=4GB")
"""As a server that somebody relies on has them; tests go without fsync."""


def archived(box: Sandbox, binaries: Path, scale: int, seconds: int) -> list[Row]:
    """All figures of one archive: `scale` of the brewery, and pgbench for so many seconds each time."""
    scripts = Scripts(
        box, scripts_directory(box), path_of(Tools.GNU, box, binaries), box.directory("store")
    )
    scripts.run("init-store").expect(0)
    pod = Pod.make(scripts, binaries)
    pod.databases = (DATABASE,)
    archive = Archive.of(pod)
    pod.options += OPTIONS
    pod.prepare().expect(0)
    with pod.running() as server:
        rows = _price(archive, cast("Attached", server), seconds)
    with archive.running() as (server, archiver):
        _fill(server, scale)
        archive.wait_pushed(server, archiver)
        rows += _increments(archive, server)
        archive.wait_pushed(server, archiver)
        dump = box.directory("dump") / "plain.zst"
        _do(server, "pg_dump", "--compress=zstd:3", "-f", dump, DATABASE)
    return rows + _restores(archive, Bench(box, binaries, "again"), dump)


def _do(server: Server, *words: str | Path) -> str:
    environment = {**server.environment(), **server.client()}
    done = run_as(server.identity, list(words), environment, timeout=1800)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _fill(server: Attached, scale: int) -> None:
    options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"scale={scale}"]
    _do(server, "psql", *options, "-f", brewery(server.box), DATABASE)
    server.sql("vacuum analyze", DATABASE)


def _price(archive: Archive, server: Attached, seconds: int) -> list[Row]:
    """Transactions a second without the archive, with it, and where each waits for it, in turn."""
    server.sql("create database pgbench")
    _do(server, "pgbench", "--quiet", "--initialize", "--scale=20", "pgbench")
    found: dict[str, list[float]] = {"without": [], "with": [], "synchronous": []}
    for _ in range(ROUNDS):
        found["without"].append(_transactions(server, seconds))
        with _archiver(archive, server):
            found["with"].append(_transactions(server, seconds))
        with _archiver(archive, server, ARCHIVE_SYNCHRONOUS="1"):
            found["synchronous"].append(_transactions(server, seconds))
    server.sql("drop database pgbench")
    ratios = {
        name: statistics.median(a / b for a, b in zip(figures, found["without"], strict=True))
        for name, figures in found.items()
    }
    kept = f"at least {LEAST}x" + ("" if ratios["with"] >= LEAST else ": **missed**")
    return [
        ("pgbench, 4 clients", f"{statistics.median(found['without']):.0f} transactions/s", ""),
        ("pgbench with the archive", f"{ratios['with']:.2f}x of without", kept),
        ("pgbench with `archive.synchronous`", f"{ratios['synchronous']:.2f}x of without", ""),
    ]


@contextmanager
def _archiver(archive: Archive, server: Attached, **settings: str) -> Iterator[None]:
    """At work, with its first backup behind it."""
    is_synchronous = "ARCHIVE_SYNCHRONOUS" in settings
    archiver = archive.scripts(server).with_(also=settings).start("archiver")
    try:
        if not _has_backup(archive):
            archive.wait_backed_up(archiver)
        archive.wait_pushed(server, archiver)
        _stand_by(server, "archiver" if is_synchronous else "")
        yield
    finally:
        _stand_by(server, "")
        archiver.kill()


def _has_backup(archive: Archive) -> bool:
    """Whether there is a backup."""
    return (archive.repository() / "backup").exists() and bool(info(archive))


def _stand_by(server: Attached, name: str) -> None:
    server.sql(f"alter system set synchronous_standby_names = '{name}'")
    server.sql("select pg_reload_conf()")


def _transactions(server: Attached, seconds: int) -> float:
    server.sql("checkpoint")
    words = ["--client=4", "--jobs=2", "--no-vacuum", f"--time={seconds}"]
    said = _do(server, "pgbench", *words, "pgbench")
    (figure,) = re.findall(r"tps = ([0-9.]+)", said)
    return float(figure)


def _increments(archive: Archive, server: Attached) -> list[Row]:
    """What the repository gains by a backup after one row in a hundred is another one."""
    began = time.monotonic()
    pgbackrest(archive, server, "local", "backup", "--type=full").expect(0)
    took = time.monotonic() - began
    full = _gained(archive)
    rows = [("1 GB: a full backup", f"{took:.1f} s, {full / 2**20:.0f} MiB", "")]
    for name, change in CHANGES.items():
        server.sql(f"{change}; checkpoint", DATABASE)
        pgbackrest(archive, server, "local", "backup", "--type=incr").expect(0)
        figure = _gained(archive) / full
        limit = None if "scattered" in name else 0.05
        rows.append(
            (f"1 GB: an increment, 1 % {name}", f"{figure:.3f}x of full", at_most(figure, limit))
        )
    return rows


def _gained(archive: Archive) -> int:
    """Of the newest backup, in bytes of the repository."""
    return int(info(archive)[-1]["info"]["repository"]["delta"])


def _restores(archive: Archive, bench: Bench, dump: Path) -> list[Row]:
    """Start-up from an absent data directory, and psql of a dump of the same, in turn."""
    command = f"zstd -dcq {dump} | psql -XqAt -v ON_ERROR_STOP=1 -o /dev/null {bench.database} && psql -Xqc ANALYZE {bench.database}"
    ours, psql = [], []
    for _ in range(ROUNDS):
        shutil.rmtree(archive.pod.data)
        began = time.monotonic()
        archive.pod.start_preparing().wait(1800).expect(0)
        ours.append(time.monotonic() - began)
        bench.recreate()
        began = time.monotonic()
        bench.do("bash", "-c", f"set -eo pipefail; {command}")
        psql.append(time.monotonic() - began)
    bench.server.remove()
    figure = statistics.median(a / b for a, b in zip(ours, psql, strict=True))
    return [
        (
            "1 GB: `psql` of a plain dump, and ANALYZE",
            f"{statistics.median(psql):.1f} s",
            "",
        ),
        (
            "1 GB: start-up from the archive",
            f"{statistics.median(ours):.1f} s, {figure:.2f}x of psql",
            at_most(figure, 0.5),
        ),
    ]

"""What comes back, and how soon: restore, start-up, drill and object list, each against PostgreSQL's own tools or a backup."""

import shutil
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.comparisons import Row, at_most, promise
from benchmarks.measure import Contestant, race, ratio


def compare_drill(bench: Bench, what: str) -> list[Row]:
    """verify.sh against the backup that made the set."""
    store = bench.store()
    backup = bench.ours("backup", "backup.sh", store)
    drill = bench.ours("drill", "verify.sh", store)
    race([backup, drill], bench.server.identity.options())
    figure = ratio(drill, backup)
    return [
        (f"{what}: `backup.sh`, content hashed", f"{backup.median:.1f} s", ""),
        (
            f"{what}: `verify.sh`",
            f"{figure:.2f}x of backup.sh",
            at_most(figure, 1.1),
        ),
    ]


def list_objects(bench: Bench, what: str) -> list[Row]:
    """The object list of a backup, by itself."""
    pod = bench.scripts
    files = (pod / "sql" / name for name in ("session.sql", "objects.sql"))
    words = " ".join(f"-f {file}" for file in files)
    alone = bench.shell("objects", f"psql -XqAt -o /dev/null {words} {bench.database}")
    race([alone], bench.server.identity.options())
    return [
        (
            f"{what}: its object list",
            f"{alone.median:.1f} s",
            promise(alone.median, 1, "at most 1 s"),
        )
    ]


def compare_restore(bench: Bench, what: str) -> list[Row]:
    """restore.sh and a start from a lost disk against psql of the same dump. Last, as it drops the database."""
    out = bench.box.directory("dump")
    bench.do("pg_dump", "--compress=zstd:3", "-f", f"{out}/plain.zst", bench.database)
    rows, full = (_restore(bench, hashes) for hashes in ("rows", "full"))
    start = lost_disk(bench)
    psql = bench.shell(
        "psql",
        f"zstd -dc {out}/plain.zst | psql -XqAt -v ON_ERROR_STOP=1 -o /dev/null {bench.database};"
        f" psql -Xqc ANALYZE {bench.database}",
    )
    rows.prepare = full.prepare = psql.prepare = bench.recreate
    race([rows, full, start, psql], bench.server.identity.options())
    return [
        (f"{what}: `psql` of a plain dump, and ANALYZE", f"{psql.median:.1f} s", ""),
        *(
            (
                f"{what}: {name}",
                f"{figure:.2f}x of psql",
                at_most(figure, limit),
            )
            for name, figure, limit in (
                ("`restore.sh`, rows compared", ratio(rows, psql), 1.0),
                ("`restore.sh`, content compared too", ratio(full, psql), 1.2),
                ("start-up from a lost disk, content compared", ratio(start, psql), 0.8),
            )
        ),
    ]


def _restore(bench: Bench, hashes: str) -> Contestant:
    """The restore of a set that is taken for it."""
    return bench.ours(
        hashes, "restore.sh", made_set(bench, hashes), "latest", "--database", bench.database
    )


def lost_disk(bench: Bench) -> Contestant:
    """prepare-data.sh on a new data volume each time."""
    volume = bench.box.directory("volume")

    def lose() -> None:
        shutil.rmtree(volume / "pgdata", ignore_errors=True)

    start = bench.ours(
        "start",
        "prepare-data.sh",
        made_set(bench, "full"),
        PGDATA=str(volume / "pgdata"),
        POSTGRES_INITDB_ARGS="--locale=C.UTF-8",
    )
    start.prepare = lose
    return start


def made_set(bench: Bench, hashes: str) -> Path:
    """A store with one set of the database."""
    store = bench.store()
    bench.do(
        "bash",
        bench.scripts / "backup.sh",
        BACKUP_ROOT=str(store),
        BACKUP_DATABASES=bench.database,
        BACKUP_HASHES=hashes,
    )
    return store

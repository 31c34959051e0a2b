"""What is measured against what. Each comparison is a race; its rows go into the table."""

from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Contestant, race, ratio

Row = tuple[str, str, str]
"""What was compared, the figure, the promise."""


def promise(figure: float, limit: float, words: str) -> str:
    """The promise, with a word where it is not kept."""
    return words if figure <= limit else f"{words}: **missed**"


def at_most(figure: float, limit: float | None) -> str:
    """The promise of a ratio, where there is one."""
    return promise(figure, limit, f"at most {limit:g}x") if limit else ""


def compare_backup(
    bench: Bench, what: str, counted: float | None = None, hashed: float | None = None
) -> list[Row]:
    """backup.sh against plain pg_dump with the same compression, and against the usual script.

    `counted` and `hashed` are what is promised of the two, as ratios.
    """
    identity = bench.server.identity.options()
    out, usual = bench.box.directory("dump"), bench.box.directory("usual")
    full = bench.ours("full", "backup.sh", bench.store())
    rows = bench.ours("rows", "backup.sh", bench.store(), BACKUP_HASHES="rows")
    plain = bench.shell("plain", f"pg_dump --compress=zstd:3 -f {out}/plain.zst {bench.database}")
    other = Contestant(
        "usual",
        ["bash", str(bench.usual / "usual.sh"), str(usual), bench.database],
        bench.environment(),
    )
    race([full, rows, plain, other], identity)
    return [
        (f"{what}: `pg_dump --compress=zstd:3`", f"{plain.median:.1f} s", ""),
        (
            f"{what}: `backup.sh`, rows counted",
            f"{ratio(rows, plain):.2f}x of pg_dump",
            at_most(ratio(rows, plain), counted),
        ),
        (
            f"{what}: `backup.sh`, content hashed too",
            f"{ratio(full, plain):.2f}x of pg_dump",
            at_most(ratio(full, plain), hashed),
        ),
        (
            f"{what}: the usual pg_dump and gzip script",
            f"{ratio(other, plain):.2f}x of pg_dump",
            "",
        ),
        (
            f"{what}: memory of `backup.sh` beside PostgreSQL's tools",
            f"{full.peak_kib / 1024:.0f} MiB",
            promise(full.peak_kib / 1024, 64, "under 64 MiB"),
        ),
    ]


def compare_parallel(bench: Bench, what: str) -> list[Row]:
    """Directory format with two jobs against plain pg_dump."""
    out = bench.box.directory("dump")
    parallel = bench.ours(
        "directory",
        "backup.sh",
        bench.store(),
        BACKUP_HASHES="rows",
        BACKUP_FORMAT="directory",
        BACKUP_JOBS="2",
    )
    plain = bench.shell("plain", f"pg_dump --compress=zstd:3 -f {out}/plain.zst {bench.database}")
    race([parallel, plain], bench.server.identity.options())
    return [
        (
            f"{what}: `backup.sh`, directory format, 2 jobs",
            f"{ratio(parallel, plain):.2f}x of pg_dump",
            promise(ratio(parallel, plain), 1, "below 1x"),
        )
    ]


def sizes(bench: Bench, what: str) -> list[Row]:
    """What a set takes on disk, against plain SQL and gzip."""
    out = bench.box.directory("dump")
    kinds = ("none", "gzip", "zstd:3")
    for kind in kinds:
        bench.do("pg_dump", f"--compress={kind}", "-f", f"{out}/{kind}", bench.database)
    found = {kind: Path(out, kind).stat().st_size for kind in kinds}
    return [
        (
            f"{what}: size with {kind}",
            f"{found[kind] / found['none']:.2f} of plain SQL ({found[kind] / 2**20:.0f} MiB)",
            "",
        )
        for kind in kinds[1:]
    ]

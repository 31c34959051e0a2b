"""How long others wait for a backup."""

import subprocess
from dataclasses import dataclass
from typing import Any

from benchmarks.bench import Bench
from benchmarks.comparisons import Row, at_most
from benchmarks.measure import Contestant, race, ratio
from tests.lib.waiting import wait_for

ALTER = "alter table review alter column text set statistics 100, alter column text set storage extended"
HOLDERS = "select count(distinct pid) from pg_locks where relation = 'review'::regclass and granted"


@dataclass
class Behind:
    """An ALTER TABLE that comes while a dump is at work, again and again."""

    bench: Bench
    dump: Contestant
    holders: int
    """Sessions that hold the table when pg_dump does."""
    running: "subprocess.Popen[Any] | None" = None

    def begin(self) -> None:
        """Start the dump, and return when pg_dump has its locks."""
        self.end()
        self.running = subprocess.Popen(
            list(self.dump.words),
            env=dict(self.dump.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **self.bench.server.identity.options(),
        )
        wait_for(
            "the dump's locks",
            lambda: int(self.bench.server.sql(HOLDERS, self.bench.database)) == self.holders,
            60,
            every=0.02,
        )

    def end(self) -> None:
        """Wait for the dump before."""
        if self.running and self.running.wait(300):
            raise RuntimeError(f"{self.dump.name} failed")


def waiting(bench: Bench, what: str) -> list[Row]:
    """An ALTER TABLE during a backup, against the same during a pg_dump alone."""
    out = bench.box.directory("dump")
    alone = bench.shell("alone", f"pg_dump --compress=zstd:3 -f {out}/dump {bench.database}")
    ours = bench.ours("backup", "backup.sh", bench.store())
    behind = [Behind(bench, ours, 2), Behind(bench, alone, 1)]
    waits = [bench.shell(x.dump.name, f'psql -Xqc "{ALTER}" {bench.database}') for x in behind]
    for wait, each in zip(waits, behind, strict=True):
        wait.prepare = each.begin
    race(waits, bench.server.identity.options())
    for each in behind:
        each.end()
    figure = ratio(*waits)
    return [
        (
            f"{what}: an ALTER TABLE that waits for `backup.sh`",
            f"{figure:.2f}x of its wait for pg_dump",
            at_most(figure, 1),
        )
    ]

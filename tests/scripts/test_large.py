"""A database of the size that real ones have."""

from pathlib import Path

import pytest

from tests.lib.content import create
from tests.lib.postgres import Server
from tests.lib.sandbox import run_as
from tests.lib.scripts import Scripts
from tests.lib.store import Store

SCALE = 68
"""pgbench's scale for about 1 GB on disk."""

ACCOUNTS = SCALE * 100_000

PATIENCE = 400.0
"""Seconds; a quarter of a minute each on an idle machine."""


@pytest.mark.long
def test_a_gigabyte_comes_back_equal(
    source: Server, binaries: Path, scripts: Scripts, store: Store
) -> None:
    create(source, "large")
    done = run_as(
        source.identity,
        [binaries / "pgbench", "--initialize", "--quiet", f"--scale={SCALE}", "large"],
        {**source.environment(), **source.client()},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert int(source.sql("select pg_database_size('large')")) > 10**9

    name = scripts.run("backup", timeout=PATIENCE).expect(0).stdout.strip()
    scripts.verify(name, timeout=PATIENCE).expect(0)

    tables = {table["name"]: table for table in store.database("large")["tables"]}
    assert tables["pgbench_accounts"]["rows"] == ACCOUNTS
    assert tables["pgbench_accounts"]["hash"]
    assert store.link("latest-verified") == name

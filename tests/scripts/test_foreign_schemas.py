"""Schemas that nobody here wrote come back equal: PostgreSQL's own tests, and a large application's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lib import wagtail
from tests.lib.content import create, password_of
from tests.lib.plain import brought_back, dumped
from tests.lib.postgres import Server
from tests.lib.regress import SERVER_OPTIONS, Regression
from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Scripts
from tests.lib.store import Store

CORE, CONTRIB = "regression", "contrib_regression"

LACKING = {
    "alter_generic": "handlers of access methods and languages",
    "compression_pglz": "a value cut short",
    "conversion": "a conversion by hand",
    "create_function_c": "errors of a library that lacks a function",
    "create_type": "the types widget and city_budget",
    "create_view": "a view over such a function",
    "encoding": "values of broken bytes",
    "foreign_data": "a wrapper's handler",
    "indirect_toast": "values that point to others",
    "lock": "a function that locks",
    "misc": "functions over tables",
    "misc_functions": "planner's support of a function",
    "test_setup": "functions to call from others",
    "triggers": "triggers in C",
}
"""Files of the server's tests that ask for their compiled library, which no package has, and what of each is
left out for that. All else in them is run, and so is every other file."""

EXTENSIONS = [
    *["bloom", "btree_gin", "btree_gist", "citext", "cube", "hstore", "intarray"],
    *["lo", "ltree", "pg_trgm", "seg", "tablefunc", "unaccent"],
]
"""All with types, operators or access methods of their own."""

HAS = {
    "partitions": "select count(*) from pg_class where relispartition and relkind = 'r'",
    "heirs": "select count(*) from pg_inherits i join pg_class c on c.oid = inhrelid where not relispartition",
    "policies": "select count(*) from pg_policy",
    "operators": "select count(*) from pg_operator where oid >= 16384",
    "rules": "select count(*) from pg_rewrite where ev_class >= 16384 and rulename <> '_RETURN'",
}


@pytest.fixture
def tested(box: Sandbox, binaries: Path) -> Iterator[Server]:
    """A server of its own: the tests leave roles, settings and tablespaces behind."""
    server = Server(box, binaries)
    server.extra = SERVER_OPTIONS
    yield server.start()
    server.remove()


@pytest.mark.long
def test_the_regression_databases_of_postgresql_come_back_equal(
    tested: Server, target: Server, bare: Scripts
) -> None:
    tests = Regression(bare.box, tested)
    for database in (CORE, CONTRIB):
        tested.sql(f"create database {database} template template0")
    tested.sql(f"alter database {CORE} set bytea_output to 'hex'")
    said = tests.core(CORE)
    for module in EXTENSIONS:
        tests.contrib(module, CONTRIB)
    assert sorted(name for name, text in said.items() if "/regress.so" in text) == sorted(LACKING)
    for what, sql in HAS.items():
        assert int(tested.sql(sql, CORE)) >= 5, what
    made = tested.sql("select extname from pg_extension where extname <> 'plpgsql'", CONTRIB)
    assert set(made.split()) == set(EXTENSIONS)

    bare.run("init-store").expect(0)
    scripts = bare.with_(server=tested)
    name = scripts.backup()
    scripts.verify(name).expect(0)
    done = scripts.with_(server=target).run("restore", name, "--strict").expect(0)

    assert Store(scripts.root).failed() == []
    assert "warning" not in done.stderr
    for database in (CORE, CONTRIB):
        assert dumped(target, database) == brought_back(tested, database)


@pytest.mark.long
def test_a_large_django_application_comes_back_equal_and_works(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    app = "wagtail"
    create(source, app)
    # Not one that a database's owner may make.
    source.sql("create extension bloom", app)
    for word in (wagtail.MIGRATE, wagtail.FILL):
        wagtail.run(word, source, app, app, password_of(app))
    assert int(source.sql("select count(*) from django_migrations", app)) > 200

    name = scripts.backup()
    scripts.verify(name).expect(0)
    scripts.with_(server=target).run("restore", name, "--strict").expect(0)

    assert store.failed() == []
    assert dumped(target, app) == brought_back(source, app)
    wagtail.run(wagtail.USE, target, app, app, password_of(app))

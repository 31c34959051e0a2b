"""Databases whose text is sorted by ICU, as the official image can: they come back as they were."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lib.icu import postgresql_with_icu
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.scripts.conftest import VERSION

GERMAN = """create database "german" template template0
  locale_provider icu icu_locale 'de-u-co-phonebk'"""
RULED = """create database "ruled" template template0
  locale_provider icu icu_locale 'und' icu_rules '& z < ''b'' <<< B'"""
WORDS = """create table words (word text primary key);
create table swedish (word text collate "sv-x-icu" primary key);
create collation own (provider = icu, locale = 'en-u-kn');
create table numbered (word text collate own primary key);
insert into words values ('Äpfel'), ('Adler'), ('Affe'), ('b'), ('z'), ('Ahorn');
insert into swedish select * from words; insert into numbered values ('a10'), ('a9')"""
ORDER = """select string_agg(word, ',' order by word) from words
union all select string_agg(word, ',' order by word) from swedish
union all select string_agg(word, ',' order by word) from numbered"""


@pytest.fixture(scope="module")
def programs(box: Sandbox) -> Path:
    """A server with ICU, and the usual clients."""
    return postgresql_with_icu(VERSION)


@pytest.fixture
def servers(box: Sandbox, programs: Path) -> Iterator[tuple[Server, Server]]:
    """One that is backed up, one that is restored into."""
    pair = (Server(box, programs).start(), Server(box, programs).start())
    yield pair
    for server in pair:
        server.remove()


@pytest.mark.long
def test_locale_and_rules_come_back(
    servers: tuple[Server, Server], bare: Scripts, programs: Path
) -> None:
    source, target = servers
    scripts = bare.with_(path=f"{programs}:/usr/bin:/bin", server=source)
    scripts.run("init-store").expect(0)
    for made, name in ((GERMAN, "german"), (RULED, "ruled")):
        source.sql(made)
        source.sql(WORDS, name)

    name = scripts.backup()
    scripts.verify(name).expect(0)
    scripts.with_(server=target).run("restore", name).expect(0)

    about = "select datname, daticulocale, daticurules from pg_database order by 1"
    assert target.sql(about) == source.sql(about)
    for database in ("german", "ruled"):
        assert target.sql(ORDER, database) == source.sql(ORDER, database)
    assert source.sql(ORDER, "german") != source.sql(ORDER, "ruled"), "else it proves nothing"
    assert target.dump_all() == source.dump_all()
    assert Store(scripts.root).link("latest-verified") == name

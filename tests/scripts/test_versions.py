"""Clients older and newer than the server: a set that can be restored, or a plain refusal."""

import pytest

from tests.lib.content import AUTH, USERS, count, fill
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.wheels import programs_of

pytestmark = pytest.mark.usefixtures("filled")


OLDER = """
create role keeper noinherit; create role brewer; grant brewer to keeper with admin option;
create collation bytewise (provider = libc, locale = 'C');
create view named as select u.name from users u where u.id in (1, 2);
create publication p for table users; create publication q for all tables;
create subscription s connection 'host=/nowhere' publication p with (connect = false);
"""
"""What its catalogs say otherwise, or in fewer words, than those of 16."""


def client_of(scripts: Scripts, version: str) -> Scripts:
    """Return the scripts with the client programs of this version first on PATH."""
    programs = programs_of(scripts.box, version)
    return scripts.with_(path=f"{programs}:/usr/bin:/bin")


@pytest.mark.trap(10)
def test_a_client_older_than_the_server_is_refused(scripts: Scripts, kept: Store) -> None:
    before = kept.snapshot()

    done = client_of(scripts, "15.19").run("backup").expect(78)

    assert "15.19" in done.stderr
    assert "the server is PostgreSQL 16.15" in done.stderr
    assert "an image of PostgreSQL 16 is needed here" in done.stderr
    assert kept.snapshot() == before


@pytest.mark.trap(10)
def test_a_client_newer_than_the_server_gives_a_set_for_that_server_or_none(
    target: Server, scripts: Scripts, store: Store
) -> None:
    done = client_of(scripts, "17.11").run("backup")

    if done.returncode == 0:
        scripts.with_(server=target).run("restore").expect(0)
        assert count(target, AUTH, "users") == USERS
    else:
        assert done.returncode == 78, done.said
        assert "17.11" in done.stderr
        assert store.names() == []


@pytest.mark.parametrize("version", ["14.23", "15.19"])
def test_an_older_server_is_saved_by_a_newer_client_and_comes_back_in_a_newer_server(
    version: str, scripts: Scripts, store: Store
) -> None:
    """It may be somebody else's, who does not upgrade it."""
    server = Server(scripts.box, programs_of(scripts.box, version)).start()
    try:
        fill(server)
        server.sql(OLDER, AUTH)
        name = scripts.with_(server=server).backup()
        refused = scripts.with_(server=server).run("restore", "--replace").expect(78)
    finally:
        server.remove()

    assert store.manifest(name)["server"]["version"] == version
    assert f"written by 16.15, the server here is {version}: it is too old" in refused.stderr
    assert "came back" not in scripts.verify(name).expect(0).stderr


@pytest.mark.trap(10)
@pytest.mark.parametrize("version", ["15.19", "17.11"])
def test_restoring_with_another_client_works_or_is_refused_before_anything_is_touched(
    version: str, target: Server, scripts: Scripts, kept: Store
) -> None:
    done = client_of(scripts, version).with_(server=target).run("restore")

    if done.returncode == 0:
        assert count(target, AUTH, "users") == USERS
    else:
        assert done.returncode == 78, done.said
        assert version in done.stderr
        assert target.databases() == ["postgres"]
    assert len(kept.names()) == 1


@pytest.mark.trap(10)
def test_a_set_of_a_newer_server_is_not_forced_into_an_older_one(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    server = {**kept.manifest(name)["server"], "version": "99.1"}
    changed = kept.copy_set(name, "backup_20991231_000000", server=server, client="99.1")

    done = scripts.with_(server=target).run("restore", changed.name).expect(78)

    assert "99" in done.stderr
    assert target.databases() == ["postgres"]

"""Object lists: whatever is altered in silence is named by its object's name."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lib.alterations import ALTERATIONS, Alteration
from tests.lib.choice import EACH
from tests.lib.kinds import BASE, ROLES
from tests.lib.objects import QUIET, Lists, dump, restore
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox


class Restored(NamedTuple):
    """A database that came back from its dump, to be altered in copies."""

    lists: Lists
    saved: Path


@pytest.fixture(scope="module")
def restored(box: Sandbox, binaries: Path) -> Iterator[Restored]:
    """The base schema, made, listed, dumped and restored once."""
    server = Server(box, binaries).start()
    for role in ROLES:
        server.sql(f"create role {role}")
    server.sql("create database base template template0")
    server.sql(QUIET + BASE, "base")
    lists = Lists(box, server)
    restore(server, dump(server, "base", box), "again")
    yield Restored(lists, lists.save("base"))
    server.remove()


NAMED = [
    pytest.param(a, id=f"{n} {a.kind}", marks=[pytest.mark.long] * bool(n % EACH))
    for n, a in enumerate(ALTERATIONS)
]


@pytest.mark.parametrize("alteration", NAMED)
def test_an_altered_object_is_named(alteration: Alteration, restored: Restored) -> None:
    server = restored.lists.server
    server.sql("drop database if exists altered", "template1")
    server.sql("create database altered template again", "template1")
    server.sql(QUIET + alteration.sql, "altered")

    found = restored.lists.differences(restored.saved, "altered")

    assert alteration.tells in [identity for _, _, identity, _ in found], found


def test_each_kind_is_altered_three_times_and_ninety_in_all() -> None:
    kinds = [a.kind for a in ALTERATIONS]

    assert len(kinds) >= 90
    few = {"foreign data wrapper", "access method", "transform", "primary key", "unique constraint"}
    few |= {"exclusion constraint", "operator class", "operator family"}
    assert [k for k in set(kinds) - few if kinds.count(k) < 3] == []

"""A server of 16 with data, the images of other versions beside it, and what must be there after."""

import copy
import re
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lib.content import AUTH, SETTINGS, USERS, count
from tests.lib.hooks import start_until
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.sandbox import end_processes_below
from tests.lib.scripts import Done, Scripts
from tests.lib.store import Store, copy_tree
from tests.lib.toolbox import Tools, path_of
from tests.lib.wheels import programs_of

V16, V17, V18 = "16.15", "17.11", "18.6"

MORE = """
create role keeper login password 'of the set alone'; create role crew; grant crew to keeper;
alter role keeper set work_mem = '5MB';
create extension hstore; create sequence counted start 41; select nextval('counted');
create unlogged table passing as select 1 as once; select lo_from_bytea(4711, 'a large object');
create table money (amount numeric(12, 2) not null, at timestamptz, pair hstore, part float8);
insert into money select i / 7.0, now(), hstore(i::text, null), i / 3.0 from generate_series(1, 99) i;
grant select on money to crew; create materialized view rich as select * from money where amount > 5;
alter database brewget_settings set statement_timeout = '7min';
"""
# A locale of another machine: each connection warns of it, and no set is the worse for that.
OTHER_LOCALE = "update pg_database set datcollversion = '153.14' where datname = 'brewget_auth'"


@dataclass(frozen=True)
class Base:
    """A stopped server of 16 with data that no set of the scheduled ones holds."""

    volume: Path
    root: Path
    """Its store: empty, or with the last set where that was taken."""


def in_version(pod: Pod, version: str, tools: Tools = Tools.GNU) -> Pod:
    """Return the same pod with the programs of another image."""
    box = pod.scripts.box
    programs = programs_of(box, version)
    return replace(
        pod, scripts=pod.scripts.with_(path=path_of(tools, box, programs)), binaries=programs
    )


def last_set(pod: Pod, version: str = V16, **settings: str) -> Done:
    """Run the init container of the old image to its end."""
    return in_version(pod, version).in_image(**settings).run("last-set")


def dump(server: Server) -> list[str]:
    """What the newest pg_dumpall says of a server of any version, but for the Secret's passwords."""
    newest = copy.copy(server)
    newest.binaries = programs_of(server.box, V18)
    rotated = rf"ALTER ROLE ({AUTH}|{SETTINGS}) .*PASSWORD"
    return [line for line in newest.dump_all() if not re.match(rotated, line)]


def pod_of(base: Base, scripts: Scripts, binaries: Path) -> Pod:
    """Return a pod with copies of the data and of the store."""
    box = scripts.box
    pod = Pod.make(scripts.with_(root=box.directory("store")), binaries)
    for source, target in ((base.volume, pod.volume), (base.root, pod.scripts.root)):
        target.rmdir()
        copy_tree(source, target)
    return pod


def store_of(pod: Pod) -> Store:
    """Return the pod's store."""
    return Store(pod.scripts.root)


def whole(pod: Pod) -> bool:
    """Whether all is there; a server of the pod's version starts on it."""
    with pod.running() as server:
        return count(server, AUTH, "users") == USERS and count(server, SETTINGS, "money") == 99


def assert_old_data_starts(pod: Pod) -> None:
    """With the old image set back the old server runs on its old data."""
    old = in_version(pod, V16)
    old.prepare(BACKUP_LOCK_WAIT="5").expect(0)
    assert whole(old)


def kill_at_step(pod: Pod, step: str, script: str) -> None:
    """End an init container, and all in it, at the first step of this name."""
    running, _ = start_until(pod.in_image(), step, script)
    running.kill()
    end_processes_below(pod.volume)

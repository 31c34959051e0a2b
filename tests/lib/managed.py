"""A server as a managed service gives it: its superuser is somebody else, and so is one of its databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.lib.content import AUTH, SETTINGS, fill
from tests.lib.postgres import SUPERUSER_PASSWORD, Server, free_port, literal
from tests.lib.sandbox import run_as
from tests.lib.scripts import Scripts
from tests.lib.store import Store

PROVIDER = "rdsadmin"
"""The provider's own database, which lets nobody in."""


class Role(StrEnum):
    """Who works with the server, by what was granted."""

    READER = "reader"
    ADMIN = "admin"
    MONITOR = "monitor"
    OWNER = AUTH


MANAGED = "createrole createdb in role pg_monitor, pg_signal_backend"
MEMBER = f"grant {AUTH}, {SETTINGS} to {{role}} with admin true, inherit true, set true;"
MADE = {
    Role.READER: f"{MANAGED}, pg_read_all_data",
    Role.ADMIN: MANAGED,
    Role.MONITOR: "in role pg_monitor",
}
CONTENT = """
select lo_from_bytea(7001, decode(repeat('ab', 300000), 'hex')), lo_from_bytea(7002, '');
create table tenant (id int, name text); insert into tenant select i, 'tenant ' || i from generate_series(1, 7) i;
alter table tenant enable row level security; create policy own on tenant using (name = current_user);
create function named(text) returns text language sql immutable as 'select lower($1)';
create index by_name on users (named(name)); grant select on users to brewget_settings;
"""
"""What the application has beside its rows: a member of its role reads all of it."""


def make_role(server: Server, role: Role) -> None:
    """Make the role on a server, as its provider does."""
    server.sql(f"create role {role} login password {literal(SUPERUSER_PASSWORD)} {MADE[role]}")


def fill_managed(server: Server) -> None:
    """Make what the applications and the provider have on the server, and all roles."""
    fill(server)
    server.sql(f"set role {AUTH}; {CONTENT}", AUTH)
    server.sql(f"alter role {AUTH} password {literal(SUPERUSER_PASSWORD)}")
    server.sql("create role boss superuser login replication bypassrls createdb connection limit 3")
    server.sql(f"create database {PROVIDER}")
    server.sql(f"revoke connect on database {PROVIDER} from public")
    for role in MADE:
        make_role(server, role)
    for role in (Role.READER, Role.ADMIN):
        server.sql(MEMBER.format(role=role))


@dataclass(frozen=True)
class Managed:
    """The server, and a store for each role with what it could save."""

    server: Server
    stores: dict[Role, Scripts] = field(default_factory=dict)
    said: dict[Role, str] = field(default_factory=dict)
    """What the backup of each role logged."""

    def scripts(self, role: Role) -> Scripts:
        """Return the scripts as this role, with its store."""
        return self.stores[role]

    def store(self, role: Role) -> Store:
        """Return its store."""
        return Store(self.stores[role].root)

    def elsewhere(self, role: Role, target: Server, of: Role) -> Scripts:
        """Return the scripts as `role` on another server, with the store of the role `of`."""
        return self.stores[of].with_(server=target, PGUSER=role)


def made(scripts: Scripts, roots: dict[Role, Path]) -> Managed:
    """Fill the server of the scripts, and take a set as each role that may."""
    assert scripts.server is not None
    fill_managed(scripts.server)
    found = Managed(scripts.server)
    for role, root in roots.items():
        mine = scripts.with_(root=root, PGUSER=role)
        mine = mine.with_(BACKUP_DATABASES=AUTH) if role is Role.OWNER else mine
        mine.run("init-store").expect(0)
        done = mine.run("backup").expect(69 if role is Role.MONITOR else 0)
        found.stores[role], found.said[role] = mine, done.stderr
    return found


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """Run a hot standby of a server, which waits for no reader."""
    standby = copy(primary)
    standby.home = primary.box.directory("standby")
    standby.data, standby.port, standby.extra = standby.home / "data", free_port(), []
    words: list[str | Path] = [
        primary.binaries / "pg_basebackup",
        "--no-sync",
        "--checkpoint=fast",
        "-D",
        standby.data,
    ]
    done = run_as(primary.identity, words, {**primary.environment(), **primary.client()})
    assert done.returncode == 0, done.stderr
    (standby.data / "standby.signal").touch()
    (standby.home / "pass").write_text(f"*:*:*:*:{primary.password}\n")
    (standby.home / "pass").chmod(0o600)
    primary.identity.own(standby.home)
    at = f"host={primary.home} port={primary.port} user={primary.superuser} passfile={standby.home}/pass"
    with (standby.data / "postgresql.conf").open("a") as conf:
        conf.write(f"primary_conninfo = '{at}'\n")
        conf.write(f"port = {standby.port}\nunix_socket_directories = '{standby.home}'\n")
        conf.write("max_standby_streaming_delay = 0\n")
    standby.start()

    yield standby
    standby.remove()

"""An archive whose server was killed and whose data directory is gone, and what was in it when."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.lib.archive import Archive
from tests.lib.content import AUTH, SETTINGS, create
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.scripts import Running, Scripts
from tests.lib.store import Listing, Store, copy_tree

NOW = "to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
SECOND = 5
"""From this row on the second database is there: with those before it in it."""
QUICK = {"REPLAY_PATIENCE": "2", "BACKUP_LOCK_WAIT": "5", "STARTUP_LOCK_WAIT": "5"}


@dataclass(frozen=True)
class Mark:
    """A point between two rows: row `row` has been committed, the next has not."""

    row: int
    time: str
    """With its zone and microseconds."""
    lsn: str


@dataclass
class Disaster:
    """What is left: a store with the archive in it, its configurations and its keys."""

    archive: Archive
    marks: dict[int, Mark] = field(default_factory=dict)
    xids: dict[int, str] = field(default_factory=dict)
    """Of the transactions that committed these rows."""

    @property
    def pod(self) -> Pod:
        """The pod whose data directory is gone."""
        return self.archive.pod

    @property
    def last(self) -> int:
        """The newest row that was acknowledged."""
        return max(self.marks)

    def add(self, server: Server, row: int, more: str = "") -> None:
        """Commit a row in either database, and note where that was."""
        if row >= SECOND:
            server.sql(f"insert into others values ({row})", SETTINGS)
        found = server.sql(
            f"begin; insert into rows values ({row}); {more} select pg_current_xact_id(); commit;"
            f"select {NOW} || '+00', pg_current_wal_insert_lsn()",
            AUTH,
        )
        self.xids[row], mark = found.splitlines()
        self.marks[row] = Mark(row, *mark.split("|"))

    def copy(self, scripts: Scripts, *names: str) -> "Disaster":
        """Return the same with a store and an empty volume of its own, and these repositories."""
        box, old = scripts.box, self.archive
        home, root = box.directory("archive"), box.directory("store")
        root.rmdir()
        copy_tree(self.pod.scripts.root, root)
        copy_tree(old.conf, home / "conf")
        copy_tree(old.keys, home / "keys")
        if "offsite" in names:
            copy_tree(old.repository("offsite"), home / "repo-offsite")
        else:
            shutil.rmtree(root / "archive" / "queue-offsite")
        for conf in (home / "conf").iterdir():
            text = conf.read_text().replace(f"{self.pod.scripts.root}/", f"{root}/")
            conf.write_text(text.replace(f"{old.conf.parent}/", f"{home}/"))
            if conf.stem not in (names or ("local",)):
                conf.unlink()
        places = {"ARCHIVE_CONF": str(home / "conf"), "ARCHIVE_KEYS": str(home / "keys")}
        pod = replace(
            self.pod,
            scripts=self.pod.scripts.with_(root=root, also=places | QUICK),
            volume=box.directory("volume"),
        )
        archive = Archive(pod, home / "conf", home / "keys")
        return Disaster(archive, dict(self.marks), dict(self.xids))

    def snapshot(self) -> Listing:
        """Return all that is in the store but locks: equal means that nothing has changed."""
        listing = Store(self.pod.scripts.root).snapshot()
        return {x: kind for x, kind in listing.items() if not x.endswith(".lock")}

    def rows(self) -> tuple[int, int]:
        """Start a server on what was made; return the rows of the one and of the other database."""
        with self.pod.running() as server:
            return rows_of(server)

    @property
    def whole(self) -> tuple[int, int]:
        """What `rows` returns when nothing is lost."""
        return (self.last, self.last)

    def segments(self, name: str = "local") -> list[Path]:
        """Return the segments of a repository, oldest first."""
        found = self.archive.repository(name).glob("archive/*/*/*/*.zst")
        return sorted(found, key=lambda path: path.name)


def rows_of(server: Server) -> tuple[int, int]:
    """Return the newest rows of the two databases; none may be missing before."""
    answers = []
    for database, table in ((AUTH, "rows"), (SETTINGS, "others")):
        newest, count = server.sql(f"select max(n), count(*) from {table}", database).split("|")
        assert newest == count, f"{database} has {count} rows, the newest is {newest}"
        answers.append(int(newest))
    return (answers[0], answers[1])


def make(pod: Pod, home: Path) -> Disaster:
    """Run a server with its archiver through all that a restore may be asked for, and lose it."""
    archive = Archive.at(home, pod, "local", "offsite")
    pod.databases = (AUTH,)
    made = Disaster(archive)
    pod.prepare().expect(0)
    with archive.running() as (server, archiver):
        server.sql("create table rows (n int); create table precious as select 1 as once", AUTH)
        for name in ("local", "offsite"):
            archive.wait_backed_up(archiver, name)
        _work(made, server, archiver)
        server.kill()
        archiver.kill()
    for name in ("local", "offsite"):  # once nobody is left who would push
        (archive.repository(name) / "archive").chmod(0o750)
    shutil.rmtree(pod.data)
    return made


def _work(made: Disaster, server: Server, archiver: Running) -> None:
    archive = made.archive
    for row in (1, 2, 3):
        made.add(server, row)
    server.sql("select pg_create_restore_point('before the release')")
    made.add(server, 4)
    create(server, SETTINGS, f"create table others as select generate_series(1, {SECOND - 1}) n")
    made.add(server, 5, "drop table precious;")
    made.add(server, 6)
    for name in ("local", "offsite"):
        archive.pod.scripts.box.identity.own(_touch(archive.root / f"backup-now-{name}"))
    for name in ("local", "offsite"):
        archive.wait_backed_up(archiver, name, 2)
    made.add(server, 7)
    server.sql("select pg_create_restore_point('after the backup')")
    made.add(server, 8)
    server.sql("select pg_switch_wal()", AUTH)
    made.add(server, 9)
    archive.wait_pushed(server, archiver)
    # From here on nothing can be pushed.
    for name in ("local", "offsite"):
        (archive.repository(name) / "archive").chmod(0)
    for row in (10, 11):
        made.add(server, row)
        server.sql("select pg_switch_wal()", AUTH)
    made.add(server, 12)
    archive.wait_canary(server, archiver)
    made.add(server, 13)
    archive.wait_streamed(server, archiver)
    archive.wait("the queues", archiver, lambda: len(list(archive.root.glob("queue-*/0*"))) == 4)


def _touch(path: Path) -> Path:
    path.touch()
    return path

"""One database goes back to a moment, exactly, and the others do not; or nothing is touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.lib.content import AUTH, SETTINGS
from tests.lib.disaster import Disaster
from tests.lib.hooks import start_until
from tests.lib.mounts import FULL, volatile
from tests.lib.pod import Attached
from tests.lib.sandbox import end_processes_below
from tests.lib.scripts import Done, Scripts, password_file, scripts_directory
from tests.lib.toolbox import Tools, path_of


@dataclass
class Present:
    """A server that came back from the archive, and goes on."""

    lost: Disaster
    server: Attached
    scratch: Path

    def scripts(self) -> Scripts:
        """Return the scripts as the Job of a restore has them."""
        return self.lost.pod.scripts.with_(
            server=self.server, VERIFY_SCRATCH=str(self.scratch), POSTGRES_USER="postgres"
        )

    def restore(self, *words: str) -> Done:
        """Restore to a moment."""
        done = self.scripts().run("restore-moment", *words)
        self.assert_nothing_left()
        return done

    def assert_nothing_left(self) -> None:
        """No throwaway server is left, and no database that was being loaded."""
        assert [x.name for x in self.scratch.iterdir()] in ([], [".verify-lock"])
        assert not [
            x
            for x in self.server.databases()
            if x.startswith("brewget_") and x not in (AUTH, SETTINGS) and "_replaced_" not in x
        ]

    def rows(self, database: str) -> list[int]:
        """Return the rows of a database."""
        table = "others" if database.startswith(SETTINGS) else "rows"
        return [
            int(x) for x in self.server.sql(f"select n from {table} order by n", database).split()
        ]

    def refused(self, status: int, said: str, *words: str) -> Done:
        """See a moment refused, in a sentence that says that nothing is touched."""
        done = self.restore(*words).expect(status)
        assert said in done.stderr, done.said
        assert "ouched" in done.stderr, done.said
        return done

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Nothing on the server is another than before."""
        before = self.server.dump_all()
        yield
        assert self.server.dump_all() == before


@pytest.fixture(scope="module")
def present(lost_archive: Disaster) -> Iterator[Present]:
    """One for all tests: each restores into a database of its own, or puts back what was there."""
    scripts = lost_archive.pod.scripts
    box = scripts.box
    bare = Scripts(box, scripts_directory(box), scripts.path, box.directory("store"))
    lost = lost_archive.copy(bare)
    lost.pod.prepare().expect(0)
    with lost.pod.running() as server:
        assert isinstance(server, Attached)
        password_file(server)
        yield Present(lost, server, box.directory("scratch"))


def upto(row: int) -> list[int]:
    """Rows 1 to `row`."""
    return list(range(1, row + 1))


def other_zone(time: str) -> str:
    """Return the same moment as clocks in India show it."""
    there = timezone(timedelta(hours=5, minutes=30))
    return str(datetime.fromisoformat(time).astimezone(there))


def with_t(time: str) -> str:
    """Return the same moment as other programs write it."""
    return time.replace(" ", "T").replace("+00", "Z")


def test_a_time_is_exact_on_both_sides_of_any_row(present: Present) -> None:
    for row, form in ((2, with_t), (8, other_zone)):
        time = form(present.lost.marks[row].time)
        name = f"at_{row}"
        present.restore("--to-time", time, "--database", AUTH, "--as", name).expect(0)
        assert present.rows(name) == upto(row), time
    assert present.rows(AUTH) == upto(present.lost.last)


def test_a_position_is_exact_on_both_sides(present: Present) -> None:
    for row in (4,):
        lsn = present.lost.marks[row].lsn
        present.restore("--to-lsn", lsn, "--database", AUTH, "--as", f"lsn_{row}").expect(0)
        assert present.rows(f"lsn_{row}") == upto(row)


@pytest.mark.parametrize(("name", "row"), [("before the release", 3), ("after the backup", 7)])
def test_a_restore_point_is_exact_on_both_sides(name: str, row: int, present: Present) -> None:
    present.restore("--to-name", name, "--database", AUTH, "--as", f"name_{row}").expect(0)
    assert present.rows(f"name_{row}") == upto(row)


def test_a_transaction_and_all_after_it_never_happened(present: Present) -> None:
    xid = present.lost.xids[5]
    present.restore("--before-xid", xid, "--database", AUTH, "--as", "undone").expect(0)
    assert present.rows("undone") == upto(4)
    assert present.server.sql("select once from precious", "undone") == "1"


def test_one_database_goes_back_and_the_others_do_not_and_the_old_one_is_kept(
    present: Present,
) -> None:
    others, whole = present.server.sql("select * from others", SETTINGS), present.rows(AUTH)
    words = ("--to-time", present.lost.marks[6].time, "--database", AUTH, "--replace")
    present.restore(*words).expect(0)
    (kept,) = [x for x in present.server.databases() if x.startswith(f"{AUTH}_replaced_")]
    assert present.rows(AUTH) == upto(6)
    assert present.rows(kept) == whole
    assert present.server.sql("select * from others", SETTINGS) == others
    assert present.rows(SETTINGS) == upto(present.lost.last)
    present.server.sql(f"drop database {AUTH} with (force)")
    present.server.sql(f"alter database {kept} rename to {AUTH}")


def test_a_time_of_a_quiet_server_is_good_up_to_the_last_canary(present: Present) -> None:
    canary = present.lost.archive.position()["canary"]
    present.restore("--to-time", canary, "--database", AUTH, "--as", "quiet").expect(0)
    assert set(upto(12)) - set(present.rows("quiet")) <= {12}


TIMES = {
    "2026-11-22 10:15:00": (64, "is no time with its zone"),
    "2026-11-22": (64, "is no time with its zone"),
    "yesterday": (64, "is no time with its zone"),
    "2026-02-30 10:15:00+00": (64, "is no time with its zone"),
    "2026-11-22 10:15:00+99": (64, "is no time with its zone"),
    "2026-11-22 10:15:00.1234567+00": (64, "is no time with its zone"),
    "2020-01-01 00:00:00+00": (78, "the archive begins at"),
    "2120-01-01 00:00:00+00": (78, "the archive has come to"),
}


def test_a_time_that_cannot_be_had_is_refused_before_anything_is_written(present: Present) -> None:
    words = ("--database", AUTH, "--as", "never")
    with present.untouched():
        for time, (status, said) in TIMES.items():
            done = present.refused(status, said, "--to-time", time, *words)
            assert "restor" not in done.stderr.replace("restore-moment", ""), "nothing was begun"


def test_a_fraction_beyond_the_last_canary_is_not_rounded_down(present: Present) -> None:
    canary = present.lost.archive.position()["canary"].replace("Z", ".999999Z")
    with present.untouched():
        present.refused(78, "the archive has come to", "--to-time", canary)


TARGETS = {
    ("--to-lsn", "somewhere"): (64, "is no position"),
    ("--to-lsn", "0/28"): (78, "is before that"),
    ("--to-lsn", "F/0"): (78, "is later"),
    ("--before-xid", "0x5"): (64, "is no number of a transaction"),
    ("--before-xid", "4000000"): (78, "no xid 4000000 is in the archive"),
    ("--to-name", "x'\nrestore_command='id'\n#"): (64, "is no name of a restore point"),
    ("--to-name", "never made"): (78, "no name never made is in the archive"),
}


def test_a_target_that_cannot_be_had_is_refused(present: Present) -> None:
    with present.untouched():
        for words, (status, said) in TARGETS.items():
            done = present.refused(status, said, *words, "--database", AUTH, "--as", "never")
            assert "--to-time" not in done.stderr, "there was no server before"


def test_a_full_scratch_disk_is_said(present: Present) -> None:
    words = ("--to-time", present.lost.marks[6].time, "--database", AUTH, "--as", "never")
    with volatile(present.scripts().box) as full, present.untouched():
        said = "the restore from the repository local failed: "
        done = replace(present, scratch=full).refused(73, said, *words)
    (line,) = done.stderr.splitlines()
    assert FULL.search(line)


def test_a_database_that_was_not_there_yet_is_refused(present: Present) -> None:
    time = present.lost.marks[3].time
    said = f"there was no database '{SETTINGS}' at time"
    with present.untouched():
        present.refused(64, said, "--to-time", time, "--database", SETTINGS, "--as", "never")


@pytest.mark.parametrize(
    "words",
    [("--as", "x"), ("--as", "x", "--database", AUTH, "--database", SETTINGS)],
)
def test_a_new_name_is_for_one_database(words: tuple[str, ...], present: Present) -> None:
    time = present.lost.marks[6].time
    with present.untouched():
        done = present.refused(64, "--as is for one database", "--to-time", time, *words)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("how", "step"), [("term", "loaded"), ("kill", "at-the-moment")])
def test_a_restore_that_is_ended_leaves_nothing(how: str, step: str, present: Present) -> None:
    before = present.server.dump_all()
    words = ("--to-time", present.lost.marks[6].time, "--database", AUTH, "--as", "never")
    running, _ = start_until(present.scripts(), step, "restore-moment", *words)
    if how == "term":
        running.process.terminate()
        running.wait()
    else:
        running.kill()
        end_processes_below(present.scratch)
        # The next one clears what that has left.
        present.restore(
            "--to-time", present.lost.marks[6].time, "--database", AUTH, "--as", "next"
        ).expect(0)
        present.server.sql("drop database next")
    present.assert_nothing_left()
    assert present.server.dump_all() == before


def test_busybox_reads_a_time_as_gnu_does(present: Present) -> None:
    pgbackrest = present.lost.pod.scripts.path.split(":")[0]
    box = present.lost.pod.scripts.box
    path = path_of(Tools.BUSYBOX, box, present.lost.pod.binaries)
    scripts = present.scripts().with_(path=f"{pgbackrest}:{path}")
    time = other_zone(present.lost.marks[8].time)
    words = ("--to-time", time, "--database", AUTH, "--as", "boxed")
    scripts.run("restore-moment", *words).expect(0)
    assert present.rows("boxed") == upto(8)
    done = scripts.run("restore-moment", "--to-time", "2026-02-30 10:15:00+00").expect(64)
    assert "is no time with its zone" in done.stderr


def test_a_dry_run_says_what_would_be_done(present: Present) -> None:
    time = present.lost.marks[6].time
    done = present.restore("--to-time", time, "--dry-run").expect(0)
    assert done.stdout == f"would restore to time {time} from the repository local\n"

"""Wrong options and senseless settings: one line, the documented status, nothing touched."""

import pytest

from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store

WRONG = [
    ("backup", "--no-such-option"),
    ("backup", "extra"),
    ("backup", "--reason"),
    ("restore", ""),
    ("restore", "--database"),
    ("restore", "--database", ""),
    ("restore", "--no-such-option"),
    ("restore", "latest", "latest"),
    ("verify", "--no-such-option"),
    ("verify", ""),
    ("pin",),
    ("pin", ""),
    ("pin", "latest", "latest"),
    ("pin", "latest", "--no-such-option"),
    ("list", "--no-such-option"),
    ("list", "extra"),
    ("init-store", "--id"),
    ("init-store", "--id", ""),
    ("init-store", "extra"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_option_is_a_usage_error(
    words: tuple[str, ...], target: Server, both: Scripts, kept: Store
) -> None:
    before, cluster = kept.snapshot(), target.dump_all()

    done = both.with_(server=target).run(*words).expect(64)

    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert f"{words[0]}.sh" in done.stderr, "the message names the command that helps"
    assert kept.snapshot() == before
    assert target.dump_all() == cluster


SENSELESS = [
    ("BACKUP_KEEP", "0"),
    ("BACKUP_KEEP", "-1"),
    ("BACKUP_KEEP", "ten"),
    ("BACKUP_KEEP", "1; touch /tmp/x"),
    ("BACKUP_KEEP", "a[$(touch /tmp/x)]"),
    ("BACKUP_FORMAT", "plain"),
    ("BACKUP_FORMAT", "Custom"),
    ("BACKUP_COMPRESSION", "lz4"),
    ("BACKUP_COMPRESSION", "zstd:99"),
    ("BACKUP_COMPRESSION", "gzip:x"),
    ("BACKUP_JOBS", "0"),
    ("BACKUP_LOCK_WAIT", "soon"),
    ("BACKUP_SERVER_WAIT", "-1"),
    ("BACKUP_MIN_FREE", "1G"),
    ("BACKUP_ALLOW_VOLATILE", "yes"),
    ("BACKUP_ROOT", "relative/path"),
]


@pytest.mark.parametrize(("name", "value"), SENSELESS)
def test_a_senseless_setting_is_refused_by_name_and_nothing_changes(
    name: str, value: str, scripts: Scripts, kept: Store
) -> None:
    before = kept.snapshot()

    for script in ("backup", "restore", "verify"):
        done = scripts.with_(also={name: value}).run(script).expect(64)
        assert name in done.stderr
        assert value in done.stderr
        assert done.stdout == ""
    assert kept.snapshot() == before


@pytest.mark.trap(25)
@pytest.mark.parametrize(
    "name",
    [
        "backup_20200101_000000",
        "backup_2026",
        "*",
        "backup_*",
        "../outside",
        "/etc",
        "latest ",
        "Latest",
        "failed",
        ".backup_20200101_000000.new",
        "backup_20200101_000000/..",
    ],
)
def test_an_unknown_set_is_never_taken_for_the_latest(
    name: str, target: Server, scripts: Scripts, kept: Store
) -> None:
    before = kept.snapshot()

    for script in ("restore", "verify"):
        done = scripts.with_(server=target).run(script, name).expect(64, 65)
        assert name in done.stderr
    assert target.databases() == ["postgres"]
    assert kept.snapshot() == before


@pytest.mark.trap(25)
def test_a_database_that_the_set_does_not_hold_is_an_error(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    done = scripts.with_(server=target).run("restore", "--database", "brewget_other")

    done.expect(64, 65)
    assert "brewget_other" in done.stderr
    assert target.databases() == ["postgres"]
    assert len(kept.names()) == 1


@pytest.mark.parametrize("script", ["restore", "verify"])
@pytest.mark.parametrize("word", ["latest", "latest-verified"])
def test_an_empty_store_has_no_latest(
    script: str, word: str, scripts: Scripts, store: Store
) -> None:
    done = scripts.run(script, word).expect(64, 65)

    assert word in done.stderr
    assert store.names() == []


@pytest.mark.parametrize("script", ["backup", "restore"])
def test_a_server_that_does_not_answer_is_unreachable(
    script: str, scripts: Scripts, kept: Store
) -> None:
    before = kept.snapshot()

    done = scripts.with_(PGHOST="127.0.0.1", PGPORT="1").run(script).expect(69)

    assert "127.0.0.1" in done.stderr
    assert kept.snapshot() == before


ALL = ["backup", "restore", "verify", "list", "init-store", "../backup-postgres"]
ALL += ["../restore-postgres", "../status-postgres"]


@pytest.mark.parametrize("script", ALL)
def test_help_goes_to_stdout_and_touches_nothing(script: str, both: Scripts, kept: Store) -> None:
    before = kept.snapshot()

    done = both.run(script, "--help").expect(0)

    assert f"{script.removeprefix('../')}.sh" in done.stdout
    assert kept.snapshot() == before


@pytest.mark.usefixtures("filled")
def test_logs_are_one_line_an_event_with_the_utc_time_first(both: Scripts, store: Store) -> None:
    done = both.with_(TZ="Asia/Tokyo").run("backup").expect(0)

    for line in done.stderr.splitlines():
        stamp = line.split(" ", 1)[0]
        assert len(stamp) == len("2026-11-22T06:00:00Z"), line
        assert stamp.endswith("Z"), line
    assert store.manifest()["started"] <= store.manifest()["finished"]
    assert done.stderr.splitlines()[0][:13] == store.manifest()["started"][:13], "UTC, not Tokyo"

"""The server of a start: what keeps it down is named, and what it is given lets people in."""

from pathlib import Path

import pytest

from tests.lib.content import AUTH
from tests.lib.pod import Pod
from tests.lib.postgres import quoted
from tests.lib.scripts import Scripts
from tests.lib.toolbox import Tools, path_of, shim
from tests.lib.upgrades import OTHER_LOCALE


@pytest.fixture
def fresh(scripts: Scripts, binaries: Path) -> Pod:
    """A pod with an empty volume and an empty store."""
    return Pod.make(scripts, binaries)


@pytest.fixture
def pod(fresh: Pod) -> Pod:
    """A pod whose data directory is complete."""
    fresh.prepare().expect(0)
    return fresh


def put(pod: Pod, settings: str) -> Path:
    """Write what ALTER SYSTEM would, and return its file."""
    file = pod.data / "postgresql.auto.conf"
    with file.open("a") as conf:
        conf.write(settings)
    return file


def login(pod: Pod, role: str) -> dict[str, str]:
    """Return how a role comes in by password."""
    return {"user": role, "password": pod.passwords[role], "host": "127.0.0.1"}


@pytest.mark.parametrize("where", ["server", "role", "database"])
def test_md5_as_the_servers_default_locks_nobody_out(where: str, pod: Pod, tools: Tools) -> None:
    """For an old driver; the next start made all passwords md5, and pg_hba.conf takes scram alone."""
    pod.scripts = pod.scripts.with_(path=path_of(tools, pod.scripts.box, pod.binaries))
    with pod.running() as server:
        text = {
            "server": "alter system set",
            "role": "alter role postgres set",
            "database": "alter database postgres set",
        }[where]
        server.sql(f"{text} password_encryption = 'md5'")
    pod.passwords = {x: f"new: {y} '$\\" for x, y in pod.passwords.items()}

    pod.prepare().expect(0)

    with pod.running() as server:
        for role in pod.passwords:
            assert server.sql("select current_user", **login(pod, role)) == role
        kinds = server.sql("select distinct left(rolpassword, 14) from pg_authid where rolcanlogin")
        assert kinds == "SCRAM-SHA-256$"


def test_no_password_reaches_the_server(pod: Pod) -> None:
    """Seen in the log of one that logs all: without the words that keep it from that."""
    password = "never to be seen"
    file = pod.scripts.box.directory("new") / "password"
    file.write_text(password)
    pod.scripts.box.identity.own(file.parent)
    with pod.running() as server:
        server.sql("alter system set log_statement = 'all'; select pg_reload_conf()")
        text = """psql_prepare
            SQL_APPLY_PASSWORD="$(grep -v '^SET' <<<"$SQL_APPLY_PASSWORD")"
            roles_apply_password "$@"
        """
        pod.scripts.with_(server=server).functions("prepare-data", text, AUTH, str(file)).expect(0)

        client = {"user": AUTH, "password": password, "host": "127.0.0.1"}
        assert server.sql("select current_user", **client) == AUTH
        log = (server.home / "log").read_text()
    assert "SCRAM-SHA-256$4096:" in log, "what was sent is in the log"
    assert password not in log


def test_a_role_with_a_name_of_its_own_gets_its_password(pod: Pod) -> None:
    name = 'The "A\'s" \\role'
    file = pod.scripts.box.directory("new") / "password"
    file.write_text("its own")
    pod.scripts.box.identity.own(file.parent)
    with pod.running() as server:
        server.sql(f"create role {quoted(name)} login")
        one = pod.scripts.with_(server=server)
        for role in (name, "nobody there"):
            text = 'psql_prepare; roles_apply_password "$@"'
            one.functions("prepare-data", text, role, str(file)).expect(0)

        client = {"user": name, "password": "its own", "host": "127.0.0.1"}
        assert server.sql("select current_user", "postgres", **client) == name


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("shared_preload_libraries = 'timescaledb'\n", 'could not access file "timescaledb"'),
        ("wal_level = 'minimal'\n", "WAL streaming"),
        ("max_connections = 'many'\n", 'invalid value for parameter "max_connections"'),
    ],
)
def test_a_setting_that_keeps_the_server_down_is_named_and_can_be_set_aside(
    settings: str, reason: str, pod: Pod
) -> None:
    """There is no container to take it out again: the pod does not start."""
    with pod.running() as server:
        server.sql("create table mine as select 42 as answer", AUTH)
    file = put(pod, settings)
    written = file.read_bytes()

    refused = pod.prepare().expect(69)

    (error,) = [x for x in refused.stderr.splitlines() if "error:" in x]
    assert reason in error
    assert "STARTUP_ACCEPT=server-settings" in error
    assert str(file) in error
    assert file.read_bytes() == written

    done = pod.prepare(STARTUP_ACCEPT="server-settings").expect(0)

    (aside,) = pod.data.glob("postgresql.auto.conf.20*")
    assert aside.read_bytes() == written
    assert str(aside) in done.stderr
    assert str(aside) in pod.started
    with pod.running() as server:
        assert server.sql("select answer from mine", AUTH) == "42"
        server.sql("alter system set work_mem = '5MB'")

    pod.prepare(STARTUP_ACCEPT="server-settings").expect(0)

    assert "work_mem" in file.read_text(), "settings that keep nobody down stay"


def test_settings_are_back_in_their_place_where_something_else_keeps_the_server_down(
    pod: Pod,
) -> None:
    written = put(pod, "work_mem = '5MB'\n").read_bytes()
    (pod.data / "global" / "pg_control").rename(pod.data / "aside")

    done = pod.prepare(STARTUP_ACCEPT="server-settings").expect(69)

    assert 'global/pg_control": No such file' in done.stderr
    assert (pod.data / "postgresql.auto.conf").read_bytes() == written
    assert not list(pod.data.glob("postgresql.auto.conf.*"))


def no_huge_pages(pod: Pod, condition: str) -> None:
    """Let initdb die as on a node that has huge pages reserved and gives none, on a condition."""
    program = pod.binaries / "initdb"
    body = f'[[ {condition} && " $* " != *--sync-only* ]] || exec {program} "$@"; kill -BUS $$'
    shims = shim(pod.scripts.box.directory("shim") / "bin", "initdb", body)
    pod.scripts = pod.scripts.with_(path=f"{shims}:{pod.scripts.path}")


@pytest.mark.parametrize("image", [True, False])
def test_huge_pages_that_the_pod_may_not_use_do_no_harm(image: bool, fresh: Pod) -> None:
    no_huge_pages(fresh, '" $* " != *huge_pages=off*')

    if image:
        fresh.prepare().expect(0)
    else:  # without the image's programs, as on a machine of one's own
        fresh.scripts.with_(also=fresh.environment()).run("prepare-data").expect(0)

    assert '"huge_pages=off"' in (fresh.data / "postmaster.opts").read_text()
    conf = (fresh.data / "postgresql.conf").read_text()
    assert "\nhuge_pages" not in conf, "the server that comes after decides for itself"


def test_a_bus_error_is_not_taken_for_a_lack_of_room(fresh: Pod) -> None:
    no_huge_pages(fresh, "1")

    done = fresh.prepare().expect(69)

    assert "bus error. Either the node has huge pages reserved" in done.stderr
    assert not fresh.data.exists()


@pytest.mark.parametrize("adopted", [True, False])
def test_data_that_another_libc_has_sorted_is_named(adopted: bool, pod: Pod) -> None:
    with pod.running() as server:
        server.sql(OTHER_LOCALE)
    if adopted:
        (pod.data / ".brewget-complete").unlink()

    done = pod.prepare(STARTUP_ACCEPT="unmarked-data").expect(0)

    (warning,) = [x for x in done.stderr.splitlines() if "another C library" in x]
    assert f"{AUTH} (153.14, here unknown)" in warning
    assert "REFRESH COLLATION VERSION" in warning
    assert "postgres" not in warning

"""No secret in argv, environments, logs or files of others, looked at while the scripts run."""

import os
import stat
from pathlib import Path

import pytest

from tests.lib.content import DATABASES, password_of
from tests.lib.postgres import Server
from tests.lib.scripts import Done, Running, Scripts
from tests.lib.spy import Spy
from tests.lib.store import Store

pytestmark = pytest.mark.usefixtures("filled")

SECRET = "s3cret-0f-the-superuser"


@pytest.fixture
def guarded(filled: Server, scripts: Scripts) -> Scripts:
    """The scripts with role passwords and a superuser password that can be searched for."""
    roles = scripts.box.directory("roles")
    for role in DATABASES:
        (roles / role).write_text(password_of(role))
        (roles / role).chmod(0o440)
    scripts.box.identity.own(roles)
    assert filled.password
    return scripts.with_(
        ROLE_PASSWORDS_DIR=str(roles), VERIFY_SCRATCH=str(scripts.box.directory("scratch"))
    )


def secrets(server: Server) -> list[str]:
    """Return all that must never be seen: passwords, and the hashes of the globals file."""
    hashes = server.sql("select rolpassword from pg_authid where rolpassword is not null")
    return [server.password, *map(password_of, DATABASES), *hashes.splitlines()]


def watched(running: Running, spy: Spy) -> Done:
    """Let a script run while every process of its session is looked at."""
    while running.process.poll() is None:
        spy.look(running.process.pid)
    assert spy.processes > 3, "it saw processes at all"
    return running.wait()


@pytest.mark.trap(28)
@pytest.mark.parametrize("script", ["backup", "restore", "verify"])
def test_no_secret_is_seen_in_any_process_or_log(
    script: str, filled: Server, target: Server, guarded: Scripts, kept: Store
) -> None:
    spy = Spy(secrets(filled))
    arguments = {"backup": [], "restore": [], "verify": [kept.names()[0]]}[script]
    runner = guarded.with_(server=target) if script == "restore" else guarded

    done = watched(runner.start(script, *arguments), spy).expect(0)

    assert spy.found == []
    for secret in secrets(filled):
        assert secret not in done.stdout + done.stderr


@pytest.mark.trap(27)
@pytest.mark.parametrize("script", ["backup", "restore", "verify"])
def test_nothing_that_a_run_writes_can_be_read_by_others_while_it_runs(
    script: str, target: Server, guarded: Scripts, kept: Store
) -> None:
    work = guarded.box.directory("tmp")
    runner = guarded.with_(TMPDIR=str(work), server=target if script == "restore" else None)
    scratch = Path(runner.settings["VERIFY_SCRATCH"])
    arguments = [kept.names()[0]] if script == "verify" else []
    open_to_others = set()

    running = runner.start(script, *arguments)
    while running.process.poll() is None:
        for top in (work, scratch, kept.root):
            open_to_others |= readable_by_others(top)
    running.wait().expect(0)

    assert open_to_others == set()
    assert list(work.iterdir()) == [], "and nothing is left behind"


def readable_by_others(top: Path) -> set[str]:
    """Return files below `top` that another user could read: every directory on the way is open."""
    found = set()
    for directory, folders, files in os.walk(top, onerror=None):
        folders[:] = [x for x in folders if opened(Path(directory) / x, stat.S_IXOTH)]
        found |= {f"{directory}/{x}" for x in files if opened(Path(directory) / x, stat.S_IROTH)}
    return {x for x in found if Path(x).name not in {".store.json", ".lock"}}


def opened(path: Path, bit: int) -> bool:
    """Tell whether a path has this permission bit; one that is gone again has none."""
    try:
        return bool(path.lstat().st_mode & bit)
    except FileNotFoundError:
        return False


def test_debugging_output_is_not_a_way_around(guarded: Scripts, filled: Server) -> None:
    done = guarded.with_(PSQLRC="/dev/null", PGAPPNAME="x").run("backup").expect(0)

    assert not any(x in done.stderr for x in secrets(filled))


def test_a_failing_login_does_not_print_the_password(guarded: Scripts, kept: Store) -> None:
    wrong = guarded.box.directory("secret") / "wrong"
    wrong.write_text(SECRET)

    done = guarded.with_(PGPASSWORD_FILE=str(wrong)).run("backup").expect(69)

    assert SECRET not in done.stdout + done.stderr
    assert len(kept.names()) == 1

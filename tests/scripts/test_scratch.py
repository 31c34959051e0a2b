"""The verification's room: a set that cannot fit is refused by a number, and is no worse for it."""

import pytest

from tests.lib.content import AUTH
from tests.lib.mounts import volatile
from tests.lib.postgres import Server
from tests.lib.scripts import Done, Scripts
from tests.lib.store import Store, change_manifest
from tests.lib.toolbox import shim

pytestmark = pytest.mark.usefixtures("filled")
MIB = 2**20


def assert_no_verdict(done: Done, store: Store, name: str) -> None:
    assert done.returncode == 73, done.said
    assert store.names() == [name]
    assert store.failed() == []
    assert not (store.root / name / "verified.json").exists()


def test_a_set_that_needs_more_than_the_limit_is_refused_at_once(
    filled: Server, both: Scripts, store: Store
) -> None:
    name = both.backup()
    size = int(filled.sql(f"select pg_database_size('{AUTH}')"))
    assert store.database(AUTH)["size"] == pytest.approx(size, rel=0.2)

    done = both.with_(VERIFY_SCRATCH_BYTES=80 * MIB).verify(name)

    assert_no_verdict(done, store, name)
    assert "has room for 80 MiB" in done.stderr
    assert "verify.scratchSize" in done.stderr
    both.with_(VERIFY_SCRATCH_BYTES=400 * MIB).verify(name).expect(0)


def test_a_set_that_needs_more_than_the_disk_has_is_refused_at_once(
    scripts: Scripts, store: Store
) -> None:
    name = scripts.backup()
    with volatile(scripts.box, "80m") as small:
        done = scripts.with_(VERIFY_SCRATCH=str(small)).run("verify", name)
        left = [path.name for path in small.iterdir() if not path.name.startswith(".")]

    assert_no_verdict(done, store, name)
    assert "its throwaway server needs about" in done.stderr
    assert left == []


def test_a_set_of_an_older_script_is_tried_and_a_full_disk_is_no_verdict(
    scripts: Scripts, store: Store
) -> None:
    name = scripts.backup()
    databases = store.manifest(name)["databases"]
    for database in databases:
        del database["size"]
    change_manifest(store.root / name, databases=databases)

    with volatile(scripts.box, "48m") as small:
        done = scripts.with_(VERIFY_SCRATCH=str(small)).run("verify", name)

    assert_no_verdict(done, store, name)
    scripts.with_(VERIFY_SCRATCH_BYTES=80 * MIB).verify(name).expect(0)


def test_a_senseless_limit_is_a_usage_error(scripts: Scripts, store: Store) -> None:
    name = scripts.backup()
    assert store.names() == [name]
    scripts.with_(VERIFY_SCRATCH_BYTES="2Gi").verify(name).expect(64)


def test_a_scratch_directory_without_locks_is_not_taken_for_one_in_use(
    scripts: Scripts, store: Store
) -> None:
    name = scripts.backup()
    body = "echo 'flock: 7: No locks available' >&2; exit 71"
    without = shim(scripts.box.directory("shim") / "bin", "flock", body)

    done = scripts.with_(path=f"{without}:{scripts.path}").verify(name).expect(78)

    assert "has no locks (flock: 7: No locks available)" in done.stderr
    assert not (store.root / name / "verified.json").exists()

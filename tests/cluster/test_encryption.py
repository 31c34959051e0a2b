"""Encrypted sets on the real cluster: no byte of the store tells a name, and all comes back by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.conftest import FirstUp
from tests.lib.encrypted import Key
from tests.lib.waiting import JOB_DONE
from tests.lib.world import NAMESPACE, Saved, World, assert_back, assert_lost

DATABASE = "brewget_settings"
TABLE = "zymurgy_ledger"
NAMES = (TABLE.encode(), DATABASE.encode(), b"brewget_auth")


@dataclass(frozen=True)
class Encrypted:
    """The stack with its sets encrypted, and what can open them."""

    world: World
    plain: str
    """The last set before that."""
    escrow: Key
    """Of which the cluster has the public half alone."""


@pytest.fixture(scope="module")
def encrypted(first_up: tuple[World, FirstUp]) -> Iterator[Encrypted]:
    """Switched on as docs/encryption.md says, with a second key for escrow; the archive stays off."""
    world, project = first_up[0], first_up[0].project
    world.ensure_up()
    world.psql(
        f"CREATE TABLE IF NOT EXISTS {TABLE} AS SELECT '{TABLE}' AS a;"
        f" ALTER TABLE {TABLE} OWNER TO {DATABASE}",
        DATABASE,
    )
    plain = world.filled().set
    own, escrow = Key.make(), Key.make()
    project.run(f"pulumi config set --path 'encryption.recipients[0]' {own.public}")
    project.run(f"pulumi config set --path 'encryption.recipients[1]' {escrow.public}")
    project.run("pulumi config set --path --secret encryption.identity", stdin=own.file.strip())
    project.run("make up", timeout=900)
    world.wait_ready()
    yield Encrypted(world, plain, escrow)
    world.ensure_up()
    project.run("pulumi config rm --path encryption.recipients")
    project.up()
    world.wait_ready()
    world.psql(f"DROP TABLE {TABLE}", DATABASE)
    # The tests after these know no key: they find a plain set, and no encrypted one.
    world.save()
    run_verification(world)
    for directory in sets_of(world, is_encrypted=True):
        project.run(f"rm -r {directory}")
    project.run("pulumi config rm --path encryption && pulumi config rm --path archive.image")
    project.up()
    world.wait_ready()


@pytest.fixture
def world(encrypted: Encrypted, request: pytest.FixtureRequest) -> World:
    """The encrypted stack, up."""
    request.node.world = encrypted.world
    encrypted.world.ensure_up()
    return encrypted.world


@pytest.fixture
def saved(world: World) -> Saved:
    """An encrypted set of exactly what is in the databases."""
    return world.filled()


def sets_of(world: World, *, is_encrypted: bool) -> list[Path]:
    """The directories of sets that are, or are not, encrypted; oldest first."""
    folders = [world.mount / name for name in world.project.sets()]
    return [folder for folder in folders if (folder / "key.age").exists() == is_encrypted]


def run_verification(world: World) -> None:
    """Run the schedule's verification now."""
    name = f"verify-now-{len(world.project.sets())}"
    world.project.kubectl(f"-n {NAMESPACE} create job {name} --from=cronjob/postgres-backup-verify")
    world.project.kubectl(
        f"-n {NAMESPACE} wait job {name} --for=condition=Complete --timeout={JOB_DONE:.0f}s"
    )


def naming(folder: Path) -> list[str]:
    """What below a folder has a name of ours in its bytes or in its own name."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [
        f"{path}: {name!r}"
        for path in files
        for name in NAMES
        if name in path.read_bytes() or name in str(path.relative_to(folder)).encode()
    ]


def test_no_byte_of_the_store_tells_a_name(
    encrypted: Encrypted, world: World, saved: Saved
) -> None:
    run_verification(world)
    assert naming(world.mount / encrypted.plain), "what is looked for here is found in a plain set"
    folder = world.mount / saved.set
    assert (folder / "key.age").is_file()
    assert (folder / "verified.json").is_file(), "and it was restored and compared"
    plain = {folder.name for folder in sets_of(world, is_encrypted=False)}
    # WAL of the tests before, on its way to an archive, is not encrypted, as the page says.
    others = [
        path
        for path in world.mount.iterdir()
        if path.name not in plain | {"failed", "archive"} and not path.is_symlink()
    ]
    told = [text for path in others if path.is_dir() for text in naming(path)]
    told += [
        path.name
        for path in others
        if path.is_file() and any(name in path.read_bytes() for name in NAMES)
    ]
    assert folder in others
    assert told == []


def test_a_lost_disk_comes_back_by_itself(world: World, saved: Saved) -> None:
    world.lose_disk()
    world.project.up()
    world.wait_ready()
    assert_lost(world, saved)
    assert_back(world, saved)


def test_one_database_comes_back_beside_the_present_one(world: World, saved: Saved) -> None:
    asked = f"{saved.set} --database {DATABASE} --as zymurgy_before"
    done = world.project.run(f"scripts/restore-postgres.sh {asked}")
    try:
        assert "zymurgy_before" in done.stdout
        assert world.psql(f"SELECT a FROM {TABLE}", "zymurgy_before") == TABLE
    finally:
        world.psql("DROP DATABASE IF EXISTS zymurgy_before")


def test_a_key_from_outside_opens_the_sets_and_a_strange_one_does_not(
    encrypted: Encrypted, world: World, saved: Saved
) -> None:
    drill = world.project.run("scripts/escrow-drill.sh", stdin=encrypted.escrow.file)
    assert drill.stdout.startswith("opened ")
    assert saved.set in drill.stdout
    assert saved.set in (world.mount / ".escrow.json").read_text()
    strange = world.project.run("scripts/escrow-drill.sh", stdin=Key.make().file, status=78)
    assert strange.stdout == ""
    jobs = world.project.kubectl(f"-n {NAMESPACE} get jobs,pods,secrets -o yaml")
    secret = encrypted.escrow.private
    assert secret not in jobs


def test_the_backup_never_has_what_opens_the_sets(world: World, saved: Saved) -> None:
    assert saved.set
    (job,) = world.project.get(f"-n {NAMESPACE} cronjob postgres-backup")["spec"]["jobTemplate"][
        "spec"
    ]["template"]["spec"]["containers"]
    assert not [m for m in job["volumeMounts"] if m["mountPath"] == "/run/secrets/encryption"]
    server = f"-n {NAMESPACE} exec postgres-0 -c postgres -- ls /run/secrets"
    assert "encryption" not in world.project.kubectl(server)

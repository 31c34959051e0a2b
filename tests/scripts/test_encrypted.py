"""Encrypted sets: what a thief sees, who reads them, what happens without a key, and rotation."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.content import AUTH, SETTINGS, fill
from tests.lib.encrypted import Encrypted, Key, reading
from tests.lib.hooks import count_steps, kill_at
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox, run_as
from tests.lib.scripts import Scripts, scripts_directory
from tests.lib.store import Store, copy_tree
from tests.lib.toolbox import Tools, path_of

SECRETS = (
    b"brewget",
    b"users",
    b"settings",
    b"SCRAM",
    b"pg_catalog",
    b"PGDMP",
    b"CREATE ",
    b"key 42",
)
"""Of the databases' names, tables, passwords, rows and formats: none may be in any byte."""


@pytest.fixture(scope="session")
def vault(box: Sandbox, binaries: Path) -> Encrypted:
    """A store with one verified, encrypted set, taken once a worker by a pod that cannot read it."""
    server = Server(box, binaries).start()
    fill(server)
    scripts = Scripts(
        box, scripts_directory(box), path_of(Tools.GNU, box, binaries), box.directory("vault")
    )
    scripts.run("init-store").expect(0)
    made = Encrypted.of(scripts.with_(server=server))
    name = made.writing(made.opened()).backup()
    made.scripts.verify(name).expect(0)
    server.stop()
    return made


@pytest.fixture
def world(vault: Encrypted, scripts: Scripts) -> Encrypted:
    """A copy of it, and an empty server."""
    shutil.rmtree(scripts.root)
    copy_tree(vault.scripts.root, scripts.root)
    return vault.with_(vault.scripts.with_(root=scripts.root, server=scripts.server))


@pytest.fixture
def saved(world: Encrypted) -> str:
    """The name of the set."""
    return Store(world.scripts.root).names()[0]


def manifest(store: Store, name: str) -> dict[str, object]:
    """Return what anybody may know of a set."""
    found: dict[str, object] = store.manifest(name)
    return found


def opened(world: Encrypted, directory: Path, name: str) -> str:
    """Return a file of a set as a person with the key reads it, by age alone."""
    identity = world.box.identity
    age = [world.programs / "age", "--decrypt", "--identity"]
    key = world.box.directory("key") / "key"
    key.write_text(
        run_as(
            identity,
            [*age, world.scripts.settings["ENCRYPTION_IDENTITY"], directory / "key.age"],
            {},
        ).stdout
    )
    identity.own(key.parent)
    return run_as(identity, [*age, key, directory / name], {}).stdout


def test_a_thief_with_the_whole_store_sees_no_name_and_no_content(
    world: Encrypted, saved: str, store: Store
) -> None:
    for file in store.root.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        found = [
            secret for secret in SECRETS if secret in content or secret in bytes(file.name, "utf-8")
        ]
        assert not found, f"{file.name}: {found}"
    public = manifest(store, saved)
    assert public["encrypted"] == "age"
    assert [x["rows"] for x in public["databases"]] == [4000, 100, 0]  # type: ignore[attr-defined]


def test_what_was_encrypted_comes_back_and_one_database_of_it_beside(
    world: Encrypted, saved: str, target: Server
) -> None:
    (one,) = json.loads(world.scripts.run("list", "--json").expect(0).stdout)
    assert (one["verified"], one["encrypted"], one["rows"], one["databases"]) == (
        True,
        True,
        4100,
        3,
    )
    world.scripts.with_(server=target).run("restore", saved).expect(0)
    words = ("--database", SETTINGS, "--as", "yesterday")
    done = world.scripts.with_(server=target).run("restore", saved, *words).expect(0)
    assert done.stdout == f"restored yesterday {saved}: 100 rows\n"
    assert target.sql("select count(*) from settings", "yesterday") == "100"
    assert target.sql("select count(*) from users", AUTH) == "4000"


def test_a_lost_data_directory_comes_back_by_itself(
    world: Encrypted, saved: str, binaries: Path
) -> None:
    pod = Pod.make(world.scripts, binaries)
    done = pod.prepare().expect(0)
    assert f"restored from backup {saved}" in done.stderr
    with pod.running() as server:
        assert server.sql("select count(*) from users", AUTH) == "4000"


def test_without_a_key_nothing_comes_up_empty_and_nothing_is_condemned(
    world: Encrypted, saved: str, store: Store, binaries: Path, target: Server
) -> None:
    before = store.snapshot()
    without = world.scripts.with_(ENCRYPTION_IDENTITY="", server=target)
    pod = Pod.make(without, binaries)
    done = pod.prepare().expect(78)
    assert f"{saved} is encrypted, and there is no private key here" in done.stderr
    assert not pod.data.exists()
    done = without.run("restore", saved).expect(78)
    assert "(encryption.identity). Nothing was touched." in done.stderr
    strangers = reading(world.scripts, Key.make())
    done = strangers.verify(saved).expect(78)
    assert f"no private key here opens {saved}: no identity matched" in done.stderr
    assert store.failed() == []
    assert store.snapshot() == before, "a verified set stays one"


def test_no_set_is_taken_that_no_key_could_read(world: Encrypted, saved: str, store: Store) -> None:
    strangers = reading(world.scripts, Key.make())
    sentence = "no private key here reads what is written for encryption.recipients"
    for done in (
        world.with_(strangers).scripts.run("backup"),
        strangers.with_(ENCRYPTION_OPENED=str(world.box.directory("opened"))).run("key", "--try"),
    ):
        assert sentence in done.expect(78).stderr
    done = world.writing(world.box.directory("opened")).run("backup").expect(78)
    assert "nobody has tried whether a private key reads" in done.stderr
    opened = world.opened()
    changed = world.writing(opened).with_(ENCRYPTION_RECIPIENTS=Key.make().public)
    assert "nobody has tried" in changed.run("backup").expect(78).stderr, "others than were tried"
    done = world.scripts.with_(ENCRYPTION_RECIPIENTS="age1nonsense").run("backup").expect(78)
    assert "encryption.recipients: malformed recipient" in done.stderr
    directory = world.scripts.with_(BACKUP_FORMAT="directory").run("backup").expect(78)
    assert "BACKUP_FORMAT=custom" in directory.stderr
    assert store.names() == [saved]


def test_the_brake_compares_with_an_encrypted_set(
    world: Encrypted, saved: str, filled: Server, store: Store
) -> None:
    filled.sql("delete from users", AUTH)
    blind = world.writing(world.box.directory("opened"))
    (Path(blind.settings["ENCRYPTION_OPENED"]) / "recipients").write_text(f"{world.key.public}\n")
    unseen = blind.run("backup").expect(0)
    assert "nobody can compare it with a set before" in unseen.stderr
    shutil.rmtree(store.newest())
    done = world.writing(world.opened()).run("backup").expect(0)
    assert "more than half of the rows (100 of 4100 are left)" in done.stderr
    assert saved in done.stderr
    flagged = str(manifest(store, done.stdout.strip())["flagged"])
    assert "data is missing" in flagged


def test_what_does_not_come_back_is_named_to_who_has_the_key(
    world: Encrypted, filled: Server, store: Store
) -> None:
    filled.sql(
        "create function sober() returns int language plpgsql as $$ begin"
        " return current_setting('brewget.sober')::int; end $$;"
        " set brewget.sober = 1; create materialized view bitter as select sober()",
        AUTH,
    )
    name = world.writing(world.opened()).backup()
    done = world.scripts.verify(name).expect(0)
    directory = store.root / name
    verified = json.loads((directory / "verified.json").read_text())
    assert (verified["left_out"], verified["left_out_count"]) == ([], 1)
    assert "bitter" in done.stderr, "the log of the run has the name"
    assert "left out: 1 (encrypted)" in world.scripts.run("list").stdout
    assert "bitter" in opened(world, directory, "findings.age")


def test_other_recipients_cost_no_file_and_the_oldest_is_restored(
    world: Encrypted, saved: str, store: Store
) -> None:
    before = store.snapshot()
    new = Key.make()
    both = reading(world.scripts, world.key, new).with_(ENCRYPTION_RECIPIENTS=new.public)
    done = both.verify("--pending").expect(0)
    assert f"{saved} can be read by the recipients of today, and by nobody else" in done.stderr
    assert f"{saved} is good" in done.stderr, "and was restored with them"
    changed = {path for path, is_ in store.snapshot().items() if before.get(path) != is_}
    assert changed == {f"{saved}/key.age", f"{saved}/verified.json"}
    assert "today" not in both.verify("--pending").expect(0).stderr, "once"
    assert world.escrow(world.key).returncode == 78
    world.escrow(new).expect(0)


def test_a_backup_that_is_killed_leaves_sets_that_the_key_opens_and_nothing_in_the_clear(
    world: Encrypted, filled: Server, store: Store
) -> None:
    assert filled.databases()
    backup = world.writing(world.opened())
    steps = count_steps(backup, "backup")
    # From the first file on: what comes before writes nothing of a database.
    for step in (steps.index("globals") + 1, steps.index("wrapped") + 1, len(steps)):
        kill_at(backup, step, "backup")
        store.assert_sound()
        for file in store.root.rglob("*"):
            content = file.read_bytes() if file.is_file() else b""
            assert not [secret for secret in SECRETS if secret in content], file
    backup.with_(BACKUP_LOCK_WAIT=30).backup()
    world.escrow(world.key).expect(0)


def test_a_rotation_to_a_key_that_nobody_has_changes_nothing(
    world: Encrypted, store: Store
) -> None:
    before = store.snapshot()
    lost = world.scripts.with_(ENCRYPTION_RECIPIENTS=Key.make().public)
    done = lost.verify("--pending").expect(78)
    assert "no private key here reads what is written for encryption.recipients" in done.stderr
    assert "keeps its recipients" in done.stderr
    assert "every set has its verdict" in done.stderr, "and the verification goes on"
    assert store.snapshot() == before


def test_why_a_set_is_not_verified_is_for_who_has_the_key(
    world: Encrypted, saved: str, store: Store
) -> None:
    (store.root / saved / "verified.json").unlink()
    done = world.scripts.with_(VERIFY_SCRATCH_BYTES=1).verify(saved).expect(73)
    assert "MiB" in done.stderr
    beside = (store.root / saved / "unverified.json").read_text()
    assert "MiB" not in beside
    assert "findings.age" in beside
    assert "MiB" in opened(world, store.root / saved, "findings.age")


def test_a_rotation_that_is_killed_at_any_step_leaves_every_set_readable(
    world: Encrypted, saved: str, store: Store
) -> None:
    keys = [world.key, Key.make()]
    steps: list[str] = []
    for turn in range(2):
        keys.reverse()
        both = reading(world.scripts, *keys).with_(ENCRYPTION_RECIPIENTS=keys[0].public)
        both = both.with_(VERIFY_SCRATCH=str(world.box.directory("scratch")))
        steps = steps or count_steps(both, "verify", "--pending")
        for step in range(1, steps.index("rewrapped") + 2 if turn else 0):
            kill_at(both, step, "verify", "--pending")
            assert 0 in {world.escrow(key).returncode for key in keys}
    world.escrow(keys[0]).expect(0)
    assert store.failed() == []


def test_the_key_of_the_safe_is_tried_alone(world: Encrypted, saved: str, store: Store) -> None:
    escrow = Key.make()
    both = world.scripts.with_(ENCRYPTION_RECIPIENTS=f"{world.key.public}\n{escrow.public}")
    done = world.with_(both).escrow(escrow).expect(78)
    assert f"no private key here opens {saved}" in done.stderr
    assert not (store.root / ".escrow.json").exists()
    both.verify("--pending").expect(0)  # it gets its recipients, and is restored
    done = world.with_(both).escrow(escrow).expect(0)
    assert done.stdout == f"opened {saved}\n"
    noted = json.loads((store.root / ".escrow.json").read_text())
    assert noted["sets"] == [saved]
    with (store.newest() / "0.dump.age").open("ab") as file:
        file.write(b"more")
    assert "SHA256SUMS: 0.dump.age" in world.with_(both).escrow(escrow).expect(65).stderr


def lose(path: Path) -> None:
    """Remove a file."""
    path.unlink()


def turn(path: Path) -> None:
    """Turn a byte of a file over."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("damaged", "status"),
    [
        (("0.dump.age", turn), 65),
        (("contents.json.age", turn), 65),
        (("contents.json.age", lose), 65),
        (("key.age", lose), 65),
        (("key.age", turn), 78),
    ],
)
def test_only_bytes_condemn_an_encrypted_set(
    world: Encrypted,
    saved: str,
    store: Store,
    damaged: tuple[str, Callable[[Path], None]],
    status: int,
) -> None:
    file, damage = damaged
    damage(store.newest() / file)
    done = world.scripts.verify(saved).expect(status)
    assert file in done.stderr or "no private key here opens" in done.stderr
    assert store.failed() == ([saved] if status == 65 else [])


@pytest.mark.long
def test_the_alarm_works_with_encrypted_sets(world: Encrypted, saved: str) -> None:
    done = world.scripts.verify("--control", timeout=300).expect(0)
    assert "missed" not in done.stdout
    assert f"all damages to a copy of {saved} were found" in done.stderr


def test_plain_and_encrypted_sets_live_in_one_store(
    world: Encrypted, saved: str, filled: Server, target: Server, store: Store
) -> None:
    assert filled.databases()
    plain = world.scripts.with_(ENCRYPTION_RECIPIENTS="").backup()
    hidden = world.writing(world.opened()).backup()
    versions = [store.manifest(name)["version"] for name in (saved, plain, hidden)]
    assert versions == [3, 2, 3]
    assert store.manifest(hidden)["flagged"] is None, "compared with a plain one"
    world.scripts.with_(server=target).run("restore", plain).expect(0)
    assert target.dump_all() == filled.dump_all()

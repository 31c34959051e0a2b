"""The start-up table of design section 7: each row a test."""

import shutil
from pathlib import Path

import pytest

from tests.lib.content import AUTH, DATABASES, SETTINGS, USERS, count
from tests.lib.mounts import volatile
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store

OLDER, NEWER = "backup_20200101_000000", "backup_20991231_235959"


@pytest.fixture
def pod(both: Scripts, binaries: Path) -> Pod:
    """A pod with an empty volume and an empty store, in either world."""
    return Pod.make(both, binaries)


@pytest.fixture
def running(pod: Pod) -> Pod:
    """A pod whose data directory is complete, with a row that no set holds."""
    pod.prepare().expect(0)
    with pod.running() as server:
        server.sql("create table mine as select 42 as answer", AUTH)
    return pod


def assert_restored(pod: Pod) -> None:
    """The pod's server has the content of the golden set."""
    with pod.running() as server:
        assert count(server, AUTH, "users") == USERS
        assert count(server, SETTINGS, "settings") == 100
        login = {"user": AUTH, "password": pod.passwords[AUTH], "host": "127.0.0.1"}
        assert server.sql("select count(*) from users", AUTH, **login) == str(USERS)


def assert_fresh(pod: Pod) -> None:
    """The pod's server has the application's databases and nothing in them."""
    with pod.running() as server:
        assert set(server.databases()) == {*DATABASES, "postgres"}
        for name in DATABASES:
            assert (
                server.sql("select count(*) from pg_class where relnamespace = 2200", name) == "0"
            )
            login = {"user": name, "password": pod.passwords[name], "host": "127.0.0.1"}
            assert server.sql("select current_user", name, **login) == name


def assert_refused(pod: Pod, status: int, *words: str, **settings: str) -> None:
    """Start-up refuses with this status and these words, and makes no data directory."""
    done = pod.prepare(**settings).expect(status)
    for word in words:
        assert word in done.stderr, done.said
    assert not pod.data.exists()


@pytest.mark.trap(36)
def test_complete_data_is_kept_and_the_secrets_passwords_are_applied(
    running: Pod, kept: Store
) -> None:
    before = kept.snapshot()
    running.passwords = {x: f"new {y}" for x, y in running.passwords.items()}

    running.prepare().expect(0)

    with running.running() as server:
        assert server.sql("select answer from mine", AUTH) == "42", "nothing was restored over it"
        for role, password in running.passwords.items():
            client = {"user": role, "password": password, "host": "127.0.0.1"}
            assert server.sql("select current_user", **client) == role
    assert kept.snapshot() == before


@pytest.mark.parametrize("store_is", ["gone", "empty", "another"])
def test_complete_data_starts_whatever_the_store_is(
    store_is: str, running: Pod, store: Store
) -> None:
    if store_is == "gone":
        shutil.rmtree(store.root)
    settings = {"BACKUP_STORE_ID": "another"} if store_is == "another" else {}

    running.prepare(**settings).expect(0)

    with running.running() as server:
        assert server.sql("select answer from mine", AUTH) == "42"


def test_complete_data_gets_the_databases_that_are_missing(running: Pod) -> None:
    running.databases = (*DATABASES, "brewget_new")
    running.passwords["brewget_new"] = "its password"

    running.prepare().expect(0)

    with running.running() as server:
        client = {"user": "brewget_new", "password": "its password", "host": "127.0.0.1"}
        assert server.sql("select current_user", "brewget_new", **client) == "brewget_new"
        assert server.sql("select answer from mine", AUTH) == "42"


@pytest.mark.trap(17)
def test_what_an_unfinished_start_left_is_removed(pod: Pod, kept: Store) -> None:
    left = pod.volume / "pgdata.init"
    left.mkdir()
    (left / "PG_VERSION").write_text("16\n")
    pod.scripts.box.identity.own(left)

    pod.prepare().expect(0)

    assert not left.exists()
    assert_restored(pod)
    assert len(kept.names()) == 1


@pytest.mark.trap(17)
def test_initialised_data_without_our_mark_is_refused_unless_adopted(running: Pod) -> None:
    (running.data / ".brewget-complete").unlink()
    before = running.snapshot()

    done = running.prepare().expect(78)

    assert "unmarked-data" in done.stderr, "the message names the setting that adopts it"
    assert running.snapshot() == before
    running.prepare(STARTUP_ACCEPT="unmarked-data").expect(0)
    with running.running() as server:
        assert server.sql("select answer from mine", AUTH) == "42"
    running.prepare().expect(0)


@pytest.mark.trap(18)
def test_absent_data_comes_back_from_the_newest_set(pod: Pod, kept: Store) -> None:
    kept.copy_set(kept.names()[0], OLDER)
    assert not pod.data.exists(), "the loss came first"

    pod.prepare().expect(0)

    assert_restored(pod)
    assert kept.names()[-1] in pod.started
    assert (pod.data / ".brewget-complete").exists()
    report = pod.in_image().run("prepare-data", "--report").expect(0)
    assert "restore" in report.stdout + report.stderr


@pytest.mark.trap(41)
def test_a_flagged_set_is_taken_as_the_newest_and_the_log_says_so(pod: Pod, kept: Store) -> None:
    """An older one would lose what was written since, whatever the brake says."""
    kept.copy_set(kept.names()[0], NEWER, flagged="lost rows")

    done = pod.prepare().expect(0)

    assert f"{NEWER} is flagged: lost rows" in done.stderr
    assert f"restored from backup {NEWER}" in pod.started
    assert_restored(pod)
    assert kept.failed() == []


@pytest.mark.parametrize("harm", ["cut", "no manifest", "another set's manifest"])
def test_a_newest_set_of_damaged_files_is_set_aside_and_the_one_before_is_taken(
    harm: str, pod: Pod, kept: Store
) -> None:
    (golden,) = kept.names()
    broken = kept.copy_set(golden, NEWER)
    if harm == "cut":
        (broken / f"{AUTH}.dump").write_bytes((broken / f"{AUTH}.dump").read_bytes()[:-50])
    if harm == "no manifest":
        (broken / "manifest.json").write_text("{")
    if harm == "another set's manifest":
        shutil.copy2(kept.root / golden / "manifest.json", broken)

    done = pod.prepare().expect(0)

    assert NEWER in done.stderr
    assert golden in pod.started
    assert "Newer backups were" in pod.started
    assert NEWER in pod.started, "nobody takes the older data for the newest"
    assert_restored(pod)
    # Without a manifest of ours it may be anything: then it is nobody's to move.
    assert kept.failed() == ([NEWER] if harm == "cut" else [])
    assert kept.link("latest") == golden


def test_a_newest_set_that_does_not_come_back_equal_is_refused_and_no_older_one_taken(
    pod: Pod, kept: Store
) -> None:
    (golden,) = kept.names()
    databases = kept.manifest(golden)["databases"]
    next(x for x in databases if x["name"] == AUTH)["tables"][0]["rows"] += 1
    kept.copy_set(golden, NEWER, databases=databases)
    before = kept.snapshot()

    for _ in range(2):  # the next start tries again
        assert_refused(pod, 78, f"the backup {NEWER} is whole", AUTH, "STARTUP_SET=backup_...")

    assert kept.snapshot() == before, "nothing was wrong with its bytes"
    pod.prepare(STARTUP_SET=golden).expect(0)
    assert golden in pod.started
    assert NEWER in pod.started, "nobody takes the older data for the newest"
    assert_restored(pod)


def test_a_newest_set_of_a_newer_format_is_refused_and_no_older_one_taken(
    pod: Pod, kept: Store
) -> None:
    """After the way back to older scripts: what the newer ones wrote is whole."""
    kept.copy_set(kept.names()[0], NEWER, version=4)
    before = kept.snapshot()

    assert_refused(pod, 78, NEWER, "cannot be read here", "format version 4")

    assert kept.snapshot() == before


def test_sets_but_none_good_is_refused_unless_told_what_to_take(pod: Pod, kept: Store) -> None:
    (golden,) = kept.names()
    whole = kept.root / golden / f"{SETTINGS}.dump"
    content = whole.read_bytes()
    whole.write_bytes(b"")

    assert_refused(pod, 65, golden, "fresh-start")
    assert_refused(pod, 65, golden, "fresh-start")

    for place in (kept.root / golden, kept.root / "failed" / golden):
        if place.exists():
            (place / whole.name).write_bytes(content)
            if place.parent.name == "failed":
                place.rename(kept.root / golden)
    pod.prepare(STARTUP_SET=golden).expect(0)
    assert_restored(pod)


def test_none_good_and_a_fresh_start_accepted_starts_empty(pod: Pod, kept: Store) -> None:
    (kept.newest() / "globals.sql.zst").write_bytes(b"")

    pod.prepare(STARTUP_ACCEPT="fresh-start").expect(0)

    assert_fresh(pod)


@pytest.mark.trap(25)
def test_the_set_that_was_asked_for_is_the_one_that_is_taken(pod: Pod, kept: Store) -> None:
    kept.copy_set(kept.names()[0], OLDER)

    pod.prepare(STARTUP_SET=OLDER).expect(0)

    assert OLDER in pod.started
    assert_restored(pod)


@pytest.mark.trap(25)
def test_a_set_that_was_asked_for_and_does_not_exist_is_refused(pod: Pod, kept: Store) -> None:
    done = pod.prepare(STARTUP_SET=OLDER)

    assert done.returncode in {64, 65, 78}, done.said
    assert OLDER in done.stderr
    assert not pod.data.exists()
    assert len(kept.names()) == 1


def test_an_identified_store_without_sets_is_a_fresh_start_and_says_so(pod: Pod) -> None:
    pod.prepare().expect(0)

    assert "fresh" in pod.started
    assert "backup" in pod.started
    assert_fresh(pod)


@pytest.mark.trap(18)
@pytest.mark.trap(19)
def test_a_missing_store_is_refused_unless_accepted(pod: Pod, store: Store) -> None:
    shutil.rmtree(store.root)
    assert_refused(pod, 69, str(store.root), "no-store")

    pod.prepare(STARTUP_ACCEPT="no-store").expect(0)

    assert_fresh(pod)


@pytest.mark.trap(18)
@pytest.mark.trap(19)
def test_an_empty_directory_in_the_place_of_the_store_is_refused(pod: Pod, store: Store) -> None:
    shutil.rmtree(store.root)
    store.root.mkdir()

    done = pod.prepare()

    assert done.returncode in {69, 78}, done.said
    assert "no-store" in done.stderr
    assert not pod.data.exists()
    assert list(store.root.iterdir()) == []


def test_a_store_that_cannot_be_read_is_refused(pod: Pod, kept: Store) -> None:
    kept.root.chmod(0)
    try:
        assert_refused(pod, 69)
    finally:
        kept.root.chmod(0o755)


@pytest.mark.trap(19)
def test_a_store_that_cannot_be_listed_is_not_an_empty_one(pod: Pod, kept: Store) -> None:
    kept.root.chmod(0o311)  # .store.json can be read, but nobody can see which sets there are
    try:
        assert_refused(pod, 69)
    finally:
        kept.root.chmod(0o755)


def test_another_stores_id_is_refused_unless_accepted(pod: Pod, kept: Store) -> None:
    assert_refused(pod, 78, "other-store", kept.identity(), BACKUP_STORE_ID="expected")

    pod.prepare(BACKUP_STORE_ID="expected", STARTUP_ACCEPT="other-store").expect(0)

    assert_restored(pod)


def test_a_store_in_memory_is_refused_unless_accepted(pod: Pod) -> None:
    with volatile(pod.scripts.box) as directory:
        pod.scripts = pod.scripts.with_(root=directory)
        pod.scripts.with_(BACKUP_ALLOW_VOLATILE=1).run("init-store").expect(0)
        assert_refused(pod, 78, "volatile-store")

        pod.prepare(STARTUP_ACCEPT="volatile-store").expect(0)
        assert_fresh(pod)


@pytest.mark.parametrize("words", ["everything", "fresh-start,no-store", "Fresh-Start"])
def test_an_unknown_word_of_acceptance_is_refused(words: str, pod: Pod, store: Store) -> None:
    shutil.rmtree(store.root)

    done = pod.prepare(STARTUP_ACCEPT=words)

    assert done.returncode in {64, 69}, done.said
    assert not pod.data.exists()


def test_the_system_identifier_is_a_new_one_after_a_loss(
    pod: Pod, kept: Store, source_server: Server
) -> None:
    pod.prepare().expect(0)

    with pod.running() as server:
        assert server.system_identifier() != kept.manifest()["server"]["system_identifier"]
        assert server.system_identifier() != source_server.system_identifier()

"""Backup and restore on demand: through `pulumi config`, and through the two scripts."""

import time

from tests.lib.project import PULUMI_FAILED
from tests.lib.world import NAMESPACE, Saved, World, assert_back


def test_the_scripts_back_up_and_restore_into_an_emptied_database(
    world: World, saved: Saved
) -> None:
    taken = world.project.run("scripts/backup-postgres.sh")
    assert taken.stdout.strip() in world.project.sets()
    assert taken.stdout.count("\n") == 1, "the set's name, nothing else"
    assert "brewget_auth" in taken.stderr, "the job's log is shown"

    _empty(world)
    world.project.run(f"scripts/restore-postgres.sh {saved.set}")
    assert_back(world, saved)


def test_the_restore_script_refuses_a_database_that_is_not_empty(
    world: World, saved: Saved
) -> None:
    refused = world.project.run(f"scripts/restore-postgres.sh {saved.set}", status=78)
    assert "--replace" in refused.stderr
    assert world.content() == saved.content


def test_a_restore_with_replace_goes_back_in_time(world: World, saved: Saved) -> None:
    with world.logins() as logins, logins["brewget_settings"].connect() as session:
        session.execute("DELETE FROM setting WHERE id % 2 = 0")
    assert world.content() != saved.content
    world.project.run(f"scripts/restore-postgres.sh {saved.set} --replace")
    assert_back(world, saved)
    _drop_kept(world)


def test_an_unknown_set_is_refused_in_one_line(world: World, saved: Saved) -> None:
    refused = world.project.run("scripts/restore-postgres.sh backup_19990101_000000", status=None)
    assert refused.status in {64, 65}
    assert "backup_19990101_000000" in refused.stderr
    assert world.content() == saved.content


def test_backup_now_takes_one_set_per_value(world: World, saved: Saved) -> None:
    sets = world.project.sets()
    nonce = f"{time.time():.0f}"
    world.project.run(f"pulumi config set backupNow {nonce}")
    world.project.up()
    (new,) = [name for name in world.project.sets() if name not in sets]
    assert world.project.outputs()["last_backup"] == new
    world.project.up()
    assert len(world.project.sets()) == len(sets) + 1, "the same value does not run again"
    world.project.run("pulumi config rm backupNow")
    world.project.up()
    assert len(world.project.sets()) == len(sets) + 1, "removing it does nothing"


def test_restore_from_restores_only_into_empty_unless_replace_is_set(
    world: World, saved: Saved
) -> None:
    world.project.run(f"pulumi config set restoreFrom {saved.set}")
    try:
        refused = world.project.up(status=PULUMI_FAILED)
        assert "restoreReplace" in refused.output or "--replace" in refused.output
        assert world.content() == saved.content

        _empty(world)
        world.project.up()
        assert_back(world, saved)
    finally:
        world.project.run("pulumi config rm restoreFrom")
    world.project.up()
    assert_back(world, saved)


def _empty(world: World) -> None:
    """Empty both databases, and prove it."""
    for database in ("brewget_auth", "brewget_settings"):
        world.psql(
            "SELECT lo_unlink(oid) FROM pg_largeobject_metadata; "
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner; "
            "GRANT USAGE ON SCHEMA public TO PUBLIC;",
            database,
        )
        assert (
            world.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database)
            == "0"
        )


def _drop_kept(world: World) -> None:
    """Drop the databases that --replace kept, as its message says."""
    kept = world.psql(
        "SELECT format('DROP DATABASE %I;', datname) FROM pg_database"
        " WHERE datname NOT IN ('postgres', 'template0', 'template1',"
        " 'brewget_auth', 'brewget_settings')"
    )
    assert kept.count("DROP") == 2, f"one kept database each: {kept}"
    for statement in kept.splitlines():
        world.psql(statement)


def test_kept_jobs_of_by_hand_runs_go_by_themselves(world: World, saved: Saved) -> None:
    jobs = world.project.get(f"-n {NAMESPACE} jobs")["items"]
    by_hand = [job for job in jobs if "ttlSecondsAfterFinished" in job["spec"]]
    assert by_hand

"""The seed's monitoring commands, as written there and as the stack's outputs give them."""

import pytest

from tests.lib.world import Saved, World

SEED = {
    "kubectl get cronjob postgres-backup -n brewget": "postgres-backup",
    "kubectl get jobs -n brewget | grep backup": "backup",
    "kubectl exec postgres-0 -n brewget -- ls -lh /backup/": "latest ->",
    'kubectl logs postgres-0 -n brewget | grep -i "restore\\|backup"': "backup",
}


@pytest.mark.parametrize("command", SEED)
def test_the_seeds_command_works_as_written(world: World, command: str) -> None:
    assert SEED[command] in world.project.run(command).stdout


def test_the_log_of_a_job_is_read_as_the_seed_reads_it(world: World, saved: Saved) -> None:
    jobs = world.project.run("kubectl get jobs -n brewget -o name | grep postgres-backup").stdout
    assert saved.set in "".join(
        world.project.kubectl(f"logs -n brewget {job}") for job in jobs.split()
    )


def test_every_monitoring_output_is_a_command_that_works(world: World) -> None:
    commands = world.project.outputs()["monitoring"]
    assert commands
    for command in commands.values():
        assert world.project.run(command).stdout.strip(), command

"""The seed's monitoring commands, as written there and as the stack's readme gives them."""

import re

import pytest

from tests.lib.world import Saved, World

SEED = {
    "kubectl get cronjob postgres-backup -n brewget": "postgres-backup",
    "kubectl get jobs -n brewget | grep backup": "backup",
    "kubectl exec postgres-0 -n brewget -- ls -lh /backup/": "latest ->",
    'kubectl logs postgres-0 -n brewget | grep -i "restore\\|backup"': "backup",
}


# A set is taken for each: jobs go with their namespace, which the test before may have deleted.
pytestmark = pytest.mark.usefixtures("saved")


@pytest.mark.parametrize("command", SEED)
def test_the_seeds_command_works_as_written(world: World, command: str) -> None:
    assert SEED[command] in world.project.run(command).stdout


def test_the_log_of_a_job_is_read_as_the_seed_reads_it(world: World, saved: Saved) -> None:
    jobs = world.project.run("kubectl get jobs -n brewget -o name | grep postgres-backup").stdout
    # One of an earlier test may just be going.
    logs = [world.project.run(f"kubectl logs -n brewget {x}", status=None) for x in jobs.split()]
    assert saved.set in "".join(log.stdout for log in logs)


def test_every_command_of_the_stacks_readme_works(world: World) -> None:
    readme = world.project.outputs()["readme"]
    commands = re.findall(r"^- .*: `(.+)`$", readme, re.M)
    # One never ends, and one would be refused: the databases have the set's rows in them.
    tried = [one for one in commands if "port-forward" not in one and "restore-p" not in one]
    assert len(tried) == len(commands) - 2 == 8
    for command in tried:
        assert world.project.run(command).stdout.strip(), command

"""One machine, one user, one stack on one minikube for all tests of this folder, in their order."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.lib.guides import commands_of_readme
from tests.lib.project import ROOT, Done
from tests.minikube import person as persons
from tests.minikube.bed import everything, node_image
from tests.minikube.bed.machine import Machine, started
from tests.minikube.neighbour import Neighbour
from tests.minikube.person import Person
from tests.minikube.stack import Stack


@dataclass(frozen=True)
class FirstUp:
    """What `make up` printed in a new clone, how long it took, and the active profile after it."""

    done: Done
    seconds: float
    active: str


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """A machine with Docker, and afterwards nothing of it."""
    everything.ensure()
    with started(node_image.STORE) as new:
        yield new


@pytest.fixture(scope="session")
def person(machine: Machine) -> Person:
    """Who has a fresh clone and nothing else yet."""
    return persons.settle(machine)


@pytest.fixture(scope="session")
def neighbour(person: Person) -> Neighbour:
    """Another minikube of the same user, which is the active one all the time."""
    found = Neighbour(person)
    found.start()
    return found


@pytest.fixture(scope="session")
def first_up(person: Person, neighbour: Neighbour) -> FirstUp:
    """README's first command, word for word."""
    began = time.monotonic()
    done = person.run(commands_of_readme(ROOT / "README.md")[0], timeout=1200)
    seconds = time.monotonic() - began
    person.enter()
    return FirstUp(done, seconds, neighbour.active())


@pytest.fixture(scope="session")
def made(person: Person, first_up: FirstUp) -> Stack:
    """The stack, as the test before left it, without the archive that a first `make up` brings.

    It would bring back what these tests look for in the sets. In the example, so that it is off
    after a lost state as well.
    """
    with (person.path / "Pulumi.dev.yaml").open("a") as example:
        example.write("  brewget:archive:\n    enabled: false\n")
    person.run("pulumi config set --path archive.enabled false && make up", timeout=900)
    return Stack(person, person.backups)


@pytest.fixture
def stack(made: Stack) -> Stack:
    """The stack, brought up again where the test before left it down."""
    made.ensure_up()
    return made


@pytest.fixture(autouse=True)
def _neighbour_is_left_alone(neighbour: Neighbour, first_up: FirstUp) -> Iterator[None]:
    """Nothing that is done to the stack's minikube is done to the other one."""
    neighbour.choose()
    before = neighbour.identity()
    yield
    assert neighbour.identity() == before

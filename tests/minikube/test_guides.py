"""docs/backup-testing.md, section after section, typed into one shell on the real minikube.

What README's table promises is in there: each section loses something and finds it again.
"""

from collections.abc import Iterator

import pytest

from tests.lib.guides import sections
from tests.lib.project import ROOT
from tests.minikube.person import Person
from tests.minikube.shell import Shell, opened
from tests.minikube.stack import Stack

SECTIONS = sections(ROOT / "docs" / "backup-testing.md")
ANOTHER_SERVER = ("1.", "5.", "6.")
"""Sections after which the data is on another disk, out of a set; the others keep the server.

Section 4 does here: after a restart minikube's provisioner leaves a deleted claim's directory, and
gives it to the next claim of that name.
"""


@pytest.fixture(scope="module")
def shell(person: Person) -> Iterator[Shell]:
    """The page's one shell, prepared as its first lines say."""
    with opened(person.machine) as made:
        made.type('eval "$(make -s env)"')
        yield made


@pytest.mark.parametrize("section", SECTIONS)
def test_the_section_of_the_guide_works(stack: Stack, shell: Shell, section: str) -> None:
    before = stack.system_identifier()
    said = shell.type(SECTIONS[section])
    stack.wait_ready()
    assert (stack.system_identifier() != before) == section.startswith(ANOTHER_SERVER), said

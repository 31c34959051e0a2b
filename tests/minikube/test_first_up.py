"""A fresh clone, and README's first command in it: then everything is there."""

import json
import re
import time

from tests.lib.guides import commands_of_readme
from tests.lib.project import ROOT
from tests.lib.waiting import wait_for
from tests.minikube.conftest import FirstUp
from tests.minikube.neighbour import PROFILE
from tests.minikube.person import Person
from tests.minikube.stack import Stack

FROM_NOTHING = 480.0
"""From no cluster to a first backup, in seconds; what is downloaded before is not counted. A quarter of it is
promised, where no other cluster is at work beside, on two quick cores."""
BACKED_UP = 240.0
"""From the first `make up` to the archive's first backup, in seconds."""
REPEATED_UP = 120.0
"""A sixth of it is promised."""


def test_the_first_command_of_the_readme_is_enough(first_up: FirstUp, person: Person) -> None:
    assert commands_of_readme(ROOT / "README.md")[0] == "make up"
    said = first_up.done.output
    (first,) = person.sets()
    assert first in said, "the summary names the set"
    assert f"backups       /home/dev/{person.backups.name} (on the node: " in said
    assert "make console" in said, "the console's image was built, and its door is named"
    assert person.run("git status --porcelain").stdout == ""


def test_the_archive_is_on_and_gets_a_backup(first_up: FirstUp, person: Person) -> None:
    assert "the archive is on" in first_up.done.output
    position = person.backups / "archive/position.json"

    def backed_up() -> bool:
        return position.exists() and bool(json.loads(position.read_text())["backups"]["local"])

    wait_for("the archive's first backup", backed_up, BACKED_UP)


def test_the_profile_that_was_active_still_is(first_up: FirstUp) -> None:
    assert first_up.active == PROFILE


def test_it_takes_no_longer_than_promised(first_up: FirstUp) -> None:
    line = r"✓ \d+/\d+ (.+?)  .*· ([0-9.]+) s$"
    steps = dict(re.findall(line, first_up.done.output, re.MULTILINE))
    ours = ("Cluster minikube", "Stack dev", "pulumi up", "First backup")
    took = {name: float(steps[name]) for name in ours}
    assert sum(took.values()) <= FROM_NOTHING, took


def test_the_console_answers(person: Person) -> None:
    person.kubectl("-n brewget rollout status deployment/postgres-console --timeout=60s")
    door = "kubectl -n brewget port-forward svc/postgres-console 8080"
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/login').status)"
    tried = f'for _ in $(seq 50); do python3 -c "{ask}" 2>/dev/null && break; sleep 0.2; done'
    assert person.run(f"{door} >/dev/null & {tried}; kill %1").stdout == "200\n"


def test_a_second_make_up_is_quick_and_changes_nothing(stack: Stack) -> None:
    pods, sets = stack.pods(), stack.project.sets()
    began = time.monotonic()
    done = stack.project.run("make up")
    took = time.monotonic() - began
    assert (stack.pods(), stack.project.sets()) == (pods, sets)
    assert took <= REPEATED_UP, f"{took:.1f} s: {done.output}"

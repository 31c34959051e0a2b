"""Another kind of server than the stack was made with: the real engine, which has a state, refuses it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lib.manifests import STACKS
from tests.lib.previews import Previews

REMEMBERED = ("version", "version-major")
"""What of a state says which kind of server it has."""


@pytest.fixture(name="previews")
def _previews(tmp_path: Path) -> Previews:
    return Previews(tmp_path)


@pytest.mark.parametrize(
    ("then", "now", "harm"),
    [
        ("default", "external", "an up would delete that server with its data. To move:"),
        ("external", "default", "its schedule saves a server that others run. To move:"),
    ],
)
def test_a_living_stack_keeps_the_kind_of_server_that_it_has(
    previews: Previews, tmp_path: Path, then: str, now: str, harm: str
) -> None:
    previews.configure(STACKS[then])
    state = tmp_path / "state.json"
    state.write_text(json.dumps(lived(json.loads(previews.pulumi("preview", "--json"))["steps"])))
    previews.pulumi("stack", "import", "--file", str(state))
    before = previews.pulumi("stack", "export")
    again = previews.run("pulumi", "--non-interactive", "preview")
    assert again.returncode == 0, "the same kind is no matter: " + again.stdout + again.stderr

    previews.configure(STACKS[now])
    refused = previews.run("pulumi", "--non-interactive", "--color=never", "preview")

    assert refused.returncode != 0
    said = " ".join((refused.stdout + refused.stderr).split())
    assert harm in said, said
    assert "StatefulSet postgres-server" not in said, "and nothing is planned"
    assert previews.pulumi("stack", "export") == before


def lived(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """A state as if the stack were up, as far as it remembers its kind of server."""
    made = {step["urn"].rpartition("::")[2]: step["newState"] for step in steps}
    stack = next(found for found in made.values() if found["type"] == "pulumi:pulumi:Stack")
    resources = [stack, *(made[name] for name in REMEMBERED)]
    for resource in resources:
        resource |= {"dependencies": [], "propertyDependencies": {}, "outputs": {}}
        # Its own engine has the provider of such a value built in.
        resource.pop("provider", None)
    stash = made["version-major"]
    stash |= {
        "id": "version-major",
        "outputs": {"output": stash["inputs"]["input"]} | stash["inputs"],
    }
    return {"version": 3, "deployment": {"manifest": {}, "resources": resources}}

"""A resource's URN (logical name, type, parent) is what a stack's state knows it by.

One that changes without an alias is deleted and made anew: for the data claim, exit status 0 and no
data. urns.yaml lists every URN that a program of ours has ever made; a new one is added, and one of
before stays in the list, with an alias in the program.
"""

from pathlib import Path

import pytest
import yaml

from tests.lib import manifests
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder, Registered

_FILE: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "urns.yaml").read_text())
_COMMON = {"external": _FILE["every"]}
"""What a kind has besides: all others have a server of their own, too."""
LISTED = {
    kind: _COMMON.get(kind, _FILE["every"] + _FILE["server"]) + urns for kind, urns in _FILE.items()
}
STACKS: dict[str, dict[str, str]] = {
    "hostPath": {},
    "nfs": {"backup.storage.kind": "nfs", "backup.storage.server": "nas.local"},
    "storageClass": {
        "backup.storage.kind": "storageClass",
        "backup.storage.storageClass": "standard",
    },
    "existingClaim": {"backup.storage.kind": "existingClaim", "backup.storage.claim": "mine"},
    "console": {"console.enabled": "true", "console.prometheusOperator": "true"},
    "archive": manifests.STACKS["archive"],
    "encryption": manifests.STACKS["encryption"],
    "external": manifests.STACKS["external"],
}
ADVICE = (
    "These would be deleted and made anew, with all they hold. Give the resource its old name, type "
    "and parent as an alias (pulumi.Alias), and keep the old line in tests/unit/urns.yaml: "
)


@pytest.mark.trap(51)
@pytest.mark.parametrize("kind", STACKS)
def test_every_resource_of_a_living_stack_is_found_again(deploy: Deploy, kind: str) -> None:
    made = identities(deploy(config=STACKS[kind]))
    known = set().union(*made.values())
    gone = [urn for urn in LISTED[kind] if urn not in known]
    assert not gone, ADVICE + ", ".join(gone)


@pytest.mark.parametrize("kind", STACKS)
def test_every_resource_is_in_the_list(deploy: Deploy, kind: str) -> None:
    new = sorted(identities(deploy(config=STACKS[kind])).keys() - set(LISTED[kind]))
    assert not new, f"Add to {kind} in tests/unit/urns.yaml: " + ", ".join(new)


def identities(stack: Recorder) -> dict[str, set[str]]:
    """Each resource's identity, with all that the engine would also take for it."""
    by_urn = {resource.urn: resource for resource in stack.resources}
    return {
        "::".join(_now(made, by_urn)): {"::".join(one) for one in _all(made, by_urn)}
        for made in stack.resources
    }


Identity = tuple[str, str]
"""Types from the top down to its own, and its name: a URN without stack and project."""


def _now(made: Registered, by_urn: dict[str, Registered]) -> Identity:
    parent = by_urn.get(made.parent)
    above = _now(parent, by_urn)[0] + "$" if parent else ""
    return above + made.type, made.name


def _all(made: Registered, by_urn: dict[str, Registered]) -> set[Identity]:
    """Its identity, those of its own aliases, and each of them below an alias of its parent."""
    parent = by_urn.get(made.parent)
    parents = _all(parent, by_urn) if parent else {("", "")}
    found = set()
    for own in [{}, *(alias.get("spec", {}) for alias in made.aliases)]:
        above = (
            {("", "")} if own.get("noParent") or _is_stack(own.get("parentUrn", "")) else parents
        )
        for types, parent_name in above:
            name = own.get("name") or _renamed(
                made.name, parent.name if parent else "", parent_name
            )
            found.add((f"{types + '$' if types else ''}{own.get('type') or made.type}", name))
    return found


def _is_stack(urn: str) -> bool:
    return "::pulumi:pulumi:Stack::" in urn


def _renamed(name: str, parent_now: str, parent_then: str) -> str:
    """A child's name follows its parent's where it begins with that, as the engine has it."""
    if parent_then and name.startswith(parent_now):
        return parent_then + name.removeprefix(parent_now)
    return name


def test_a_renamed_component_keeps_its_childrens_identities() -> None:
    """What the engine does with an alias of a parent, on an example."""
    parent = _made("p", "new:Type", "new", aliases=[{"spec": {"type": "old:Type", "name": "old"}}])
    child = _made("c", "k:Claim", "new-data", parent="p")
    assert _all(child, {"p": parent, "c": child}) == {
        ("new:Type$k:Claim", "new-data"),
        ("old:Type$k:Claim", "old-data"),
    }


def _made(
    urn: str,
    type_: str,
    name: str,
    parent: str = "",
    aliases: list[dict[str, object]] | None = None,
) -> Registered:
    return Registered(
        urn=urn,
        type=type_,
        name=name,
        parent=parent,
        aliases=aliases or [],
        inputs={},
        provider="",
        depends_on=[],
        protect=False,
        retain_on_delete=False,
        ignore_changes=[],
        replace_on_changes=[],
        hooks={},
        timeouts={},
    )

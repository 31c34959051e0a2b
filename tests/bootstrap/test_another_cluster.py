"""A stack stays on its cluster: `make up` for another one ends before anything is started."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bootstrap import memory
from bootstrap.clusters import Cluster, Kind
from bootstrap.exported import context_of
from bootstrap.lifecycle import destroy, stay
from bootstrap.place import Place
from bootstrap.stack import Stack
from tests.bootstrap.conftest import stack_environment
from toolchain.errors import SetupError

HERE = Cluster(Kind.LOCALCLUSTER, "two")
ELSEWHERE = Cluster(Kind.MINIKUBE, "minikube")
TOP = "urn:pulumi:dev::brewget::pulumi:pulumi:Stack::brewget-dev"
PROVIDER = "urn:pulumi:dev::brewget::pulumi:providers:kubernetes::cluster"
OBJECT = "urn:pulumi:dev::brewget::kubernetes:core/v1:Namespace::namespace"


def state(*, has_objects: bool) -> dict[str, Any]:
    """What `pulumi stack export` prints of a stack on the context "two"."""
    resources: list[dict[str, Any]] = [
        {"urn": TOP, "custom": False, "type": "pulumi:pulumi:Stack"},
        {
            "urn": PROVIDER,
            "custom": True,
            "id": "1234",
            "type": "pulumi:providers:kubernetes",
            "inputs": {"context": "two"},
        },
    ]
    if has_objects:
        resources.append(
            {
                "urn": OBJECT,
                "custom": True,
                "id": "brewget",
                "type": "kubernetes:core/v1:Namespace",
                "parent": TOP,
                "provider": f"{PROVIDER}::1234",
            }
        )
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}


@pytest.fixture(name="stack")
def _stack(place: Place) -> Stack:
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    stack = Stack(place, stack_environment(place))
    stack.select()
    return stack


def put(stack: Stack, *, has_objects: bool) -> None:
    """Give the stack a state."""
    path = stack.place.root / "state.json"
    path.write_text(json.dumps(state(has_objects=has_objects)))
    stack.pulumi("stack", "import", "--stack", "dev", "--file", str(path))


def test_a_stack_with_objects_elsewhere_is_not_moved(stack: Stack) -> None:
    put(stack, has_objects=True)

    with pytest.raises(SetupError, match="lives on the cluster 'two'") as refused:
        stay(stack, ELSEWHERE)

    assert "`make destroy` without KUBE_CONTEXT" in str(refused.value)
    assert "pulumi stack rm --force --preserve-config dev" in str(refused.value)
    assert "and no stack would know of it" in str(refused.value)
    stay(stack, HERE)


def test_a_stack_with_objects_elsewhere_is_not_destroyed(stack: Stack) -> None:
    put(stack, has_objects=True)
    before = stack.export()

    with pytest.raises(SetupError) as refused:
        destroy(replace(stack.place, kube_context="work"))

    assert str(refused.value) == (
        "the stack 'dev' lives on the cluster 'two', so it is not destroyed on 'work': "
        "`make destroy` without KUBE_CONTEXT and LOCALCLUSTER_PROFILE"
    )
    assert stack.export() == before


def test_a_stack_that_was_destroyed_may_go_anywhere(stack: Stack) -> None:
    stay(stack, ELSEWHERE)  # brought up nowhere yet
    put(stack, has_objects=False)
    stay(stack, ELSEWHERE)


def test_a_stack_that_was_forgotten_may_go_anywhere(stack: Stack) -> None:
    put(stack, has_objects=True)
    stack.pulumi("stack", "rm", "--force", "--preserve-config", "--yes", "dev")
    stay(stack, ELSEWHERE)


def test_a_repeated_make_up_does_not_ask_pulumi(place: Place) -> None:
    memory.save(place.root, "dev", memory.Memory("localcluster", "two", "/srv/sets"))
    stay(Stack(place, {"PATH": ""}), HERE)


def test_the_context_of_a_state() -> None:
    assert context_of(state(has_objects=True)) == "two"
    assert context_of(state(has_objects=False)) == ""
    assert context_of({"deployment": {"resources": None}}) == ""

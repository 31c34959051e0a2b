"""Whose an object is: every one of the stack says so, and nobody else's is taken."""

from typing import Any

import pulumi
import pytest

from components.cluster import names
from components.cluster.kubectl import Kubectl
from components.cluster.ownership import FIELD_MANAGER, foreign, ways
from tests.unit.conftest import Deploy

CONSOLE = {"console.enabled": "true"}


@pytest.mark.parametrize("config", [{}, CONSOLE], ids=["default", "console"])
def test_every_object_is_marked_as_the_stacks(deploy: Deploy, config: dict[str, str]) -> None:
    """Under a made-up field manager's name, a stack without its state could not take it over."""
    objects = [r for r in deploy(config=config).resources if r.type.startswith("kubernetes:")]
    assert len(objects) > 15
    for made in objects:
        annotations = made["metadata"]["annotations"]
        assert annotations["pulumi.com/patchFieldManager"] == FIELD_MANAGER, made.name
        assert annotations["pulumi.com/patchForce"] == "true", made.name
        assert annotations["brewget.dev/stack"] == "test", made.name
        assert names.PART_OF.items() <= made["metadata"]["labels"].items(), made.name
        assert "ours-only" in made.hooks["beforeCreate"], made.name


def test_the_marks_do_not_restart_the_server(deploy: Deploy) -> None:
    template = deploy().one("StatefulSet")["spec"]["template"]
    assert template["metadata"]["annotations"].keys() == {
        "brewget.dev/passwords",
        "brewget.dev/tls",
    }


def found(
    labels: dict[str, str] | None = names.PART_OF,
    stack: str | None = None,
    claim_of: str | None = None,
) -> dict[str, Any]:
    """An object as kubectl prints it."""
    metadata: dict[str, Any] = {"name": "ale"}
    if labels is not None:
        metadata["labels"] = labels | {"more": "labels"}
    if stack:
        metadata["annotations"] = {"brewget.dev/stack": stack}
    spec = {"spec": {"claimRef": {"namespace": claim_of}}} if claim_of else {}
    return {"kind": "PersistentVolume", "metadata": metadata} | spec


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (found(), ""),
        (found(stack="test"), ""),
        (found(claim_of="brewget"), ""),
        (found(labels=None), "it is not this project's."),
        (found(labels={"app.kubernetes.io/part-of": "x"}), "it is not this project's."),
        (found(stack="prod"), "it belongs to the stack 'prod'."),
        (found(claim_of="other"), "it belongs to the namespace 'other'."),
    ],
)
def test_what_is_somebody_elses_is_not_taken(there: dict[str, Any], reason: str) -> None:
    said = foreign(there, "test", "brewget")
    assert said == (reason and f"PersistentVolume ale exists already, and {reason}")


def test_what_is_refused_comes_with_the_ways_on() -> None:
    kubectl = Kubectl("ctx", "ales")
    namespace = {"kind": "Namespace", "metadata": {"name": "ales"}}
    said = ways(namespace, kubectl, "test")
    assert "pulumi config set namespace NAME" in said
    assert "label --overwrite namespace ales app.kubernetes.io/part-of=brewget-postgres" in said
    assert said.endswith("annotate --overwrite namespace ales brewget.dev/stack=test")
    # To hand over a volume that another namespace's claim is bound to would end at the next check.
    volume = ways(found(claim_of="other"), kubectl, "test")
    assert volume.endswith("kubectl --context ctx --namespace ales delete persistentvolume ale")
    assert "label" not in volume


def test_another_cluster_for_a_stack_that_lives_on_one_is_refused(deploy: Deploy) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        deploy(config={"kubeContext": "other"}, stashed={"cluster-context": "minikube"})
    assert str(refused.value).startswith("kubeContext is now 'other', but the stack lives on 'mini")
    assert (
        "pulumi config set kubeContext 'minikube', pulumi destroy --run-program (takes a last set "
        "and keeps all), pulumi config set kubeContext 'other'"
    ) in str(refused.value)


def test_a_stack_keeps_the_cluster_that_it_finds(deploy: Deploy) -> None:
    stack = deploy(config={"kubeContext": "other"})
    assert stack.one("Stash", "cluster-context")["input"] == "other"
    assert stack.one("kubernetes", "cluster")["context"] == "other"

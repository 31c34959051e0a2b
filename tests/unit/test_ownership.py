"""Whose an object is: every one of the stack says so, and nobody else's is taken."""

from typing import Any

import pulumi
import pytest

from components.cluster import names
from components.cluster.kubectl import Kubectl
from components.cluster.ownership import FIELD_MANAGER, Existing, foreign, ways
from components.cluster.provider import upserting
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
    metadata: dict[str, Any] = {"name": "ale", "uid": "1"}
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
    assert said.endswith(
        "annotate --overwrite namespace ales brewget.dev/stack=test; pulumi config set adopt true"
    )
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


class Cluster:
    """What kubectl finds there, and how often it was asked."""

    namespace = "ales"

    def __init__(self, found: list[dict[str, Any]]) -> None:
        self.found, self.asked = found, 0

    def get(self, *of: str) -> list[dict[str, Any]]:
        _, *names_ = of  # the kinds, and a name where one object is asked for
        self.asked += not names_
        return [one for one in self.found if not names_ or one["metadata"]["name"] in names_]

    def options(self) -> list[str]:
        return ["--context", "ctx", "--namespace", self.namespace]


def existing_in(cluster: Any, stack: str, *, adopt: bool) -> Existing:
    """Of a cluster that is none: no kubectl is run."""
    return Existing(cluster, stack, adopt=adopt)


def test_a_provider_that_creates_and_fails_is_asked_to_take_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pulumi-kubernetes 4.29 and later; the one that is built here always takes over."""

    class Newer:
        def __init__(self, *, context: str = "", upsert_existing_objects: bool = False) -> None:
            self.given = context, upsert_existing_objects

    assert "upsert_existing_objects" in upserting() or upserting() == {}
    monkeypatch.setattr("pulumi_kubernetes.ProviderArgs", Newer)
    assert upserting() == {"upsert_existing_objects": True}


def test_what_the_state_does_not_know_is_taken_over_only_when_told() -> None:
    for adopt in (False, True):
        existing = existing_in(Cluster([found() | {"kind": "Service"}]), "test", adopt=adopt)
        existing.check({"kind": "Service", "metadata": {"name": "another"}})
        if adopt:
            existing.check({"kind": "Service", "metadata": {"name": "ale"}})
            continue
        with pytest.raises(pulumi.RunError) as refused:
            existing.check({"kind": "Service", "metadata": {"name": "ale"}})
        assert str(refused.value) == (
            "Service ale exists already, and the stack's state does not know it: the state was "
            "lost, or an up was cut off. Nothing of it was changed. To take over what is there: "
            "pulumi config set adopt true, pulumi up, pulumi config rm adopt"
        )


@pytest.mark.parametrize("name", [names.ARCHIVE, names.ENCRYPTION])
def test_what_was_left_behind_on_purpose_is_taken_again_and_not_from_another_stack(
    name: str,
) -> None:
    """An archive that was switched off and on again: its passphrase has been there all the time."""
    wanted = {"kind": "Secret", "metadata": {"name": name}}
    for stack in ("test", "prod"):
        there = found(stack=stack) | {"kind": "Secret"}
        there["metadata"]["name"] = name
        existing = existing_in(Cluster([there]), "test", adopt=False)
        if stack == "test":
            existing.check(wanted)
            continue
        with pytest.raises(pulumi.RunError, match="it belongs to the stack 'prod'"):
            existing.check(wanted)


def test_somebody_elses_object_is_not_taken_whatever_is_told() -> None:
    existing = existing_in(Cluster([found(stack="prod")]), "test", adopt=True)
    with pytest.raises(pulumi.RunError, match="it belongs to the stack 'prod'"):
        existing.check({"kind": "PersistentVolume", "metadata": {"name": "ale"}})


def test_what_this_up_has_deleted_itself_is_made_anew() -> None:
    """A replaced object was there at the first look; its create came after its delete."""
    cluster: Any = Cluster([found()])
    existing = existing_in(cluster, "test", adopt=False)
    existing.check({"kind": "Secret", "metadata": {"name": "another"}})
    cluster.found = []
    existing.check({"kind": "PersistentVolume", "metadata": {"name": "ale"}})


def test_the_cluster_is_asked_once() -> None:
    cluster = Cluster([])
    existing = existing_in(cluster, "test", adopt=False)
    for name in ("ale", "stout", "porter"):
        existing.check({"kind": "Secret", "metadata": {"name": name}})
    assert cluster.asked == 2, "for the kinds that each cluster has, and for those that are newer"


@pytest.mark.parametrize(
    ("there", "directory"),
    [
        ({"hostPath": {"path": "/mnt/data/sets"}}, "/mnt/data/sets"),
        ({"nfs": {"server": "nas", "path": "/sets"}}, "nas:/sets"),
    ],
)
def test_a_directory_with_the_sets_of_another_stack_is_refused_before_anything_is_made(
    there: dict[str, Any], directory: str
) -> None:
    """The volume is made late; the namespace, which comes first, is refused already."""
    volume = found(claim_of="stouts")
    volume["spec"] |= there
    wanted = {"kind": "Namespace", "metadata": {"name": "ales"}}
    cluster: Any = Cluster([volume])

    with pytest.raises(pulumi.RunError) as refused:
        Existing(cluster, "test", adopt=False, directory=directory).check(wanted)

    said = str(refused.value)
    assert said.startswith(f"{directory} has the backup sets of the namespace 'stouts'")
    assert "delete persistentvolume ale" in said
    Existing(cluster, "test", adopt=False, directory=f"{directory}2").check(wanted)
    Existing(cluster, "test", adopt=False).check(wanted)
    volume["spec"]["claimRef"]["namespace"] = "ales"
    Existing(cluster, "test", adopt=False, directory=directory).check(wanted)
    volume["spec"]["claimRef"]["namespace"] = "stouts"
    volume["metadata"]["labels"] = {}
    Existing(cluster, "test", adopt=False, directory=directory).check(wanted)


def test_a_namespace_that_does_not_go_away_is_named_with_what_holds_it() -> None:
    """Report 39: each object was refused by itself, twenty times, without a reason."""
    namespace = {
        "kind": "Namespace",
        "metadata": {"name": "ales"},
        "status": {
            "phase": "Terminating",
            "conditions": [
                {"status": "False", "message": "All legacy kube types successfully parsed"},
                {"status": "True", "message": "Some content has finalizers: example.org/gone"},
            ],
        },
    }
    existing = existing_in(Cluster([namespace]), "test", adopt=True)
    with pytest.raises(pulumi.RunError) as refused:
        existing.check({"kind": "Secret", "metadata": {"name": "ale"}})
    assert str(refused.value) == (
        "The namespace ales is still being deleted, so nothing can be made in it. Some content has "
        "finalizers: example.org/gone. Wait until it is gone, or remove what holds it (kubectl get "
        "namespace ales -o yaml), then: pulumi up --refresh"
    )

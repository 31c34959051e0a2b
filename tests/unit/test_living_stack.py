"""Settings that a stack with a server cannot change by an `up`: refused, and the way on is told."""

from typing import Any

import pulumi
import pytest

from components.cluster.kubectl import Kubectl
from components.cluster.store import together
from components.postgres.data_claim import possible, refusal
from tests.unit.conftest import Deploy


@pytest.mark.trap(52)
def test_another_namespace_is_refused(deploy: Deploy) -> None:
    """Pulumi replaced fifteen objects, the data claim among them, and ended with 0."""
    with pytest.raises(pulumi.RunError) as refused:
        deploy(config={"namespace": "stout"}, stashed={"namespace": "ales"})
    assert str(refused.value) == (
        "namespace is now 'stout', but the stack lives in 'ales', which would be deleted with its "
        "server and all that was written since the newest set. To move: pulumi config set "
        "namespace ales, pulumi destroy --run-program (takes a last set and keeps all sets), "
        "pulumi config set namespace stout, pulumi up (restores it). To stay: pulumi config set "
        "namespace ales. For a second server: pulumi stack init NAME"
    )


@pytest.mark.trap(52)
def test_nothing_in_the_namespace_is_registered_before_the_check(deploy: Deploy) -> None:
    """An object that did not wait for it would be replaced, whatever the check says later."""
    namespace = deploy().one("Namespace")
    assert namespace.ignore_changes == ["metadata.name"], "the old name would be deleted"
    for made in deploy().resources:
        if "namespace" in made.inputs.get("metadata", {}):
            assert namespace.urn in made.depends_on, made.name


SHRINK = (
    "postgres.dataSize is now '512Mi', but the data claim has 1Gi and no claim can shrink. To "
    "move: pulumi config set --path postgres.dataSize 1Gi, pulumi destroy --run-program (takes a "
    "last set and keeps all sets), pulumi config set --path postgres.dataSize 512Mi, pulumi up "
    "(restores it). To stay: pulumi config set --path postgres.dataSize 1Gi"
)


@pytest.mark.parametrize(
    ("now", "wanted", "grows", "said"),
    [
        ("1Gi", "1Gi", False, ""),
        ("1Gi", "1024Mi", False, ""),
        ("1Gi", "2Gi", True, ""),
        ("1G", "2Gi", False, ""),  # not written by us
        ("1Gi", "512Mi", False, SHRINK),
        ("1Gi", "512Mi", True, SHRINK),
    ],
)
def test_a_claim_grows_where_its_class_can_and_never_shrinks(
    now: str, wanted: str, grows: bool, said: str
) -> None:
    assert refusal(now, wanted, grows) == said


class Cluster:
    """What kubectl finds, kind by kind."""

    def __init__(self, **found: list[dict[str, Any]]) -> None:
        self.found = found

    def get(self, kind: str, name: str) -> list[dict[str, Any]]:
        return [one for one in self.found.get(kind, []) if one["metadata"]["name"] == name]


def cluster_with(size: str, grows: bool) -> Any:
    claim = {
        "metadata": {"name": "postgres-data"},
        "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": size}}},
    }
    fast = {"metadata": {"name": "fast"}, "allowVolumeExpansion": grows}
    return Cluster(persistentvolumeclaim=[claim], storageclass=[fast])


def test_a_class_that_cannot_grow_is_asked_before_anything_changes() -> None:
    assert possible(cluster_with("1Gi", grows=True), "postgres-data", "2Gi") == "2Gi"
    with pytest.raises(pulumi.RunError, match="has 1Gi and its StorageClass cannot grow it"):
        possible(cluster_with("1Gi", grows=False), "postgres-data", "2Gi")


def test_a_new_stack_takes_any_size() -> None:
    empty: Any = Cluster()
    assert possible(empty, "postgres-data", "2Gi") == "2Gi"


def test_a_cluster_that_is_gone_is_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """`destroy` of a stack whose cluster was deleted runs the program, too."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert possible(Kubectl("none", "ales"), "postgres-data", "2Gi") == "2Gi"


def test_a_database_beside_the_storage_of_another_namespace_is_refused(deploy: Deploy) -> None:
    class Elsewhere:
        @property
        def namespace(self) -> pulumi.Output[str]:
            return pulumi.Output.from_input("stout")

    storage: Any = Elsewhere()
    with pytest.raises(pulumi.RunError) as refused:
        deploy(lambda: pulumi.export("namespace", together("ales", storage)))
    assert str(refused.value) == (
        "The database is in the namespace 'ales', but its storage is in 'stout', and no pod mounts "
        "a claim of another namespace. Give both the same"
    )

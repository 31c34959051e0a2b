"""Finding the cluster and the volume: rules that need no cluster."""

import socket
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.backup.place import bind_again, released
from components.cluster.provider import check, file_of_several, kubeconfig_files


def test_a_missing_context_is_refused_with_those_there_are(kubeconfig: Path) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        check("minikub", {"KUBECONFIG": str(kubeconfig)})
    assert str(refused.value) == (
        f"kubeContext is 'minikub', but {kubeconfig} has the contexts minikube, other. "
        "Start the cluster (minikube start), or take another one. "
        "Example: pulumi config set kubeContext minikube"
    )


def test_no_kubeconfig_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        check("minikube", {"HOME": str(tmp_path)})
    assert str(refused.value) == (
        f"kubeContext is 'minikube', but {tmp_path}/.kube/config has no contexts. "
        "Start the cluster (minikube start), or take another one. "
        "Example: pulumi config set kubeContext minikube"
    )


def test_a_damaged_kubeconfig_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("contexts: [")
    with pytest.raises(pulumi.RunError, match=f"{tmp_path}/config cannot be read as a kubeconfig"):
        check("minikube", {"KUBECONFIG": str(tmp_path / "config")})


def test_of_several_files_the_provider_gets_the_one_with_the_context(
    kubeconfig: Path, tmp_path: Path
) -> None:
    # What a shell of `make env` has: the provider called the cluster unreachable.
    first = tmp_path / "current-context"
    first.write_text('{"current-context": "minikube"}')
    environment = {"KUBECONFIG": f"{first}:{kubeconfig}"}
    assert file_of_several("minikube", environment) == str(kubeconfig)
    assert file_of_several("minikube", {"KUBECONFIG": str(kubeconfig)}) is None
    assert file_of_several("minikube", {"HOME": str(tmp_path)}) is None


def test_a_context_may_lie_in_any_of_several_files(kubeconfig: Path, tmp_path: Path) -> None:
    environment = {"KUBECONFIG": f"{tmp_path}/absent:{kubeconfig}"}
    check("other", environment)
    assert len(kubeconfig_files(environment)) == 2


def test_a_server_that_does_not_listen_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        port = taken.getsockname()[1]
        environment = {"KUBECONFIG": str(kubeconfig_of(tmp_path, port))}
        with pytest.raises(pulumi.RunError) as refused:
            check("minikube", environment)
        assert str(refused.value) == (
            f"kubeContext is 'minikube', but its API server 127.0.0.1:{port} cannot be reached "
            "([Errno 111] Connection refused). Start the cluster (minikube start), or take "
            "another context. Example: pulumi config set kubeContext minikube"
        )
        check("minikube", environment | {"PULUMI_K8S_DELETE_UNREACHABLE": "true"})
        check("minikube", environment | {"HTTPS_PROXY": "http://proxy.local"})


def test_a_server_that_listens_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = kubeconfig_of(tmp_path, server.getsockname()[1])
        check("minikube", {"KUBECONFIG": str(path)})


def kubeconfig_of(directory: Path, port: int) -> Path:
    path = directory / "kubeconfig"
    path.write_text(
        "contexts: [{name: minikube, context: {cluster: one}}]\n"
        f"clusters: [{{name: one, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n"
    )
    return path


def volume(
    phase: str, claim: str = "sets", uid: str | None = "u", space: str = "ales"
) -> dict[str, object]:
    reference = {"namespace": space, "name": claim} | ({"uid": uid} if uid else {})
    name = f"{phase}-{claim}-{uid}-{space}"
    return {
        "metadata": {"name": name},
        "spec": {"claimRef": reference},
        "status": {"phase": phase},
    }


def test_only_volumes_that_our_deleted_claim_left_are_taken_again() -> None:
    volumes: list[dict[str, object]] = [
        volume("Released"),
        volume("Bound"),
        volume("Released", uid=None),
        volume("Released", claim="other"),
        volume("Released", space="elsewhere"),
        {"metadata": {"name": "free"}, "spec": {}, "status": {"phase": "Available"}},
    ]
    assert released(volumes, "ales", "sets") == ["Released-sets-u-ales"]


def test_of_several_volumes_that_a_claim_left_behind_none_is_taken() -> None:
    """The binder would pick one of them, and with it perhaps the sets of last year."""

    class Two:
        namespace = "ales"
        patched = False

        def get(self, _: str) -> list[dict[str, object]]:
            return [volume("Released") | {"metadata": {"name": name}} for name in ("pv-1", "pv-2")]

        def run(self, *_: str) -> None:
            self.patched = True

    two: Any = Two()
    with pytest.raises(pulumi.RunError, match=r"2 volumes were left behind by .*: pv-1, pv-2"):
        bind_again(two, "sets", None)
    assert not two.patched
    assert bind_again(two, "sets", "pv-2") == ["pv-2"], "the claim itself says which"

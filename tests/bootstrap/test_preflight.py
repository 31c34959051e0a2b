"""What a machine must have: asked before anything is changed, and said in one breath."""

import json
import subprocess
import sys
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bootstrap import building, preflight, reachable, tools
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import ROOT, Place, from_environment
from bootstrap.progress import Steps
from tests.lib.answering import answering
from toolchain import packages
from toolchain.errors import SetupError
from toolchain.packages import Need


@pytest.mark.parametrize("name", [".tools", ".state", ".venv"])
def test_a_file_in_a_directorys_place_is_named_and_left(place: Place, name: str) -> None:
    (place.root / name).write_text("mine")

    found = preflight.problems(place, Cluster(Kind.NAMED, "work"))

    assert [text for text in found if str(place.root / name) in text and "move it away" in text]
    assert (place.root / name).read_text() == "mine"


def test_make_up_with_a_backup_directory_that_is_a_file_changes_nothing(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.write_text("mine")
    tree = checkout(tmp_path / "tree")
    before = sorted(tree.rglob("*"))

    done = subprocess.run(
        [sys.executable, "-B", "-m", "bootstrap", "up"],
        cwd=tree,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(tmp_path),
            "BACKUP_DIR": str(backups),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "this machine is not ready, nothing was changed" in done.stderr
    assert f"BACKUP_DIR={backups} is a file" in done.stderr
    # No Go on this PATH: said in the same breath, so that a person mends all at once.
    assert "there is no `go` on PATH" in done.stderr
    assert backups.read_text() == "mine"
    assert sorted(tree.rglob("*")) == before


def checkout(tree: Path) -> Path:
    """The Python packages that make starts with, without anything built."""
    for package in ("bootstrap", "localcluster", "toolchain"):
        for file in (ROOT / package).glob("*.py"):
            (tree / package).mkdir(parents=True, exist_ok=True)
            (tree / package / file.name).write_bytes(file.read_bytes())
    return tree


def test_too_little_space_is_said_before_anything_is_built(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "BUILD_SPACE", 10**9)

    found = preflight.problems(place, Cluster(Kind.LOCALCLUSTER, "localcluster"))

    assert any("GiB free, 1000000000 are needed: make room" in text for text in found)


def test_a_machine_with_pulumi_and_a_cluster_needs_no_room_for_building_them(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "BUILD_SPACE", 10**9)
    for name in ("pulumi", "kubectl"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    found = preflight.problems(place, Cluster(Kind.MINIKUBE, "minikube"))

    assert not [text for text in found if "GiB free" in text]


def test_with_minikube_neither_go_nor_room_for_a_build_is_asked_for(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulumi is downloaded then; where it cannot be, what a build takes is asked for."""
    monkeypatch.setattr(building, "BUILD_SPACE", 10**9)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert preflight.problems(place, Cluster(Kind.MINIKUBE, "minikube")) == []
    with pytest.raises(
        SetupError, match=r"(?s)cannot be built here either:\n- .*\n- there is no `go`"
    ):
        building.require(place)


def test_an_unknown_context_is_named_with_the_known_ones(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncontexts:\n- name: known\n  context: {cluster: c, user: u}\n"
    )

    with pytest.raises(SetupError) as refused:
        reachable.require(Cluster(Kind.NAMED, "work"), kubectl_environment(config))

    assert str(refused.value) == (
        "there is no kubeconfig context 'work'. Known: known. "
        "Name one with KUBE_CONTEXT=…, or leave it unset to have a cluster started"
    )


def test_a_cluster_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    config = kubeconfig_for("https://127.0.0.1:1", tmp_path)

    with pytest.raises(SetupError, match=r"'work' does not answer \(.*refused.*\): start it"):
        reachable.require(Cluster(Kind.NAMED, "work"), kubectl_environment(config))


@pytest.mark.parametrize(("minor", "is_refused"), [("26", True), ("27+", False), ("34", False)])
def test_a_kubernetes_that_is_too_old_is_named(
    tmp_path: Path, minor: str, is_refused: bool
) -> None:
    version = {"major": "1", "minor": minor, "gitVersion": f"v1.{minor}.3"}
    with api_server({"/readyz": "ok", "/version": json.dumps(version)}) as address:
        environment = kubectl_environment(kubeconfig_for(address, tmp_path))
        if not is_refused:
            reachable.require(Cluster(Kind.NAMED, "work"), environment)
            return
        with pytest.raises(SetupError, match=r"'work' is Kubernetes v1.26.3, and 1.27 or newer"):
            reachable.require(Cluster(Kind.NAMED, "work"), environment)


@pytest.mark.parametrize("full", [["True"], ["True", "False"], ["False"], None])
def test_a_node_without_room_is_said_before_the_server_is_waited_for(
    tmp_path: Path, full: list[str] | None
) -> None:
    answers = {"/readyz": "ok", "/version": json.dumps({"major": "1", "minor": "34"})}
    if full is not None:  # else the nodes are not ours to see
        answers["/api/v1/nodes"] = json.dumps({"kind": "NodeList", "items": list(map(node, full))})
    with api_server(answers) as address:
        environment = kubectl_environment(kubeconfig_for(address, tmp_path))
        if full != ["True"]:
            reachable.require(Cluster(Kind.NAMED, "work"), environment)
            return
        with pytest.raises(SetupError, match=r"the disk of the node n is full \(DiskPressure\)"):
            reachable.require(Cluster(Kind.NAMED, "work"), environment)


def node(pressure: str) -> dict[str, object]:
    """A node as the API shows it."""
    conditions = [{"type": "DiskPressure", "status": pressure}]
    return {"metadata": {"name": "n"}, "status": {"conditions": conditions}}


def api_server(answers: dict[str, str]) -> AbstractContextManager[str]:
    """An API server that knows these paths; its address."""

    def answer(path: str) -> tuple[int, bytes]:
        found = answers.get(path.partition("?")[0])
        return (200 if found else 403), (found or "{}").encode()

    return answering(answer)


def kubeconfig_for(address: str, folder: Path) -> Path:
    """With one context, `work`."""
    config = folder / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\n"
        f"clusters:\n- name: c\n  cluster: {{server: '{address}'}}\n"
        "users:\n- name: u\n  user: {token: t}\n"
        "contexts:\n- name: work\n  context: {cluster: c, user: u}\n"
    )
    return config


@pytest.mark.parametrize("name", ["a:b", "a,b", "a'b", "a\nb"])
def test_a_backup_directory_that_no_mount_can_name_is_refused(tmp_path: Path, name: str) -> None:
    place = from_environment({"HOME": "/home/me", "BACKUP_DIR": str(tmp_path / name)}, tmp_path)
    (said,) = preflight._directories(place)
    assert "which no mount of a cluster can have in its name: name another one" in said
    named = from_environment({"HOME": str(tmp_path), "BACKUP_DIR": f"{tmp_path}/a b"}, tmp_path)
    assert preflight._directories(named) == []


def kubectl_environment(config: Path) -> dict[str, str]:
    return {"PATH": str(ROOT / ".tools/bin"), "KUBECONFIG": str(config), "HOME": str(config.parent)}


def test_packages_are_named_before_they_are_installed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = StringIO()
    steps = Steps(total=1, console=Console(file=said, width=200))
    monkeypatch.setattr(preflight, "wanted", lambda **_: (Need("one", "/no/such"),))
    before = []

    def install(names: list[str], _log: Path) -> None:
        before.append((names, said.getvalue()))
        raise SetupError("not in a test")

    monkeypatch.setattr(packages, "install", install)

    with pytest.raises(SetupError, match="not in a test"):
        tools.prepare_node(place, steps)

    assert before == [(["one"], "  apt-get installs what is missing here: one (/no/such)\n")]

"""What a machine must have: asked before anything is changed, and said in one breath."""

import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import preflight
from bootstrap.clusters import Cluster, Kind, check_reachable
from bootstrap.place import ROOT, Place
from toolchain.errors import SetupError


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
    monkeypatch.setattr(preflight, "BUILD_SPACE", 10**9)

    found = preflight.problems(place, Cluster(Kind.LOCALCLUSTER, "localcluster"))

    assert any("GiB free, 1000000000 are needed: make room" in text for text in found)


def test_a_machine_with_pulumi_and_a_cluster_needs_no_room_for_building_them(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "BUILD_SPACE", 10**9)
    for name in ("pulumi", "kubectl"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    found = preflight.problems(place, Cluster(Kind.MINIKUBE, "minikube"))

    assert not [text for text in found if "GiB free" in text]


def test_an_unknown_context_is_named_with_the_known_ones(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncontexts:\n- name: known\n  context: {cluster: c, user: u}\n"
    )

    with pytest.raises(SetupError) as refused:
        check_reachable(Cluster(Kind.NAMED, "work"), kubectl_environment(config))

    assert str(refused.value) == (
        "there is no kubeconfig context 'work'. Known: known. "
        "Name one with KUBE_CONTEXT=…, or leave it unset to have a cluster started"
    )


def test_a_cluster_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\n"
        "clusters:\n- name: c\n  cluster: {server: 'https://127.0.0.1:1'}\n"
        "users:\n- name: u\n  user: {token: t}\n"
        "contexts:\n- name: work\n  context: {cluster: c, user: u}\n"
    )

    with pytest.raises(SetupError, match=r"'work' does not answer \(.*refused.*\): start it"):
        check_reachable(Cluster(Kind.NAMED, "work"), kubectl_environment(config))


def kubectl_environment(config: Path) -> dict[str, str]:
    return {"PATH": str(ROOT / ".tools/bin"), "KUBECONFIG": str(config), "HOME": str(config.parent)}

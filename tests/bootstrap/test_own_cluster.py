"""Nothing but the stack's own cluster is touched, by make or in a shell of `make env`.

Seen with a real minikube: another profile was the active one, and `make stop` stopped it, `make up`
started it, and the guide's `$CLUSTER delete` deleted it.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bootstrap import lifecycle, mounts
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children
from bootstrap.place import ROOT, Place
from bootstrap.progress import Steps
from bootstrap.shell import export_lines
from tests.bootstrap.minikube import ACTIVE, Minikube
from toolchain.errors import SetupError

OURS = Cluster(Kind.MINIKUBE, "minikube")
KUBECTL = ROOT / ".tools/bin"


@pytest.fixture(name="minikube")
def _minikube(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Minikube:
    found = Minikube.install(tmp_path / "a bin")
    monkeypatch.setenv("PATH", f"{KUBECTL}:/usr/bin:/bin")
    monkeypatch.setenv("PATH", str(found.folder), prepend=":")
    monkeypatch.setenv("HOME", str(tmp_path / "a home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("MINIKUBE_PROFILE", raising=False)
    (tmp_path / "a home/.kube").mkdir(parents=True)
    place.tools.mkdir()
    return found


def start(place: Place) -> None:
    """Bring the cluster up as `make up` does; that nothing answers is what it then finds."""
    with (
        Steps(total=1).step("Cluster") as step,
        pytest.raises(SetupError, match=r"does not answer|no context"),
    ):
        lifecycle._start(place, OURS, for_children(place, OURS), step)


def shell(place: Place, script: str, cluster: Cluster = OURS) -> list[str]:
    """What a script prints in a shell of `make env`."""
    lines = "\n".join(["set -e", *export_lines(place, cluster), script])
    # Standard tools and kubectl only: neither the caller's exports nor its current context.
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "KUBECONFIG") if key in os.environ}
    done = subprocess.run(
        ["bash", "-c", lines], env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.trap(53)
def test_make_starts_its_own_profile_and_leaves_the_active_one(
    place: Place, minikube: Minikube
) -> None:
    start(place)
    start(place)

    mount = f"start --mount --mount-string={place.backup_dir}:{mounts.MOUNT}"
    status = ("minikube", "status --output=json")
    assert minikube.asked() == [("minikube", mount), status, status, status]
    assert minikube.runs(ACTIVE)


@pytest.mark.trap(53)
def test_make_stops_its_own_profile_and_leaves_the_active_one(
    place: Place, minikube: Minikube
) -> None:
    start(place)

    lifecycle.stop(place)

    assert minikube.asked()[-1] == ("minikube", "stop")
    assert minikube.runs(ACTIVE)
    assert not minikube.runs("minikube")


@pytest.mark.trap(53)
def test_the_guides_commands_delete_the_own_cluster_only(place: Place, minikube: Minikube) -> None:
    start(place)

    shell(place, "$CLUSTER stop; $CLUSTER delete; minikube status || minikube start; minikube stop")

    assert {profile for profile, _ in minikube.asked()} == {"minikube"}
    assert minikube.runs(ACTIVE)


def test_plain_kubectl_goes_to_the_own_cluster_whatever_is_the_current_one(
    place: Place, minikube: Minikube
) -> None:
    start(place)
    current = "kubectl config current-context"
    server = "kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}{\"\\n\"}'"
    mine = ["minikube", "https://minikube.test:8443"]
    assert shell(place, f"{current}; {server}") == mine

    # In another terminal: it becomes the person's current context.
    person = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    subprocess.run(["minikube", "start", "-p", "other"], env=person, check=True)
    told = subprocess.run(current.split(), env=person, capture_output=True, text=True, check=True)
    assert told.stdout == "other\n"
    assert shell(place, f"{current}; {server}") == mine
    # In this very shell, between two commands.
    assert shell(place, f"minikube start -p third; {current}; {server}") == mine
    told = subprocess.run(current.split(), env=person, capture_output=True, text=True, check=True)
    assert told.stdout == "third\n", "the person's own kubeconfig has what minikube wrote"


def test_a_named_cluster_has_its_own_shell_too(
    place: Place, minikube: Minikube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("work", "play"):
        contexts = [{"name": name, "context": {"cluster": "c", "user": "u", "namespace": name}}]
        content = {"kind": "Config", "contexts": contexts, "current-context": name}
        (tmp_path / f"a {name}").write_text(json.dumps({"apiVersion": "v1"} | content))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/a play:{tmp_path}/a work")
    work = Cluster(Kind.NAMED, "work")

    told = shell(place, "kubectl config current-context; echo ${CLUSTER:-none}", work)

    assert told == ["work", "none"]
    assert for_children(place, work)["KUBECONFIG"] == f"{tmp_path}/a play:{tmp_path}/a work"


def test_make_in_a_shell_of_make_env_sees_the_persons_kubeconfig(
    place: Place, minikube: Minikube, monkeypatch: pytest.MonkeyPatch
) -> None:
    """minikube takes the first file of the list: into ours it must write nothing."""
    (inside,) = shell(place, 'printf "%s\\n" "$KUBECONFIG"')
    monkeypatch.setenv("KUBECONFIG", inside)

    own = f"{os.environ['HOME']}/.kube/config"
    assert inside == f"{place.shell}/brewget-current-context:{own}"
    assert for_children(place, OURS)["KUBECONFIG"] == own
    assert shell(place, 'printf "%s\\n" "$KUBECONFIG"') == [inside]
    local = Cluster(Kind.LOCALCLUSTER, "two")
    monkeypatch.setenv("KUBECONFIG", for_children(place, local)["KUBECONFIG"])
    assert for_children(place, OURS)["KUBECONFIG"] == own

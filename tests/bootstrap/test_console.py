"""`make up` and the console: on by itself, off where somebody said so, never in the way."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap import console, console_image, summary
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children, variables
from bootstrap.place import ROOT, Place, from_environment
from bootstrap.stack import Stack
from localcluster.images import CONSOLE as IMAGE
from tests.bootstrap.minikube import Minikube
from toolchain.errors import SetupError

MINIKUBE = Cluster(Kind.MINIKUBE, "minikube")
NAMED = Cluster(Kind.NAMED, "work")


@dataclass
class Checkout:
    """A stack of the real Pulumi, and a minikube of our own."""

    stack: Stack
    minikube: Minikube

    @property
    def bin(self) -> Path:
        """Where the stand-in is told how to fail."""
        return self.minikube.folder

    def prepare(self, cluster: Cluster = MINIKUBE) -> str:
        """Do it as `make up` does and return what it said."""
        said: list[str] = []
        console.prepare(self.stack, cluster, said.append)
        return "\n".join(said)

    def set(self, *arguments: str) -> None:
        """As a person sets something."""
        self.stack.pulumi("config", "set", *arguments, "--stack", self.stack.place.stack)

    def builds(self) -> int:
        """How often an image was built."""
        build = ("minikube", f"image build --tag {IMAGE} console")
        assert {profile for profile, _ in self.minikube.asked()} <= {"minikube"}
        return self.minikube.asked().count(build)


@pytest.fixture
def checkout(place: Place, tmp_path: Path) -> Checkout:
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    (place.root / "console").mkdir()
    (place.root / "console/app.py").write_text("1\n")
    (place.root / "console/monitoring").mkdir()
    shutil.copy2(ROOT / "console/.dockerignore", place.root / "console")
    minikube = Minikube.install(tmp_path / "bin")
    ours = {k: v for k, v in variables(place, MINIKUBE).items() if k != "PULUMI_HOME"}
    environment = for_children(from_environment(), MINIKUBE) | ours
    environment["PATH"] = f"{tmp_path / 'bin'}:{environment['PATH']}"
    stack = Stack(place, environment)
    stack.select()
    return Checkout(stack, minikube)


def test_it_is_on_by_itself_and_built_once_until_it_changes(checkout: Checkout) -> None:
    assert "the console is on" in checkout.prepare()
    assert console.is_on(checkout.stack)
    assert checkout.builds() == 1

    assert checkout.prepare() == ""
    assert checkout.builds() == 1

    (checkout.stack.place.root / "console/app.py").write_text("2\n")
    checkout.prepare()
    assert checkout.builds() == 2
    # What .dockerignore keeps out of the build is no other image either.
    (checkout.stack.place.root / "console/monitoring/dashboard.json").write_text("{}\n")
    checkout.prepare()
    assert checkout.builds() == 2
    # minikube was deleted and started again: its images are gone.
    (checkout.bin / "built").unlink()
    checkout.prepare()
    assert checkout.builds() == 3


@pytest.mark.parametrize("way", [[], ["--path"]])
def test_a_persons_no_is_kept(checkout: Checkout, way: list[str]) -> None:
    checkout.set(*way, "console.enabled", "false")
    before = checkout.stack.place.stack_file.read_text()

    assert checkout.prepare() == ""

    assert checkout.stack.place.stack_file.read_text() == before
    assert checkout.builds() == 0


def test_an_image_of_ones_own_is_left_alone(checkout: Checkout) -> None:
    checkout.set("console.image", "registry.example/console:1")
    assert checkout.prepare() == checkout.prepare(NAMED) == ""
    assert checkout.builds() == 0
    assert not console.is_on(checkout.stack)


@pytest.mark.parametrize("way", [None, [], ["--path"]])
def test_without_an_image_it_stays_off_and_up_goes_on(
    checkout: Checkout, way: list[str] | None
) -> None:
    if way is not None:
        checkout.set(*way, "console.enabled", "true")
    (checkout.bin / "broken").touch()

    said = checkout.prepare()

    assert "there is no console: `minikube --profile minikube image build" in said
    assert "ended with status 3, see above" in said
    assert "`make up` tries again" in said
    assert checkout.stack.own("console.enabled") == "", "no choice of anybody's"
    (checkout.bin / "broken").unlink()
    assert "the console is on" in checkout.prepare()


def test_a_build_that_hangs_is_given_up(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_image, "BUILD_SECONDS", 1)
    (checkout.bin / "slow").touch()
    assert "was not done after 1 s" in checkout.prepare()
    assert not console.is_on(checkout.stack)


def test_with_an_older_image_it_runs_on(checkout: Checkout) -> None:
    checkout.prepare()
    (checkout.stack.place.root / "console/app.py").write_text("broken\n")
    (checkout.bin / "broken").touch()

    assert "keeps its previous image" in checkout.prepare()

    assert console.is_on(checkout.stack)


def test_on_a_foreign_cluster_nothing_is_built_or_switched_on(checkout: Checkout) -> None:
    assert checkout.prepare(NAMED) == ""
    assert not console.is_on(checkout.stack)
    checkout.set("console.enabled", "true")
    with pytest.raises(SetupError, match="push console/ as an image to its registry"):
        checkout.prepare(NAMED)
    assert checkout.builds() == 0


def test_a_stack_that_moves_to_a_foreign_cluster_leaves_its_console_behind(
    checkout: Checkout,
) -> None:
    checkout.prepare()
    assert "nothing can be built on 'work'" in checkout.prepare(NAMED)
    assert not console.is_on(checkout.stack)


def test_a_localcluster_is_asked_each_time_and_looks_itself() -> None:
    local = Cluster(Kind.LOCALCLUSTER, "c")
    words = " ".join(console_image.command(local))
    assert words == "python -m localcluster --profile c image make console"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("config: {}\n", ""),
        ("config:\n  brewget:console.enabled: true\n", "true"),
        ('config:\n  brewget:console.enabled: "false"\n', "false"),
        ("config:\n  brewget:console:\n    enabled: false\n", "false"),
        ("config:\n  brewget:console: true\n", ""),
        ("config:\n  other:console.enabled: true\n", ""),
    ],
)
def test_what_the_stack_sets_itself(place: Place, text: str, value: str) -> None:
    stack = Stack(place, {})
    assert stack.own("console.enabled") == ""
    place.stack_file.write_text(text)
    assert stack.own("console.enabled") == value


def test_the_summary_names_the_door_only_where_there_is_one(checkout: Checkout) -> None:
    def named(has_console: bool) -> list[str]:
        facts = summary.Facts(MINIKUBE, "brewget", {}, [], summary.now(), has_console)
        return [command for command, _ in summary.next_steps(facts)]

    assert "make console" in named(True)
    assert "make console" not in named(False)
    assert set(named(False)) < set(named(True))

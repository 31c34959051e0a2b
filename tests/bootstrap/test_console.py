"""`make up` and the console: on by itself, off where somebody said so, never in the way."""

import shutil
from pathlib import Path

import pytest

from bootstrap import built, summary
from bootstrap.built import CONSOLE
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import ROOT, Place
from bootstrap.stack import Stack
from localcluster import recipes
from tests.bootstrap.checkout import MINIKUBE, NAMED, Checkout
from toolchain.errors import SetupError


@pytest.fixture
def checkout(place: Place, tmp_path: Path) -> Checkout:
    (place.root / "console").mkdir()
    (place.root / "console/app.py").write_text("1\n")
    (place.root / "console/monitoring").mkdir()
    shutil.copy2(ROOT / "console/.dockerignore", place.root / "console")
    return Checkout.make(place, tmp_path, CONSOLE)


def test_it_is_on_by_itself_and_built_once_until_it_changes(checkout: Checkout) -> None:
    assert "the console is on" in checkout.prepare()
    assert checkout.is_on
    assert checkout.builds() == 1
    first = checkout.image
    assert first == built.name_of(CONSOLE, checkout.stack)

    assert checkout.prepare() == ""
    assert checkout.builds() == 1

    (checkout.stack.place.root / "console/app.py").write_text("2\n")
    checkout.prepare()
    assert checkout.builds() == 2
    assert checkout.image != first, "a Deployment is rolled by nothing else"
    # Back to what the cluster has already.
    (checkout.stack.place.root / "console/app.py").write_text("1\n")
    checkout.prepare()
    assert (checkout.builds(), checkout.image) == (2, first)
    # What .dockerignore keeps out of the build is no other image either.
    (checkout.stack.place.root / "console/monitoring/dashboard.json").write_text("{}\n")
    checkout.prepare()
    assert (checkout.builds(), checkout.image) == (2, first)
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
    assert not checkout.is_on


@pytest.mark.trap(54)
@pytest.mark.parametrize("way", [None, [], ["--path"]])
def test_without_an_image_it_stays_off_and_up_goes_on(
    checkout: Checkout, way: list[str] | None
) -> None:
    if way is not None:
        checkout.set(*way, "console.enabled", "true")
    (checkout.bin / "broken").touch()

    said = checkout.prepare()

    assert "there is no console: `minikube --profile minikube image build" in said
    assert "has made no image, see above" in said
    assert "`make up` tries again" in said
    assert checkout.image == ""
    assert checkout.stack.own("console.enabled") == "", "no choice of anybody's"
    (checkout.bin / "broken").unlink()
    assert "the console is on" in checkout.prepare()


def test_a_build_that_hangs_is_given_up(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built, "BUILD_SECONDS", 1)
    (checkout.bin / "slow").touch()
    assert "was not done after 1 s" in checkout.prepare()
    assert not checkout.is_on


def test_with_an_older_image_it_runs_on(checkout: Checkout) -> None:
    checkout.prepare()
    before = checkout.image
    (checkout.stack.place.root / "console/app.py").write_text("broken\n")
    (checkout.bin / "broken").touch()

    assert "keeps its previous image" in checkout.prepare()

    assert checkout.is_on
    assert checkout.image == before


def test_on_a_foreign_cluster_nothing_is_built_or_switched_on(checkout: Checkout) -> None:
    assert checkout.prepare(NAMED) == ""
    assert not checkout.is_on
    checkout.set("console.enabled", "true")
    with pytest.raises(SetupError, match="push console/ as an image to its registry"):
        checkout.prepare(NAMED)
    assert checkout.builds() == 0


def test_a_stack_that_moves_to_a_foreign_cluster_leaves_its_console_behind(
    checkout: Checkout,
) -> None:
    checkout.prepare()
    assert "nothing can be built on 'work'" in checkout.prepare(NAMED)
    assert not checkout.is_on
    assert checkout.image == ""


def test_a_localcluster_makes_its_own(place: Place) -> None:
    local = Cluster(Kind.LOCALCLUSTER, "c")
    words = " ".join(built.command(CONSOLE, Stack(place, {}), local))
    assert recipes.WANTED[CONSOLE.recipe] is recipes.CONSOLE
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
    def named(has_console: bool, **outputs: str) -> list[str]:
        facts = summary.Facts(MINIKUBE, "brewget", outputs, [], summary.now(), has_console)
        return [command for command, _ in summary.next_steps(facts)]

    assert "make console" in named(True)
    assert "make console" not in named(False)
    assert set(named(False)) < set(named(True))
    assert "make recovery-sheet" in named(False, recovery_sheet="[secret]")
    assert "make recovery-sheet" not in named(True)

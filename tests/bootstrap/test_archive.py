"""`make up` and the archive's image: built on the server's own, where a person has switched it on."""

import shutil
from pathlib import Path

import pytest

from bootstrap import built, passphrase
from bootstrap.built import ARCHIVE
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import ROOT, Place
from bootstrap.stack import Stack
from components.settings.postgres import IMAGE
from localcluster import images, recipes
from tests.bootstrap.checkout import NAMED, Checkout
from toolchain.errors import SetupError

PGVECTOR = "pgvector/pgvector:pg16"


@pytest.fixture
def checkout(place: Place, tmp_path: Path) -> Checkout:
    shutil.copytree(ROOT / "scripts/image", place.root / "scripts/image")
    made = Checkout.make(place, tmp_path, ARCHIVE)
    made.set("--path", "archive.enabled", "true")
    return made


def test_it_is_built_for_nobody_who_has_not_asked_for_it(place: Place, tmp_path: Path) -> None:
    checkout = Checkout.make(place, tmp_path, ARCHIVE)
    assert checkout.prepare() == checkout.prepare(NAMED) == ""
    assert (checkout.is_on, checkout.builds()) == (False, 0)


def _base(checkout: Checkout) -> str:
    """What the newest build was told to build on."""
    folder = checkout.minikube.asked()[-2][1].split()[-1]
    lines = (checkout.stack.place.root / folder / "Dockerfile").read_text().splitlines()
    (base,) = (line for line in lines if line.startswith("ARG BASE="))
    return base.removeprefix("ARG BASE=")


def _change(checkout: Checkout) -> None:
    with (checkout.stack.place.root / "scripts/image/Dockerfile").open("a") as file:
        file.write("# other\n")


def test_it_is_built_on_the_servers_image_whichever_that_is(checkout: Checkout) -> None:
    assert "building the archive's image" in checkout.prepare()
    assert _base(checkout) == f"docker.io/library/{IMAGE}"
    first = checkout.image
    assert first.startswith(f"{images.TOOLS_NAME}:")
    checkout.set("--path", "postgres.image", IMAGE)
    assert (checkout.prepare(), checkout.builds()) == ("", 1), "the same, though by name"

    checkout.set("--path", "postgres.image", PGVECTOR)
    checkout.prepare()
    assert _base(checkout) == f"docker.io/{PGVECTOR}"
    assert (checkout.builds(), checkout.image == first) == (2, False)

    _change(checkout)
    second = checkout.image
    checkout.prepare()
    assert (checkout.builds(), checkout.image == second) == (3, False)


def test_an_older_image_does_only_on_the_same_base(checkout: Checkout) -> None:
    """The one of another server has other programs, or another C library."""
    checkout.prepare()
    first = checkout.image
    (checkout.bin / "broken").touch()
    _change(checkout)
    assert "the archive keeps its previous image" in checkout.prepare()
    assert (checkout.is_on, checkout.image) == (True, first)

    checkout.set("--path", "postgres.image", "postgres:17.11-alpine")

    no_image = r"archive\.enabled is true, but there is no image for it: .* has made no image"
    with pytest.raises(SetupError, match=no_image):
        checkout.prepare()
    assert checkout.is_on, "as it was chosen"


def test_a_persons_no_and_a_persons_image_are_kept(checkout: Checkout) -> None:
    for key, value in (
        ("enabled", "false"),
        ("image", "registry.example/postgres-tools:1"),
        ("enabled", "true"),
    ):
        checkout.set("--path", f"archive.{key}", value)
        before = checkout.stack.place.stack_file.read_text()

        assert checkout.prepare() == checkout.prepare(NAMED) == ""

        assert checkout.stack.place.stack_file.read_text() == before
    assert checkout.builds() == 0


def test_on_a_foreign_cluster_it_is_said_what_to_push(checkout: Checkout) -> None:
    with pytest.raises(SetupError) as refused:
        checkout.prepare(NAMED)
    assert str(refused.value) == (
        "archive.enabled is true, but nothing can be built on 'work': push scripts/image/ as an "
        f"image, built on docker.io/library/{IMAGE}, to its registry. Example: "
        "pulumi config set --path archive.image registry.example/postgres-tools:1"
    )


def test_a_localcluster_makes_it_on_what_the_stack_names(place: Place) -> None:
    shutil.copytree(ROOT / "scripts/image", place.root / "scripts/image")
    place.stack_file.write_text(
        f"config:\n  brewget:postgres:\n    image: {recipes.SERVERS['postgres-17'].tag}\n"
    )
    stack, local = Stack(place, {}), Cluster(Kind.LOCALCLUSTER, "c")

    words = " ".join(built.command(ARCHIVE, stack, local))

    assert words == (
        "python -m localcluster --profile c image make tools "
        f"--base {recipes.SERVERS['postgres-17'].tag}"
    )
    made = recipes.tools(recipes.SERVERS["postgres-17"].tag)
    assert built.name_of(ARCHIVE, stack) == made.tag


def test_the_passphrase_is_among_the_settings_once_and_never_in_the_clear(
    checkout: Checkout,
) -> None:
    stack = checkout.stack
    passphrase.keep(stack)
    kept = stack.own("archive.passphrase")
    assert "secure" in kept
    plain = stack.pulumi(
        "config", "get", "--path", "archive.passphrase", "--stack", stack.place.stack
    )
    assert len(plain.strip()) >= 32
    assert plain.strip() not in stack.place.stack_file.read_text()
    passphrase.keep(stack)
    assert stack.own("archive.passphrase") == kept

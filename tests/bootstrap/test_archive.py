"""`make up` and the archive: on by itself, off where somebody said so, and never left behind."""

import base64
import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bootstrap import built, passphrase
from bootstrap.built import ARCHIVE
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import ROOT, Place
from bootstrap.stack import Stack
from components.settings.postgres import IMAGE
from localcluster import images, recipes
from tests.bootstrap.checkout import MINIKUBE, NAMED, Checkout
from toolchain.errors import SetupError

PGVECTOR = "pgvector/pgvector:pg16"


@pytest.fixture
def checkout(place: Place, tmp_path: Path) -> Checkout:
    shutil.copytree(ROOT / "scripts/image", place.root / "scripts/image")
    return Checkout.make(place, tmp_path, ARCHIVE)


def test_it_is_on_by_itself_and_says_what_that_does(checkout: Checkout) -> None:
    said = checkout.prepare().splitlines()
    assert said == [
        "building the archive's image (two minutes, once)",
        "the archive is on, and restarts a server that is up, once; without: pulumi config set "
        "--path archive.enabled false, then make up",
    ]
    assert (checkout.is_on, checkout.builds()) == (True, 1)
    assert checkout.prepare() == ""


def test_without_an_image_it_stays_off_and_up_goes_on(checkout: Checkout) -> None:
    (checkout.bin / "broken").touch()

    (said,) = checkout.prepare().splitlines()[1:]

    assert said.startswith("there is no archive: `minikube --profile minikube image build")
    assert said.endswith("The database does without; `make up` tries again")
    assert (checkout.stack.own("archive.enabled"), checkout.image) == ("", ""), "nobody's choice"
    (checkout.bin / "broken").unlink()
    assert "the archive is on" in checkout.prepare()


def test_on_a_foreign_cluster_it_is_not_switched_on(checkout: Checkout) -> None:
    assert checkout.prepare(NAMED) == ""
    assert not checkout.is_on


@pytest.mark.parametrize("key", ["recipients[0]", "identity", "identitySecret"])
def test_encrypted_sets_have_its_image_also_without_it(checkout: Checkout, key: str) -> None:
    checkout.set("--path", "archive.enabled", "false")
    secret = ["--secret"] if key == "identity" else []
    checkout.set("--path", *secret, f"encryption.{key}", "age1ale")

    assert checkout.prepare() == "building the archive's image (two minutes, once)"

    assert checkout.image == built.name_of(ARCHIVE, checkout.stack)
    assert checkout.stack.own("archive.enabled") == "false", "a person's no"
    (checkout.bin / "built").unlink()
    (checkout.bin / "broken").touch()
    with pytest.raises(
        SetupError, match=r"^encryption\.\w+ is set, but there is no image for it: "
    ):
        checkout.prepare()


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
    checkout.prepare()
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
    with pytest.raises(SetupError, match=no_image) as refused:
        checkout.prepare()
    assert str(refused.value).endswith("pulumi config set --path archive.enabled false")
    assert checkout.is_on, "it may have what no set has"


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
    checkout.set("--path", "archive.enabled", "true")
    with pytest.raises(SetupError) as refused:
        checkout.prepare(NAMED)
    assert str(refused.value) == (
        "archive.enabled is true, but nothing can be built on 'work': push scripts/image/ as an "
        f"image, built on docker.io/library/{IMAGE}, to its registry. Example: "
        "pulumi config set --path archive.image registry.example/postgres-tools:1. To go on "
        "without it, and without what it alone has: pulumi config set --path archive.enabled false"
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
    _cluster_has(checkout, "")
    passphrase.keep(stack, MINIKUBE)
    kept = stack.own("archive.passphrase")
    assert "secure" in kept
    plain = stack.pulumi(
        "config", "get", "--path", "archive.passphrase", "--stack", stack.place.stack
    )
    assert len(plain.strip()) >= 32
    assert plain.strip() not in stack.place.stack_file.read_text()
    passphrase.keep(stack, MINIKUBE)
    assert stack.own("archive.passphrase") == kept


def _cluster_has(checkout: Checkout, passphrase_: str) -> None:
    kubectl = checkout.bin / "kubectl"
    encoded = base64.b64encode(passphrase_.encode()).decode()
    kubectl.write_text(
        f'#!/bin/sh\necho "$*" >>"{checkout.bin}/kubectl.asked"\nprintf %s {encoded}\n'
    )
    kubectl.chmod(0o755)


def _known(checkout: Checkout) -> str:
    get = ["config", "get", "--path", "archive.passphrase", "--stack"]
    return checkout.stack.pulumi(*get, checkout.stack.place.stack).strip()


def test_after_a_lost_state_the_passphrase_is_the_clusters(checkout: Checkout) -> None:
    """A new one would open nothing of what is in the store."""
    _cluster_has(checkout, "of the state that was lost")

    passphrase.keep(checkout.stack, MINIKUBE)

    assert _known(checkout) == "of the state that was lost"
    (asked,) = (checkout.bin / "kubectl.asked").read_text().splitlines()
    assert "--context minikube --namespace brewget get secret postgres-archive " in asked


def _beside_an_archive(checkout: Checkout, folder: Path) -> Stack:
    """The stack, with an archive of before in its store."""
    place = dataclasses.replace(checkout.stack.place, backup_dir=folder / "a store")
    (folder / "a store/archive").mkdir(parents=True)
    (folder / "a store/archive/systems").write_text("7300000000000000000\n")
    return dataclasses.replace(checkout.stack, place=place)


def _ways(stack: Stack) -> list[str]:
    """The commands that are named where nobody here can open the archive."""
    with pytest.raises(SetupError) as refused:
        passphrase.keep(stack, MINIKUBE)
    assert stack.own("archive.passphrase") == ""
    return re.findall(r"`([^`]+)`", str(refused.value))


def _run(stack: Stack, way: str) -> None:
    subprocess.run(way, shell=True, cwd=stack.place.root, check=True)  # noqa: S602 (as a person)


def test_beside_an_archive_that_nobody_can_open_none_is_made_up(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone and a cluster that are new, beside the store of a stack of before."""
    _cluster_has(checkout, "")
    stack = _beside_an_archive(checkout, tmp_path)

    sheet, _, aside = _ways(stack)

    assert sheet == "pulumi config set --path --secret archive.passphrase"
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda *_: False)
        assert _ways(stack)[-1] == f"sudo {aside}", "the store is the server's user's"
    _run(stack, aside)
    assert [path.name for path in (tmp_path / "a store").glob("*/systems")] == ["systems"]
    passphrase.keep(stack, MINIKUBE)
    assert len(_known(checkout)) >= 32


def test_a_passphrase_that_is_found_again_opens_what_was_taken_out(
    checkout: Checkout, tmp_path: Path
) -> None:
    """.state and the cluster are gone, the clone and the store are there."""
    _cluster_has(checkout, "of the archive")
    passphrase.keep(checkout.stack, MINIKUBE)
    _cluster_has(checkout, "")
    stack = _beside_an_archive(checkout, tmp_path)
    lost = stack.place.state.rename(tmp_path / "lost")
    stack.select()

    *_, back, _ = _ways(stack)

    shutil.copy(lost / "passphrase", stack.place.passphrase)
    _run(stack, back)
    stack.select()
    passphrase.keep(stack, MINIKUBE)
    assert _known(checkout) == "of the archive"


@pytest.mark.parametrize(
    ("storage", "cluster", "left", "is_asked_for"),
    [
        ("{}", MINIKUBE, "systems", True),
        ("{kind: hostPath, path: /mnt/data/brewget-postgres-backups}", MINIKUBE, "systems", True),
        ("{}", MINIKUBE, ".lock", False),
        ("{kind: storageClass}", MINIKUBE, "systems", False),
        ("{path: /mnt/data/two}", MINIKUBE, "systems", False),
        ("{}", NAMED, "systems", False),
    ],
)
def test_only_an_archive_in_the_stacks_own_store_is_asked_for(
    place: Place, storage: str, cluster: Cluster, left: str, *, is_asked_for: bool
) -> None:
    """A start makes the directory, a server's archiver the file."""
    assert place.backup_dir is not None
    archive = place.backup_dir / "archive"
    archive.mkdir(parents=True)
    (archive / left).touch()
    place.stack_file.write_text(f"config: {{brewget:backup: {{storage: {storage}}}}}\n")

    assert passphrase.of_before(Stack(place, {}), cluster) == (archive if is_asked_for else None)


def test_a_closed_archive_is_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's user alone may look into it."""
    assert place.backup_dir is not None
    monkeypatch.setattr(passphrase, "is_seen", lambda path: path.name == "archive" or None)
    assert passphrase.of_before(Stack(place, {}), MINIKUBE) == place.backup_dir / "archive"
    monkeypatch.setattr(passphrase, "is_seen", lambda _: None)
    assert passphrase.of_before(Stack(place, {}), MINIKUBE) is None, "unknown"

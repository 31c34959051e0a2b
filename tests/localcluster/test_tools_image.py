"""The image `tools`: what archive and encryption need on any server's image, by its packages or those laid out."""

import json
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from localcluster import cli, images, recipes
from localcluster.layout import REPOSITORY
from toolchain import userland
from toolchain.errors import SetupError

BASE = "localhost/brewget/test-base"
DOCKERFILE = """FROM scratch
COPY bin /bin
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN rm -f /bin/dpkg /bin/rpm && mkdir -p /usr/local/bin /opt /var/lib/apt/lists
COPY stubs /bin
"""
PROGRAMS = (
    "for name in pgbackrest restic age age-keygen; do "
    "printf '#!/bin/sh\\necho \"$*\" by $(id -u)\\n' >/bin/$name; chmod +x /bin/$name; done"
)
APK = f'#!/bin/sh\n[ "$*" = "add --no-cache pgbackrest restic age" ] || exit 64\n{PROGRAMS}\n'
APT_GET = (
    '#!/bin/sh\n[ "$*" = update ] && exit\n'
    '[ "$*" = "install -y --no-install-recommends pgbackrest restic age" ] || exit 64\n'
    f"{PROGRAMS}\n"
)


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where images are kept, apart from the checkout's."""
    monkeypatch.setattr(images, "ARCHIVES", tmp_path / "archives")
    monkeypatch.setattr(images, "OPTIONAL", tmp_path / "archives/optional")
    return tmp_path / "archives"


def _base(tmp_path: Path, tag: str, stubs: Mapping[str, str]) -> Path:
    """An image of nothing but a shell, and of what stands in for a registry of packages."""
    context = tmp_path / f"base-{tag}"
    for folder in ("bin", "stubs"):
        (context / folder).mkdir(parents=True)
    userland.ensure(REPOSITORY)
    shutil.copy2(userland.directory(REPOSITORY) / "busybox", context / "bin")
    for name, text in stubs.items():
        (context / "stubs" / name).write_text(text)
        (context / "stubs" / name).chmod(0o755)
    (context / "Dockerfile").write_text(DOCKERFILE)
    return images.build(f"{BASE}:{tag}", context, folder=tmp_path / "archives")


def _config(archive: Path) -> dict[str, Any]:
    """What an image says of itself."""
    with tarfile.open(archive) as tar:

        def read(name: str) -> Any:
            file = tar.extractfile(name)
            assert file is not None
            return json.load(file)

        def blob(entry: dict[str, Any]) -> Any:
            return read(f"blobs/{entry['digest'].replace(':', '/')}")

        manifest = blob(read("index.json")["manifests"][0])
        found: dict[str, Any] = blob(manifest["config"])["config"]
        return found


@pytest.mark.parametrize("stubs", [{"apk": APK}, {"apt-get": APT_GET}], ids=["alpine", "debian"])
def test_a_base_with_packages_of_its_own_gets_them(tmp_path: Path, stubs: dict[str, str]) -> None:
    """No registry can be reached here, so the programs that ask for packages are stand-ins."""
    (name,) = stubs
    base = _base(tmp_path, name, stubs)

    made = images.build(
        "localhost/brewget/test-tools:1",
        recipes.TOOLS_FOLDER,
        folder=tmp_path / "archives",
        arguments={"BASE": f"oci-archive:{base}"},
    )

    assert _config(made)["User"] == "70:70"


def test_a_base_that_cannot_have_it_is_refused_with_the_way(tmp_path: Path) -> None:
    base = _base(tmp_path, "bare", {})
    with pytest.raises(SetupError, match="lay the programs into scripts/image/packages"):
        images.build(
            "localhost/brewget/test-tools:1",
            recipes.TOOLS_FOLDER,
            folder=tmp_path / "archives",
            arguments={"BASE": f"oci-archive:{base}"},
        )
    assert [path.name for path in (tmp_path / "archives").iterdir()] == [base.name]


def test_it_is_made_on_any_image_that_is_kept_and_anew_when_that_changes(
    tmp_path: Path, archives: Path
) -> None:
    for tag in ("one", "two"):
        _base(tmp_path, tag, {})
    one, two = (recipes.tools(f"{BASE}:{tag}") for tag in ("one", "two"))

    assert [recipes.build(one), recipes.build(one), recipes.build(two)] == [True, False, True]

    # That its pgBackRest starts, for this user, the build itself has seen.
    assert _config(one.archive)["User"] == "70:70"
    older = one.archive.with_name(one.archive.name.replace(one.tag[-25:-13], "0" * 12))
    older.touch()
    recipes.remove_older(one)
    left = {path for path in (archives / "optional").glob("*.tar")}
    assert left == {one.archive, two.archive}
    shutil.rmtree(tmp_path / "base-one")
    _base(tmp_path, "one", {"more": ""})
    assert recipes.build(one)


def test_what_there_is_nothing_of_to_build_on_is_refused(archives: Path) -> None:
    with pytest.raises(SetupError, match=f"^there is no image {BASE}:no here to build on: `python"):
        recipes.tools(f"{BASE}:no")
    assert cli.main(["image", "make", "console", "--base", images.POSTGRES]) != 0
    assert not archives.exists()
    assert recipes.WANTED["tools"].base is recipes.POSTGRES
    assert recipes.tools(images.POSTGRES_DEBIAN).base is recipes.POSTGRES_DEBIAN

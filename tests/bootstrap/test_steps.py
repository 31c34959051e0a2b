"""Steps that make things: done once, whole or not at all, and refused before anything changes."""

import socket
import subprocess
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from pulumi.automation import _cmd as automation

from bootstrap import pulumi_cli, relock, venv
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import ROOT, Place
from bootstrap.stack import Stack
from localcluster.images import POSTGRES, POSTGRES_NAME
from tests.bootstrap.conftest import CutOff, stack_environment


@pytest.mark.parametrize("environment", [".venv", ".tools/console"])
def test_all_that_is_locked_can_be_installed_by_the_first_python_3_11(environment: str) -> None:
    """Debian 12 has 3.11.2; a lock that is made with a later Python takes what needs that."""
    places = [str(x) for x in (ROOT / environment).glob("lib/python3*/site-packages")]
    needs = {x.name: x.metadata.get("Requires-Python") or ">=3" for x in distributions(path=places)}

    assert len(needs) > 5
    assert not {x for x, versions in needs.items() if "3.11.0" not in SpecifierSet(versions)}


@pytest.mark.long
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


def test_a_setting_that_moves_is_not_lost_on_the_way(place: Place) -> None:
    """Ctrl-C between Pulumi's two commands: the next one goes on from there."""
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    (place.root / "Pulumi.dev.yaml").write_text("config:\n  brewget:console.enabled: true\n")
    subprocess.run(["git", "init", "-q"], cwd=place.root, check=True)
    stack = Stack(place, stack_environment(place))
    stack.select()
    for before in ("config rm", "config set"):
        with pytest.raises(KeyboardInterrupt):
            CutOff(place, stack.environment, before).set("console.enabled", "true")
        assert stack.own("console.enabled") == "true"

    stack.configure(Cluster(Kind.NAMED, "work"))

    written = yaml.safe_load(place.stack_file.read_text())["config"]
    assert written == {"brewget:console": {"enabled": True}, "brewget:kubeContext": "work"}

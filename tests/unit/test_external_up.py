"""`make up` of a stack whose server others run: no archive, no pod of a server to ask or to name."""

import dataclasses
import json
from pathlib import Path

import pytest

from bootstrap import backups, built, summary, switches
from bootstrap.built import ARCHIVE, CONSOLE
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import from_environment
from bootstrap.stack import Stack
from toolchain.errors import SetupError

LOCAL = Cluster(Kind.LOCALCLUSTER, "c")
EXTERNAL = {"postgres": {"engine": "external"}}
LISTING = [
    {"set": "backup_1", "state": "failed"},
    {"set": "backup_2", "state": "published"},
]


def stack_of(folder: Path, settings: dict[str, object]) -> Stack:
    """A stack with these settings in its file."""
    stack = Stack(dataclasses.replace(from_environment({}), root=folder), {"PATH": "/usr/bin:/bin"})
    config = {f"brewget:{key}": value for key, value in settings.items()}
    stack.place.stack_file.write_text(json.dumps({"config": config}))
    return stack


@pytest.mark.parametrize(
    ("settings", "builds", "switched"),
    [
        ({}, True, [("archive.image", "made:1"), ("archive.enabled", "true")]),
        (EXTERNAL, False, []),
        # The image has age in it.
        (EXTERNAL | {"encryption": {"identitySecret": "mine"}}, True,
         [("archive.image", "made:1")]),
    ],
)  # fmt: skip
def test_the_archive_stays_off_and_its_image_comes_for_encrypted_sets(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, object],
    builds: bool,
    switched: list[tuple[str, str]],
) -> None:
    stack, made = stack_of(tmp_path, settings), list[tuple[str, str]]()
    built_for: list[str] = []
    monkeypatch.setattr(built, "ensure", lambda what, *_: built_for.append(what.group) or "made:1")
    monkeypatch.setattr(Stack, "set", lambda _, key, value: made.append((key, value)))
    switches.prepare(ARCHIVE, stack, LOCAL, lambda _: None)
    assert (built_for == ["archive"], made) == (builds, switched)


def test_the_console_is_switched_on_for_any_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, made = stack_of(tmp_path, EXTERNAL), list[tuple[str, str]]()
    monkeypatch.setattr(built, "ensure", lambda *_: "made:1")
    monkeypatch.setattr(Stack, "set", lambda _, key, value: made.append((key, value)))
    switches.prepare(CONSOLE, stack, LOCAL, lambda _: None)
    assert ("console.enabled", "true") in made


def test_the_sets_are_asked_of_a_job(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, EXTERNAL)
    script = tmp_path / "scripts/host/list-sets.sh"
    script.parent.mkdir(parents=True)
    script.write_text(f"#!/bin/bash\necho \"$*\" >{tmp_path}/asked\necho '{json.dumps(LISTING)}'\n")
    script.chmod(0o755)
    assert backups.published(stack, "c", "ales") == LISTING[1:]
    assert (tmp_path / "asked").read_text() == "--context c --namespace ales\n"
    script.write_text("#!/bin/bash\nexit 69\n")
    with pytest.raises(SetupError) as refused:
        backups.published(stack, "c", "ales")
    assert str(refused.value).endswith("list-sets.sh ended with 69, without a word")
    assert str(tmp_path) not in str(refused.value)


def test_the_sets_of_a_server_of_our_own_are_asked_of_its_pod(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text(f"#!/bin/bash\necho \"$*\" >{tmp_path}/asked\necho '[]'\n")
    program.chmod(0o755)
    stack = dataclasses.replace(
        stack_of(tmp_path, {}), environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert backups.published(stack, "c", "ales") == []
    assert "exec postgres-0 --container=postgres" in (tmp_path / "asked").read_text()


def test_the_summary_names_no_pod_of_a_server_that_is_not_there() -> None:
    outputs = {"host": "db.example", "port": 6432, "backup_path": "/data", "databases": ["shop"]}
    place = from_environment({})
    ours = summary.Facts(LOCAL, "ales", outputs, [], summary.now())
    others = dataclasses.replace(ours, is_external=True)
    assert ("server", "db.example:6432, run by others") in summary.rows(place, others)
    assert not [text for _, text in summary.rows(place, others) if "postgres-0" in text]
    assert [text for _, text in summary.rows(place, ours) if "postgres-0" in text]

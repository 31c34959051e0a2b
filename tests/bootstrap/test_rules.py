"""What make decides, as plain rules: where the stack lives, what is stale, what is said."""

import os
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bootstrap import docker, memory, mounts, shell, summary
from bootstrap.clusters import Cluster, Kind, Machine, choose, command, kubeconfig, recorded
from bootstrap.docker import Docker
from bootstrap.exported import has_pending
from bootstrap.linting import is_shell_script
from bootstrap.place import Place, from_environment
from bootstrap.pulumi_cli import is_new_enough
from bootstrap.settings_file import before, drop_foreign_salt
from toolchain.errors import SetupError

LOCAL = Cluster(Kind.LOCALCLUSTER, "localcluster")
MINIKUBE = Cluster(Kind.MINIKUBE, "minikube")


@pytest.mark.parametrize(
    ("variables", "has_minikube", "before", "expected"),
    [
        ({}, False, None, LOCAL),
        ({}, True, None, MINIKUBE),
        # A stack stays where its data is, whatever is installed later.
        ({}, True, LOCAL, LOCAL),
        ({}, False, Cluster(Kind.NAMED, "work"), Cluster(Kind.NAMED, "work")),
        ({}, False, Cluster(Kind.LOCALCLUSTER, "two"), Cluster(Kind.LOCALCLUSTER, "two")),
        ({"LOCALCLUSTER_PROFILE": "three"}, False, LOCAL, Cluster(Kind.LOCALCLUSTER, "three")),
        ({"LOCALCLUSTER_PROFILE": "three"}, True, None, Cluster(Kind.LOCALCLUSTER, "three")),
        # A name wins over all else.
        ({"KUBE_CONTEXT": "work"}, True, LOCAL, Cluster(Kind.NAMED, "work")),
        ({"KUBE_CONTEXT": "minikube"}, True, LOCAL, MINIKUBE),
        ({"KUBE_CONTEXT": "minikube"}, False, None, Cluster(Kind.NAMED, "minikube")),
        ({"KUBE_CONTEXT": "localcluster"}, True, None, LOCAL),
        ({"KUBE_CONTEXT": "play"}, True, None, Cluster(Kind.MINIKUBE, "play")),
    ],
)
def test_the_choice_of_a_cluster(
    place: Place,
    variables: dict[str, str],
    has_minikube: bool,
    before: Cluster | None,
    expected: Cluster,
) -> None:
    asked = from_environment({"HOME": "/home/somebody", **variables}, place.root)

    machine = Machine(has_minikube, before, frozenset({"play"}))
    assert choose(asked, machine) == expected


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine(has_minikube=True, recorded=None), "minikube, minikube is installed"),
        (
            Machine(has_minikube=False, recorded=None, has_docker=True),
            "minikube, docker is there, and minikube can be had",
        ),
        (
            Machine(has_minikube=False, recorded=None),
            "localcluster, there is neither minikube nor a docker to use",
        ),
        (Machine(has_minikube=True, recorded=LOCAL), "localcluster, the stack lives there"),
        (Machine(has_minikube=False, recorded=MINIKUBE), "minikube, the stack lives there"),
    ],
)
def test_the_choice_is_said_with_its_reason(place: Place, machine: Machine, expected: str) -> None:
    chosen = choose(place, machine)
    assert f"{chosen.kind.value}, {chosen.why}" == expected


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo 28.2.2", Docker.WORKS),
        ("echo; echo 'Cannot connect to the Docker daemon' >&2; exit 1", Docker.NONE),
        ("echo 'permission denied while trying to connect' >&2; exit 1", Docker.DENIED),
        (None, Docker.NONE),
    ],
)
def test_a_docker_is_one_that_this_user_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, found: Docker
) -> None:
    """The words are those of docker 28."""
    if script is not None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert docker.look.__wrapped__() is found


def test_a_later_command_without_variables_means_the_same_place(place: Place) -> None:
    memory.save(place.root, "dev", memory.Memory("localcluster", "two", "/srv/sets"))

    later = from_environment({"HOME": "/home/somebody"}, place.root)

    assert later.backup_dir == Path("/srv/sets")
    assert recorded(later) == Cluster(Kind.LOCALCLUSTER, "two")
    named = from_environment({"BACKUP_DIR": "/mnt/other", "STACK": "dev"}, place.root)
    assert named.backup_dir == Path("/mnt/other")


def test_a_damaged_memory_counts_as_none(place: Place) -> None:
    memory.save(place.root, "dev", memory.Memory("localcluster", "two", "/srv/sets"))
    (place.state / "settled-dev.json").write_text('{"kind": "localclu')

    assert recorded(place) is None


def test_the_export_lines_say_the_same_to_a_shell(place: Place, tmp_path: Path) -> None:
    place = from_environment({"HOME": str(tmp_path), "BACKUP_DIR": "/a $HOME 'b'"}, place.root)
    lines = shell.export_lines(place, LOCAL)
    names = [shlex.split(line)[1].partition("=")[0] for line in lines]
    show = [f'printf "%s\\n" "${name}"' for name in names]
    printed = subprocess.run(
        ["bash", "-c", "\n".join([*lines, *show])],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    told = dict(zip(names, printed.stdout.splitlines(), strict=True))

    own = place.own_cluster_programs
    assert told["PATH"] == f"{place.venv}/bin:{place.bin}:{os.environ['PATH']}:{own}"
    assert told["BACKUP_DIR"] == "/a $HOME 'b'"
    assert told["PULUMI_BACKEND_URL"] == f"file://{str(place.backend).replace(' ', '%20')}"
    assert told["KUBECONFIG"] == kubeconfig(place, LOCAL)
    assert told["CLUSTER"] == "python -m localcluster --profile localcluster"
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in told


def test_the_cluster_of_somebody_else_has_no_verbs() -> None:
    assert command(Cluster(Kind.NAMED, "work")) == ""
    assert command(MINIKUBE) == "minikube --profile minikube"


@pytest.mark.parametrize(
    ("version", "is_enough"),
    [("v3.259.0\n", True), ("v3.238.1", True), ("v3.237.9", False), ("v4.0.0", True), ("", False)],
)
def test_a_pulumi_on_path_must_be_new_enough(
    version: str,
    is_enough: bool,
) -> None:
    assert is_new_enough(version) is is_enough


def test_pending_operations_are_seen() -> None:
    assert has_pending({"deployment": {"pending_operations": [{"type": "creating"}]}})
    assert not has_pending({"deployment": {"resources": []}})
    assert not has_pending({})


def test_the_salt_of_a_lost_passphrase_goes_and_settings_stay(place: Place) -> None:
    file = place.stack_file
    file.write_text("encryptionsalt: v1:abc\nconfig:\n  brewget:kubeContext: minikube\n")

    drop_foreign_salt(place)

    assert file.read_text() == "config:\n  brewget:kubeContext: minikube\n"


def test_secrets_of_a_lost_passphrase_are_not_dropped(place: Place) -> None:
    file = place.stack_file
    text = "encryptionsalt: v1:abc\nconfig:\n  brewget:postgres.password:\n    secure: xyz\n"
    file.write_text(text)

    with pytest.raises(SetupError, match=r"the passphrase that they need is not here"):
        drop_foreign_salt(place)

    assert file.read_text() == text


def test_the_archives_passphrase_goes_with_what_it_was_encrypted_with(place: Place) -> None:
    """`make` has written it by itself, and has it again from the cluster; where that is gone, too,
    it would be nowhere, should the passphrase be found.
    """
    head = "encryptionsalt: v1:abc\n"
    kept = "config:\n  brewget:archive:\n    enabled: true\n{}    image: one\n  brewget:backup:\n    keep: 3\n"
    own = "    passphrase:\n      secure: v1:xyz\n"
    place.stack_file.write_text(head + kept.format(own))

    drop_foreign_salt(place)

    assert place.stack_file.read_text() == kept.format("")
    drop_foreign_salt(place)
    assert before(place).read_text() == head + kept.format(own)
    other = kept.format("") + f"  brewget:offsite:\n{own}"
    place.stack_file.write_text(head + other)
    with pytest.raises(SetupError, match=r"the passphrase that they need is not here"):
        drop_foreign_salt(place)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 */6 * * *", "2026-11-23 06:00"),
        ("*/5 * * * *", "2026-11-23 02:15"),
        ("30 2,14 * * *", "2026-11-23 02:30"),
        ("0 4 * * 0", "2026-11-29 04:00"),
        ("0 4 * * 7", "2026-11-29 04:00"),
        ("0 4 25 * 2", "2026-11-24 04:00"),
        ("10-20/5 3 * * 1-5", "2026-11-23 03:10"),
        ("0 0 1 1 *", "2027-01-01 00:00"),
        ("0 0 * * MON", "2026-11-30 00:00"),
    ],
)
def test_the_next_run(schedule: str, expected: str) -> None:
    now = datetime(2026, 11, 23, 2, 10, 31, tzinfo=UTC)

    told = summary.next_backup({"schedule": schedule}, now)

    assert told == f"{expected} UTC ({schedule})"


@pytest.mark.parametrize("schedule", ["@daily", "0 0 30 2 *"])
def test_a_schedule_whose_next_run_is_not_known_is_said_as_it_is(schedule: str) -> None:
    now = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
    assert summary.next_backup({"schedule": schedule}, now) == schedule


def test_the_next_run_is_said_in_the_schedules_own_zone() -> None:
    outputs = {"schedule": "0 3 * * *", "time_zone": "Asia/Tokyo"}
    now = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    assert summary.next_backup(outputs, now) == "2026-11-25 03:00 JST (0 3 * * *)"


@pytest.mark.parametrize("sets", [[], [{"set": "backup_20261123_020033"}]])
def test_sets_that_are_not_seen_on_this_machine_are_on_the_node_only(
    place: Place, sets: list[dict[str, str]]
) -> None:
    """An older store there is no proof: it may be of another cluster."""
    assert place.backup_dir is not None
    (place.backup_dir / "backup_20261101_000000").mkdir(parents=True)
    (place.backup_dir / ".store.json").touch()

    for there in (place, replace(place, backup_dir=None)):
        told = summary.backup_place(there, MINIKUBE, mounts.MOUNT, sets)
        assert told.startswith(f"{mounts.MOUNT} on the node ONLY")
        assert "minikube --profile minikube delete, BACKUP_DIR=/path make up" in told


def test_sets_that_could_not_be_looked_for_are_not_said_to_be_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is down, or the directory is its user's alone, as an older umask left it."""
    said = f"{mounts.MOUNT} on the node; whether in {place.backup_dir}, too, could not be seen"
    assert summary.backup_place(place, MINIKUBE, mounts.MOUNT, None) == said

    def closed(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", closed)
    sets = [{"set": "backup_20261123_020033"}]
    assert summary.backup_place(place, MINIKUBE, mounts.MOUNT, sets) == said
    assert mounts.holds_store(Path("/closed")), "only a store is given to the server's user"


def test_the_summary_names_the_newest_set_and_the_hosts_directory(place: Place) -> None:
    assert place.backup_dir is not None
    (place.backup_dir / "backup_20261123_020033").mkdir(parents=True)
    facts = summary.Facts(
        cluster=Cluster(Kind.LOCALCLUSTER, "two"),
        namespace="shop",
        outputs={"databases": ["orders"], "backup_path": mounts.MOUNT, "schedule": "0 5 * * *"},
        sets=[{"set": "backup_20261123_020033"}, {"set": "backup_20261122_235959"}],
        now=datetime(2026, 11, 23, 6, 0, tzinfo=UTC),
    )

    told = dict(summary.rows(place, facts))

    assert told["connect"].endswith("-n shop -c postgres -- psql -U postgres orders")
    assert told["backups"] == f"{place.backup_dir} (on the node: {mounts.MOUNT})"
    assert told["last set"] == "backup_20261123_020033 (2 in all)"
    assert told["next backup"] == "2026-11-24 05:00 UTC (0 5 * * *)"


def test_shell_scripts_are_found_by_ending_and_by_first_line(place: Place) -> None:
    for name, text in {
        "a.sh": "",
        "lib.bash": "",
        "run": "#!/usr/bin/env bash\n",
        "b": "#!/bin/sh -eu\n",
        "tool": "#!/usr/bin/env python3\n",
        "text": "bash\n",
    }.items():
        (place.root / name).write_text(text)
    names = sorted(path.name for path in place.root.iterdir())

    assert [name for name in names if is_shell_script(place, name)] == [
        "a.sh",
        "b",
        "lib.bash",
        "run",
    ]

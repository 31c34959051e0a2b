"""The archive in the program: off is off, who may do what, what pgBackRest is told, and its keys."""

import base64
import configparser
import json
import re
from typing import Any

import pulumi
import pytest

from components.backup.archive import Archive, ArchiveArgs
from components.cluster.archive import ArchivePods
from components.cluster.kubectl import Kubectl
from components.cluster.shipped import read_shipped
from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.types import OffsiteKind
from tests.lib.manifests import STACKS
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder

IMAGE = "registry.local:5000/team/tools:7"
SIZES = {"archive.fullHours": "96", "archive.diffHours": "12", "archive.incrHours": "3"}
CONFIG = {"archive.enabled": "true", "archive.image": IMAGE, "postgres.dataSize": "3Gi"} | SIZES
S3 = {key: value for key, value in STACKS["archive"].items() if key.startswith("offsite.")}
WORDS = re.compile(r"archiv|pgbackrest|TO_TIME|publishNotReady|synchronous_standby", re.I)


@pytest.fixture(name="archived")
def _archived(deploy: Deploy) -> Recorder:
    return deploy(config=CONFIG)


@pytest.fixture(name="offsite")
def _offsite(deploy: Deploy) -> Recorder:
    return deploy(config=CONFIG | S3 | {"archive.synchronous": "true"})


def containers(stack: Recorder, pod: str) -> dict[str, dict[str, Any]]:
    spec = stack.pods()[pod]["spec"]
    return {one["name"]: one for one in [*spec.get("initContainers", []), *spec["containers"]]}


def env(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container["env"]}


def mounts(container: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    found = container["volumeMounts"]
    return {one["mountPath"]: (one["name"], one["readOnly"]) for one in found}


def options(stack: Recorder) -> dict[str, str]:
    """What the server is started with."""
    command = containers(stack, "postgres")["postgres"]["command"]
    return dict(word.split("=", 1) for word in command if "=" in word)


def conf(stack: Recorder, repository: str) -> dict[str, str]:
    """One configuration, as pgBackRest reads it."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(stack.one("ConfigMap", "postgres-archive")["data"][f"{repository}.conf"])
    assert parser.sections() == ["global"]
    return dict(parser["global"])


def files(stack: Recorder, volume: str, pod: str = "postgres") -> dict[str, tuple[str, bool]]:
    """What is where in a volume: of which Secret, and whether a pod starts without it."""
    (found,) = [v for v in stack.pods()[pod]["spec"]["volumes"] if v["name"] == volume]
    assert found["projected"]["defaultMode"] == 0o440
    sources = [source["secret"] for source in found["projected"]["sources"]]
    return {
        item["path"]: (source["name"], source.get("optional", False))
        for source in sources
        for item in source["items"]
    }


def test_off_means_off(stack: Recorder) -> None:
    for made in stack.resources:
        # All scripts are in all pods, those of the archive as well.
        inputs = made.inputs if made.name != "scripts" else {}
        text = json.dumps(inputs, default=str)
        for name in (name for file in read_shipped() for name in (file.key, file.path)):
            text = text.replace(name, "")
        assert not WORDS.search(text), made.urn
    assert not [name for name in stack.exports if WORDS.search(name)]


def test_the_archiver_reads_the_data_and_has_no_password(archived: Recorder) -> None:
    """It writes the store; the server knows it by its user, over the socket."""
    archiver = containers(archived, "postgres")["archiver"]
    assert archiver["image"] == IMAGE
    assert archiver["command"] == ["bash", "/backup-scripts/archiver.sh"]
    assert mounts(archiver) == {
        "/etc/passwd": ("scripts", True),
        "/backup-scripts": ("scripts", True),
        "/tmp": ("tmp", False),  # noqa: S108 (a mount)
        "/backup": ("backup", False),
        "/var/run/postgresql": ("run", False),
        "/var/lib/postgresql/data": ("data", True),
        "/etc/pgbackrest": ("archive-conf", True),
        "/run/secrets/archive": ("archive-keys", True),
    }
    server = containers(archived, "postgres")["postgres"]
    assert archiver["securityContext"] == server["securityContext"]
    assert mounts(server)["/var/lib/postgresql/data"] == ("data", False)
    known = env(archiver)
    assert {key: known[key] for key in known if not key.startswith("BACKUP_")} == {
        "ARCHIVE_CONF": "/etc/pgbackrest",
        "ARCHIVE_KEYS": "/run/secrets/archive",
        "ARCHIVE_SYNCHRONOUS": "0",
        "ARCHIVE_FULL_HOURS": "96",
        "ARCHIVE_DIFF_HOURS": "12",
        "ARCHIVE_INCR_HOURS": "3",
        "PGDATA": env(server)["PGDATA"],
        "PGHOST": "/var/run/postgresql",
        "PGPORT": "5432",
        "PGUSER": "postgres",
    }
    assert known["BACKUP_SERVER_WAIT"] == "300"
    assert known["BACKUP_STORE_ID"] == env(server)["BACKUP_STORE_ID"]


def test_the_archiver_keeps_nobody_from_the_server(archived: Recorder) -> None:
    """A container that does not run makes its pod unready, whatever probes it has."""
    spec = archived.pods()["postgres"]["spec"]
    assert [one["name"] for one in spec["containers"]] == ["postgres", "archiver"]
    assert not [key for key in spec["containers"][1] if key.endswith("Probe")]
    assert archived.one("Service")["spec"]["publishNotReadyAddresses"] is True


def test_the_archiver_outlives_the_server(archived: Recorder) -> None:
    hook = containers(archived, "postgres")["archiver"]["lifecycle"]["preStop"]
    assert hook["exec"]["command"] == [
        *("bash", "/backup-scripts/archiver.sh"),
        "--await-server-end",
    ]


def test_what_works_with_the_archive_has_its_image_and_its_keys(archived: Recorder) -> None:
    made = {name: one for pod in archived.pods() for name, one in containers(archived, pod).items()}
    working = {name for name, one in made.items() if "ARCHIVE_CONF" in env(one)}
    assert working == {
        *("archiver", "prepare-data"),
        *("postgres-backup-verify", "postgres-archive-drill"),
    }
    for name, one in made.items():
        assert (one["image"] == IMAGE) == (name in working), name
        assert ("/run/secrets/archive" in mounts(one)) == (name in working), name
        assert ("/etc/pgbackrest" in mounts(one)) == (name in working), name


def test_the_moment_of_a_start_is_for_prepare_data_alone(deploy: Deploy) -> None:
    moment = "2026-11-22T10:15:00.5+01:00"
    accept = {"startup.accept": "shorter-wal"}
    stack = deploy(config=CONFIG | accept | {"startup.toTime": moment})
    found = containers(stack, "postgres")
    assert {name: env(one).get("STARTUP_TO_TIME") for name, one in found.items()} == {
        "prepare-data": moment,
        "postgres": None,
        "archiver": None,
    }
    assert env(found["prepare-data"])["STARTUP_ACCEPT"] == "shorter-wal"


def test_the_last_set_before_an_upgrade_has_the_old_image_and_no_archive(deploy: Deploy) -> None:
    both = {
        "postgres.image": "postgres:17.11-alpine",
        "postgres.upgradeFrom": "postgres:16.15-alpine",
    }
    found = containers(deploy(config=CONFIG | both), "postgres")
    assert list(found) == ["last-set", "prepare-data", "postgres", "archiver"]
    assert found["last-set"]["image"] == "postgres:16.15-alpine"
    assert "ARCHIVE_CONF" not in env(found["last-set"])


def test_the_server_hands_out_its_changes_and_never_fills_its_disk(archived: Recorder) -> None:
    added = options(archived)
    assert added["archive_mode"] == "on"
    assert "pgbackrest" in added["archive_command"], "pgBackRest looks for its name"
    assert added["archive_command"].startswith(": "), "and the command itself does nothing"
    assert added["max_slot_wal_keep_size"] == "768MB", "a quarter of postgres.dataSize"
    assert added["wal_compression"] == "lz4"
    assert not {"archive_timeout", "synchronous_standby_names"} & added.keys()
    lines = archived.one("ConfigMap", "postgres-hba")["data"]["pg_hba.conf"].splitlines()
    assert [line for line in lines if "replication" in line] == ["local replication postgres peer"]


def test_what_two_settings_add_to_the_server(offsite: Recorder) -> None:
    assert options(offsite)["archive_timeout"] == "300"
    assert options(offsite)["synchronous_standby_names"] == "archiver"
    assert env(containers(offsite, "postgres")["archiver"])["ARCHIVE_SYNCHRONOUS"] == "1"


def test_the_repository_in_the_store(deploy: Deploy) -> None:
    stack = deploy(config=CONFIG | {"archive.keep": "5"})
    assert stack.one("ConfigMap", "postgres-archive")["data"].keys() == {"local.conf"}
    assert conf(stack, "local") == {
        "repo1-path": "/backup/archive/repo",
        "repo1-retention-full": "5",
        "repo1-cipher-type": "aes-256-cbc",
        "repo1-block": "y",
        "repo1-bundle": "y",
        "compress-type": "zst",
        "start-fast": "y",
        "process-max": "2",
    }
    assert files(stack, "archive-keys") == {"local/repo1-cipher-pass": ("postgres-archive", False)}


def test_the_repository_off_this_machine(offsite: Recorder) -> None:
    local, remote = conf(offsite, "local"), conf(offsite, "offsite")
    added = {option: remote[option] for option in remote if remote[option] != local.get(option)}
    assert added == {
        "repo1-type": "s3",
        "repo1-path": "/brewget",
        "repo1-s3-bucket": "ales",
        "repo1-s3-endpoint": "s3.example",
        "repo1-s3-region": "here",
        "repo1-s3-uri-style": "host",
        "repo1-storage-ca-file": "/run/secrets/archive-files/ca.crt",
    }
    assert local.keys() <= remote.keys()
    for pod in ("postgres", "postgres-backup-verify"):
        assert files(offsite, "archive-files", pod) == {"ca.crt": ("offsite", True)}
        assert files(offsite, "archive-keys", pod) == {
            "local/repo1-cipher-pass": ("postgres-archive", False),
            "offsite/repo1-cipher-pass": ("postgres-archive", False),
            "offsite/repo1-s3-key": ("offsite", True),
            "offsite/repo1-s3-key-secret": ("offsite", True),
            "offsite/repo1-s3-token": ("offsite", True),
            "sets/RESTIC_PASSWORD": ("postgres-archive", False),
            "sets/AWS_ACCESS_KEY_ID": ("offsite", True),
            "sets/AWS_SECRET_ACCESS_KEY": ("offsite", True),
            "sets/AWS_SESSION_TOKEN": ("offsite", True),
        }
    assert mounts(containers(offsite, "postgres")["archiver"])["/run/secrets/archive-files"] == (
        "archive-files",
        True,
    )


def test_the_sets_go_beside_it_each_day(offsite: Recorder) -> None:
    (job,) = containers(offsite, "postgres-offsite-sets").values()
    assert job["image"] == IMAGE
    assert job["command"] == ["bash", "/backup-scripts/offsite-sets.sh", "--copy"]
    known = env(job)
    assert {key: known[key] for key in known if key.startswith(("RESTIC", "AWS", "OFFSITE"))} == {
        "RESTIC_REPOSITORY": "s3:https://s3.example/ales/brewget-sets",
        "RESTIC_CACERT": "/run/secrets/archive-files/ca.crt",
        "AWS_DEFAULT_REGION": "here",
        "OFFSITE_SETS_OPTION": "s3.bucket-lookup=dns",
        "OFFSITE_SETS_KEEP": "30",
        "OFFSITE_SETS_SECONDS": "3000",
    }
    assert mounts(job)["/run/secrets/archive"] == ("archive-keys", True)
    sheet = offsite.exports["recovery_sheet"]
    assert "RESTIC_REPOSITORY='s3:https://s3.example/ales/brewget-sets'" in sheet


def test_no_set_goes_anywhere_where_that_is_not_asked_for(deploy: Deploy) -> None:
    stack = deploy(config=CONFIG | {key: S3[key] for key in S3 if key != "offsite.sets"})
    assert "postgres-offsite-sets" not in stack.pods()
    assert not [path for path in files(stack, "archive-keys") if path.startswith("sets/")]
    assert "restic" not in stack.exports["recovery_sheet"]


@pytest.mark.parametrize("sets", [True, False])
def test_the_page_shows_copies_where_they_are_made(deploy: Deploy, sets: bool) -> None:
    config = CONFIG | S3 | {"offsite.sets": str(sets).lower()}
    config |= {"console.enabled": "true", "console.image": IMAGE}
    (console,) = deploy(config=config).one("Deployment")["spec"]["template"]["spec"]["containers"]
    assert env(console)["CONSOLE_ARCHIVE_SETS"] == str(int(sets))


def test_a_server_of_sftp_is_known_by_its_key(deploy: Deploy) -> None:
    key = base64.b64encode(bytes(range(32))).decode().rstrip("=")
    sftp = {
        "offsite.kind": "sftp",
        "offsite.endpoint": "nas.example",
        "offsite.port": "2222",
        "offsite.user": "u1",
        "offsite.hostKey": f"SHA256:{key}",
        "offsite.secret": "nas",
        "offsite.path": "/ales",
        "offsite.keep": "4",
    }
    stack = deploy(config=CONFIG | sftp)
    found = conf(stack, "offsite")
    assert {key: found[key] for key in found if "sftp" in key} == {
        "repo1-sftp-host": "nas.example",
        "repo1-sftp-host-port": "2222",
        "repo1-sftp-host-user": "u1",
        "repo1-sftp-host-key-check-type": "fingerprint",
        "repo1-sftp-host-key-hash-type": "sha256",
        "repo1-sftp-host-fingerprint": bytes(range(32)).hex(),
        "repo1-sftp-private-key-file": "/run/secrets/archive-files/repo1-sftp-private-key-file",
    }
    place = [found[f"repo1-{key}"] for key in ("type", "path", "retention-full")]
    assert place == ["sftp", "/ales", "4"]
    assert files(stack, "archive-files") == {"repo1-sftp-private-key-file": ("nas", True)}


def test_passphrases_are_made_once_and_are_secret(archived: Recorder) -> None:
    made = {one.name: one["input"] for one in archived.all("Stash") if "passphrase" in one.name}
    assert made.keys() == {"archive-local-passphrase", "archive-offsite-passphrase"}
    texts = {name: secret.value for name, secret in made.items()}
    assert len(set(texts.values())) == 2, "one each"
    assert min(map(len, texts.values())) >= 32
    kept = {
        "local": texts["archive-local-passphrase"],
        "offsite": texts["archive-offsite-passphrase"],
    }
    secret = archived.one("Secret", "postgres-archive")
    assert secret["stringData"].value == kept
    assert secret.retain_on_delete, "what is encrypted with it is still there"
    assert archived.exports["archive_passphrases"] == kept
    assert {"archive_passphrases", "recovery_sheet"} <= archived.secret_exports
    others = [one.inputs for one in archived.resources if one.kind not in {"Secret", "Stash"}]
    assert not [one for one in others if any(text in str(one) for text in kept.values())]


def test_a_passphrase_that_is_given_is_the_one(deploy: Deploy) -> None:
    """An empty machine comes back with the repository's address and its passphrase."""
    given = "the-one-on-the-recovery-sheet"
    stack = deploy(config=CONFIG | S3, secret={"offsite.passphrase": given})
    data = stack.one("Secret", "postgres-archive")["stringData"].value
    assert data["offsite"] == given
    assert data["local"] not in {"", given}
    assert stack.exports["archive_passphrases"]["offsite"] == given
    sheet = stack.exports["recovery_sheet"]
    assert f"repo1-cipher-pass={given}\n" in sheet
    assert f"repo1-cipher-pass={data['local']}\n" in sheet
    assert "pulumi config set --path offsite.bucket " in sheet
    assert "`repo1-s3-key` and `repo1-s3-key-secret`" in sheet


class Cluster:
    """What kubectl finds: Secrets by name, or nothing at all."""

    def __init__(self, secrets: dict[str, dict[str, str]] | None) -> None:
        self.secrets = secrets

    def get(self, kind: str, name: str) -> list[dict[str, Any]]:
        if self.secrets is None:
            return []
        if kind == "namespace":
            return [{"metadata": {"name": name}}]
        data = {
            key: base64.b64encode(value.encode()).decode()
            for key, value in self.secrets.get(name, {}).items()
        }
        return [{"data": data}] if name in self.secrets else []


OFFSITE = OffsiteSettings(
    kind=OffsiteKind.S3,
    bucket="ales",
    endpoint="s3.example",
    region="here",
    secret="keys",
)


def make(deploy: Deploy, monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> Recorder:
    """An archive with a second repository, in a cluster like this."""
    monkeypatch.setattr(Kubectl, "get", lambda _, *asked: cluster.get(*asked))
    settings = ArchiveSettings(enabled=True, image=IMAGE)
    args = ArchiveArgs(namespace="ales", context="minikube", settings=settings, offsite=OFFSITE)

    def body() -> None:
        assert isinstance(Archive("it", args).pods, ArchivePods)

    return deploy(body)


KEYS = {"repo1-s3-key": "a", "repo1-s3-key-secret": "b"}


def test_after_a_lost_state_the_passphrase_is_the_clusters(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Cluster({"postgres-archive": {"local": "of before"}, "keys": KEYS})
    stack = make(deploy, monkeypatch, there)
    data = stack.one("Secret")["stringData"].value
    assert data["local"] == "of before"
    assert len(data["offsite"]) == 32, "which the Secret did not have"


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ({}, "that Secret is not there, and"),
        ({"keys": {"repo1-s3-key": "a"}}, "that Secret has no repo1-s3-key-secret, and"),
    ],
)
def test_a_secret_without_the_credentials_ends_the_preview(
    deploy: Deploy,
    monkeypatch: pytest.MonkeyPatch,
    secrets: dict[str, dict[str, str]],
    words: str,
) -> None:
    with pytest.raises(pulumi.RunError, match=words) as refused:
        make(deploy, monkeypatch, Cluster(secrets))
    assert str(refused.value).endswith(
        "To make it: kubectl create secret generic keys --namespace ales "
        "--from-file=repo1-s3-key=FILE --from-file=repo1-s3-key-secret=FILE"
    )


def test_before_there_is_a_namespace_no_secret_can_be_there(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    stack = make(deploy, monkeypatch, Cluster(None))
    assert "offsite.conf" in stack.one("ConfigMap")["data"]
    assert [line for line in said if "that Secret is not there yet" in line]


def test_a_moment_is_restored_once_and_by_the_pod_that_can(deploy: Deploy) -> None:
    moment = "2026-11-22 10:15:00+00"
    asked = {"restoreTo": moment, "restoreReplace": "true"}
    stack = deploy(config=CONFIG | asked)
    command = stack.one("Command", "operations-moment")
    assert command["environment"] == {"REQUEST": f"{moment} replace", "SKIP_FIRST": "1"}
    assert command["create"].endswith(f" --to-time '{moment}' --replace --timeout 3600")
    other = stack.one("Command", "operations-restore")
    assert other["environment"]["REQUEST"] == "", "a set was not asked for"
    assert other.urn in command.depends_on

"""A server that others run: what is made for it, how it is reached, and what is refused beside it."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

from components import engine
from components.cluster.kubectl import Kubectl
from components.external.database import connection_uri, with_secret
from components.postgres import certificates
from components.settings.external import ExternalSettings
from components.settings.load import parse
from tests.lib.settings import as_set
from tests.unit.conftest import OTHER_IMAGE, Deploy
from tests.unit.recorder import Recorder, Secret

CA = certificates.new_ca(datetime.now(UTC))["certificate"]
BASE = {
    "namespace": "ales",
    "postgres.engine": "external",
    "postgres.image": OTHER_IMAGE,
    "external.host": "db.example",
    "external.port": "6432",
    "external.user": "saver",
}
PASSWORD = {"external.password": "Zymurgy"}
OWN_SECRET = BASE | {"external.secret": "server-admin"}


@pytest.fixture(name="external")
def _external(deploy: Deploy) -> Recorder:
    """With a password and a CA in the settings, and two databases."""
    return deploy(
        config=BASE | {"external.ca": CA, "external.databases": '["shop", "Ware House"]'},
        secret=PASSWORD,
    )


def environment(stack: Recorder, name: str) -> dict[str, Any]:
    """The variables of a job's container."""
    (container,) = stack.pods()[name]["spec"]["containers"]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def check(stack: Recorder) -> dict[str, Any]:
    """The pod that connects in an `up`."""
    pod: dict[str, Any] = json.loads(stack.one("Command", "external-ready")["stdin"])
    return pod


def mounted(pod: dict[str, Any]) -> dict[str, str]:
    """Names of Secrets by the files that they are in a pod."""
    (volume,) = [v for v in pod["spec"]["volumes"] if v["name"] == "secrets"]
    sources = [source["secret"] for source in volume["projected"]["sources"]]
    return {source["items"][0]["path"]: source["name"] for source in sources}


def test_nothing_of_a_server_is_made(external: Recorder) -> None:
    for kind in ("StatefulSet", "Service", "NetworkPolicy"):
        assert external.all(kind) == [], kind
    assert [x.name for x in external.all("PersistentVolumeClaim")] == ["backup-claim"]
    assert [x.name for x in external.all("Secret")] == ["external-secret"]
    stashes = {made.name for made in external.all("Stash")}
    assert stashes == {"cluster-context", "backup-place", "version-major"}


def test_its_jobs_reach_it_as_its_role_and_are_sure_of_it(external: Recorder) -> None:
    for name in ("postgres-backup", "postgres-backup-verify"):
        found = environment(external, name)
        assert {key: value for key, value in found.items() if key.startswith("PG")} == {
            "PGHOST": "db.example",
            "PGPORT": "6432",
            "PGUSER": "saver",
            "PGPASSWORD_FILE": "/run/secrets/postgres/superuser",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": "/run/secrets/postgres/ca.crt",
        }
        assert found["BACKUP_DATABASES"] == "shop\nWare House"
        assert not found.keys() & {"POSTGRES_DATABASES", "ROLE_PASSWORDS_DIR"}
        assert mounted(external.pods()[name]) == {
            "superuser": "postgres-external",
            "ca.crt": "postgres-external",
        }


def test_password_and_ca_are_in_a_secret_and_nowhere_else(external: Recorder) -> None:
    made = external.one("Secret")
    data = made["stringData"].value
    assert data == {"password": "Zymurgy", "ca.crt": CA}
    others = [one.inputs for one in external.resources if one is not made]
    told = [inputs for inputs in others if "Zymurgy" in str(inputs)]
    assert [inputs["triggers"][0] for inputs in told] == [Secret("Zymurgy")], "kept encrypted"
    assert "Zymurgy" not in json.dumps(check(external))


def test_a_secret_of_the_users_is_mounted_and_not_made(deploy: Deploy) -> None:
    stack = deploy(config=OWN_SECRET)
    assert stack.all("Secret") == []
    for pod in (stack.pods()["postgres-backup"], check(stack)):
        assert mounted(pod) == {"superuser": "server-admin"}
    create = stack.one("Command", "external-ready")["create"]
    assert create.endswith("check-server.sh --context minikube --namespace ales "
                           "postgres-external-check server-admin")  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "root"),
    [
        ({}, "system"),
        ({"external.sslmode": "verify-ca", "external.ca": CA}, "/run/secrets/postgres/ca.crt"),
        ({"external.sslmode": "require"}, None),
        ({"external.sslmode": "disable"}, None),
    ],
)
def test_without_a_ca_the_images_own_count_and_a_weaker_mode_asks_none(
    deploy: Deploy, settings: dict[str, str], root: str | None
) -> None:
    """libpq ends a connection that is told of the system's CAs beside a mode that asks for none."""
    stack = deploy(config=OWN_SECRET | settings)
    found = environment(stack, "postgres-backup")
    mode = settings.get("external.sslmode", "verify-full")
    assert (found["PGSSLMODE"], found.get("PGSSLROOTCERT")) == (mode, root)


def test_the_server_is_asked_before_any_job_is_made(external: Recorder) -> None:
    ready = external.one("Command", "external-ready")
    for job in external.all("CronJob"):
        assert ready.urn in job.depends_on
    assert external.one("Secret").urn in ready.depends_on
    assert "create" in ready.inputs, "by a command: a preview runs none"


def test_the_check_has_the_least_rights_and_the_jobs_environment(external: Recorder) -> None:
    pod = check(external)
    (container,) = pod["spec"]["containers"]
    assert container["image"] == OTHER_IMAGE
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["metadata"]["labels"]["brewget.dev/postgres-client"] == "true"
    found = {entry["name"]: entry["value"] for entry in container["env"]}
    job = environment(external, "postgres-backup")
    for key in ("PGHOST", "PGPORT", "PGUSER", "PGSSLMODE", "PGSSLROOTCERT", "BACKUP_DATABASES"):
        assert found[key] == job[key]


def test_what_the_stack_says_of_it(external: Recorder) -> None:
    said = external.exports
    assert (said["host"], said["port"]) == ("db.example", 6432)
    assert said["databases"] == ["shop", "Ware House"]
    assert said["connection_strings"] == {
        "shop": "postgresql://saver@db.example:6432/shop?sslmode=verify-full",
        "Ware House": "postgresql://saver@db.example:6432/Ware%20House?sslmode=verify-full",
    }
    assert said["ca_certificate"] == CA
    assert "postgres-0" not in said["readme"]
    assert "`scripts/host/list-sets.sh --namespace ales`" in said["readme"]
    assert "scripts/restore-postgres.sh latest --namespace ales" in said["readme"]


def test_names_of_any_kind_survive_the_uri() -> None:
    settings = ExternalSettings(host="db.example", user="a@b:c/d")
    assert connection_uri(settings, "x?y") == (
        "postgresql://a%40b%3Ac%2Fd@db.example:5432/x%3Fy?sslmode=verify-full"
    )


def test_sets_of_it_may_be_encrypted(deploy: Deploy) -> None:
    encrypted = {
        "archive.image": "localhost/tools:1",
        "encryption.recipients": json.dumps(
            ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
        ),
        "encryption.identitySecret": "mine",
    }
    stack = deploy(config=OWN_SECRET | encrypted)
    assert "ENCRYPTION_RECIPIENTS" in environment(stack, "postgres-backup")
    assert "ENCRYPTION_IDENTITY" in environment(stack, "postgres-backup-verify")


def test_the_console_shows_it_like_any_other(deploy: Deploy) -> None:
    stack = deploy(config=OWN_SECRET | {"console.enabled": "true"})
    assert stack.one("Deployment")["metadata"]["name"] == "postgres-console"
    assert stack.one("PersistentVolumeClaim", "console-state")


TO_EXTERNAL = (
    "postgres.engine is now 'external', but the stack was made with 'statefulset', and an up would "
    "delete that server with its data. To move: pulumi config set --path postgres.engine "
    "statefulset, pulumi destroy --run-program (takes a last set and keeps all sets), pulumi "
    "config set --path postgres.engine external, pulumi up. To stay: pulumi config set --path "
    "postgres.engine statefulset. For both: pulumi stack init NAME"
)
FROM_EXTERNAL = (
    "postgres.engine is now 'statefulset', but the stack was made with 'external', and its "
    "schedule saves a server that others run. To move: pulumi config set --path postgres.engine "
    "external, pulumi destroy --run-program (keeps all sets), pulumi config set --path "
    "postgres.engine statefulset, pulumi up, which fills the new server with the newest set. To "
    "stay: pulumi config set --path postgres.engine external. For both: pulumi stack init NAME"
)


@pytest.mark.parametrize("then", ["16", ""])
def test_a_server_of_our_own_is_not_given_up_for_one_of_others(deploy: Deploy, then: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        deploy(config=OWN_SECRET, stashed={"version-major": then})
    assert str(refused.value) == TO_EXTERNAL


def test_a_server_of_others_is_not_given_up_for_one_of_our_own(deploy: Deploy) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        deploy(config={"postgres.image": OTHER_IMAGE}, stashed={"version-major": "external"})
    assert str(refused.value) == FROM_EXTERNAL


def test_nothing_is_changed_before_the_engine_was_compared(deploy: Deploy) -> None:
    """A CronJob that did not wait would save another server while the refusal is on its way."""
    stack = deploy(config=OWN_SECRET | {"external.ca": CA}, stashed={"version-major": "external"})
    stash = stack.one("Stash", "version-major")
    assert stash.ignore_changes == ["input"], "what it was is kept"
    waiting = [*stack.all("CronJob"), stack.one("Command", "external-ready")]
    for made in (*waiting, *stack.all("Secret"), stack.one("Command", "backup-store")):
        assert stash.urn in made.depends_on, made.name


def test_the_version_of_a_server_of_others_is_theirs_to_change(deploy: Deploy) -> None:
    config = OWN_SECRET | {"postgres.image": "postgres:18.6-alpine"}
    stack = deploy(config=config, stashed={"version-major": "external"})
    (container,) = stack.pods()["postgres-backup"]["spec"]["containers"]
    assert container["image"] == "postgres:18.6-alpine"


def test_a_state_that_does_not_know_its_engine_keeps_its_server_by_its_hook() -> None:
    """The state of a stack of before names the hook: the one of an external program refuses."""
    nothing: Any = None
    with pytest.raises(pulumi.RunError) as refused:
        asyncio.run(engine._keep(nothing))
    assert str(refused.value) == TO_EXTERNAL


class Cluster:
    """A namespace with or without a Secret in it."""

    namespace = "ales"

    def __init__(self, *secrets: dict[str, Any], is_new: bool = False) -> None:
        self.secrets, self.is_new = secrets, is_new

    def get(self, kind: str, _: str) -> list[Any]:
        return [*self.secrets] if kind == "secret" else [{}] * (not self.is_new)


@pytest.mark.parametrize(
    ("secrets", "lacks"),
    [([], "is not there"), ([{"data": {"pass": "eA=="}}], "has no key password")],
)
def test_a_secret_that_cannot_be_meant_ends_the_preview(
    secrets: list[dict[str, Any]], lacks: str
) -> None:
    cluster: Any = Cluster(*secrets)
    with pytest.raises(pulumi.RunError) as refused:
        with_secret(cluster, "server-admin")
    assert str(refused.value) == (
        f"external.secret is 'server-admin', but that Secret {lacks}. To make it: kubectl create "
        "secret generic server-admin --namespace ales --from-file=password=FILE"
    )


def test_a_secret_that_may_still_come_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    there: Any = Cluster({"data": {"password": "eA=="}})
    new: Any = Cluster(is_new=True)
    assert with_secret(there, "server-admin") == with_secret(new, "server-admin") == "ales"
    assert with_secret(new, "") == "ales"
    monkeypatch.setenv("PATH", "/nonexistent")
    assert with_secret(Kubectl("none", "ales"), "server-admin") == "ales", "nobody was asked"


IS = "but postgres.engine is 'external' and"
OTHERS = f"{IS} that server is run by others"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"postgres.upgradeFrom": "postgres:16.14", "postgres.image": "postgres:17.11"},
         f"postgres.upgradeFrom is 'postgres:16.14', {OTHERS}. Example: pulumi config rm --path "
         "postgres.upgradeFrom"),
        ({"postgres.databases": '["ale"]'},
         f'postgres.databases is ["ale"], {IS} external.databases names what is saved of it. '
         "Example: pulumi config rm --path postgres.databases"),
        ({"postgres.dataSize": "2Gi"},
         f"postgres.dataSize is '2Gi', {OTHERS}. Example: pulumi config rm --path "
         "postgres.dataSize"),
        ({"postgres.storageClass": "fast"},
         f"postgres.storageClass is 'fast', {OTHERS}. Example: pulumi config rm --path "
         "postgres.storageClass"),
        ({"postgres.passwordGeneration": "2"},
         f"postgres.passwordGeneration is '2', {OTHERS}. Example: pulumi config rm --path "
         "postgres.passwordGeneration"),
        ({"postgres.clients": "anyone"},
         f"postgres.clients is 'anyone', {OTHERS}. Example: pulumi config rm --path "
         "postgres.clients"),
        ({"postgres.tls.validityDays": "30"},
         f"postgres.tls.validityDays is 30, {IS} external.sslmode and external.ca say how it is "
         "reached. Example: pulumi config rm --path postgres.tls.validityDays"),
        ({"startup.strict": "true"},
         f"startup.strict is true, {IS} no server starts here. "
         "Example: pulumi config rm --path startup.strict"),
        ({"startup.accept": "volatile-store fresh-start"},
         f"startup.accept is 'volatile-store fresh-start', {IS} no server starts here. "
         "Example: pulumi config rm --path startup.accept"),
        ({"archive.enabled": "true", "archive.image": "localhost/tools:1"},
         f"archive.enabled is true, {IS} only the changes of a server of our own are archived. "
         "Example: pulumi config rm --path archive.enabled"),
        ({"backup.onDestroy": "nothing"},
         f"backup.onDestroy is 'nothing', {IS} destroy deletes no server, so it takes no last set. "
         "Example: pulumi config rm --path backup.onDestroy"),
        ({"restoreFrom": "latest"},
         f"restoreFrom is 'latest', {IS} an up restores nothing into a server of others; by hand: "
         "scripts/restore-postgres.sh SET. Example: pulumi config rm restoreFrom"),
        ({"restoreTo": "2026-11-22 10:15:00+00"},
         f"restoreTo is '2026-11-22 10:15:00+00', {IS} an up restores nothing into a server of "
         "others; by hand: scripts/restore-postgres.sh SET. Example: pulumi config rm restoreTo"),
        ({"external.host": ""},
         "external.host is not set, but postgres.engine is 'external' and needs it. "
         "Example: pulumi config set --path external.host db.example.com"),
        ({"external.user": ""},
         "external.user is not set, but postgres.engine is 'external' and needs it. "
         "Example: pulumi config set --path external.user admin"),
        ({"external.secret": ""},
         "external.password is not set, but postgres.engine is 'external' and needs it, or "
         "external.secret. Example: pulumi config set --path --secret external.password"),
        ({"external.ca": CA, "external.sslmode": "require"},
         "external.ca is set, but external.sslmode is 'require' and looks at no certificate. "
         "Example: pulumi config rm --path external.sslmode"),
        ({"external.sslmode": "verify-ca"},
         "external.ca is not set, but external.sslmode is 'verify-ca', and one of all CAs has "
         "signed anybody's certificate. Example: pulumi config set --path external.ca < ca.crt"),
        ({"external.databases": '["shop"]', "backup.skip": '["shop"]'},
         "backup.skip has 'shop', but so has external.databases, and what an application keeps "
         "there would be in no set. Example: pulumi config rm --path backup.skip"),
    ],
)  # fmt: skip
def test_what_is_refused_beside_a_server_of_others(config: dict[str, str], expected: str) -> None:
    assert refusal(OWN_SECRET | config) == [expected]


def refusal(config: dict[str, str], *encrypted: str) -> list[str]:
    """The sentences that `config` is refused with."""
    with pytest.raises(pulumi.RunError) as refused:
        parse(as_set(config), encrypted)
    return str(refused.value).splitlines()


def test_one_of_the_offsite_settings_says_why_there_is_no_repository() -> None:
    kind, *_ = refusal(OWN_SECRET | {"offsite.kind": "s3"})
    assert kind == (
        f"offsite.kind is 's3', {IS} what goes off this machine goes with an archive; "
        "backup.storage may lie there. Example: pulumi config rm --path offsite.kind"
    )


def test_secrets_are_refused_without_being_shown() -> None:
    (password,) = refusal(OWN_SECRET | {"postgres.password": "Zymurgy"}, "postgres")
    assert password == (
        f"postgres.password is set, {IS} its role has external.password or external.secret. "
        "Example: pulumi config rm --path postgres.password"
    )
    (both,) = refusal(OWN_SECRET | PASSWORD, "external")
    assert both == (
        "external.secret is 'server-admin', but external.password is set too and only one is read. "
        "Example: pulumi config rm --path external.password"
    )
    key = certificates.new_ca(datetime.now(UTC))["key"]
    (private,) = refusal(OWN_SECRET | {"external.ca": CA + key})
    assert private == (
        "external.ca is (secret). Allowed: certificates as PEM. Example: pulumi config set --path "
        "external.ca < ca.crt"
    )


def test_settings_of_a_server_of_others_need_one() -> None:
    config = {key: value for key, value in OWN_SECRET.items() if key != "postgres.engine"}
    assert refusal(config | {"external.ca": CA}) == [
        f"{key} is {value}, but postgres.engine is 'statefulset' and only 'external' has it. "
        f"Example: pulumi config rm --path {key}"
        for key, value in (
            ("external.host", "'db.example'"),
            ("external.port", "6432"),
            ("external.user", "'saver'"),
            ("external.secret", "'server-admin'"),
            ("external.ca", "'-----BEGIN CERTIFICATE-----…'"),
        )
    ]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("postgres.engine", "cloudnativepg",
         "postgres.engine is 'cloudnativepg'. Allowed: statefulset or external."),
        ("external.host", "https://db.example",
         "external.host is 'https://db.example', but it is a connection string; name the host "
         "alone."),
        ("external.host", "db.example:5432",
         "external.host is 'db.example:5432', but a port belongs in external.port."),
        ("external.port", "0", "external.port is 0. Allowed: a whole number from 1 to 65535."),
        ("external.user", "x" * 64,
         f"external.user is '{'x' * 64}', but it has an unprintable character, or is too long."),
        ("external.ca", "not\na certificate",
         "external.ca is 'not…', but it is no certificate, or not one alone."),
        ("external.sslmode", "prefer",
         "external.sslmode is 'prefer'. Allowed: verify-full, verify-ca, require or disable."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_one_sentence(key: str, value: str, expected: str) -> None:
    (said,) = refusal(OWN_SECRET | {key: value})
    assert said.startswith(expected), said


def test_a_store_may_be_volatile_whoever_runs_the_server() -> None:
    assert parse(as_set(OWN_SECRET | {"startup.accept": "volatile-store"}))

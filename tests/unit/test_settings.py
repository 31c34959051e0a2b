"""Settings: what is taken, what is refused, and the words of each refusal."""

import json
import re
import string
from datetime import UTC, datetime

import pulumi
import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given
from hypothesis import strategies as st

from components.postgres.passwords import connection_uri, fingerprint
from components.settings import validators
from components.settings.fields import leaves, set_command
from components.settings.load import parse
from components.settings.model import Settings
from components.settings.postgres import IMAGE
from tests.lib.identities import IDENTITY, PUBLIC, SSH
from tests.lib.settings import as_set

CRON = "a schedule of five fields (minute, hour, day, month, weekday) or a macro such as @hourly"
SECONDS = "a whole number of seconds from 10 to 86400"
DURATION = "a duration such as 30m, 6h or 1h30m, from 1m to 365d"
VOLUME = "a whole number with Ki, Mi, Gi or Ti, at least 256Mi"
IMAGES = "an image of PostgreSQL 16, 17 or 18 with a tag or a digest"
DIGEST = "sha256:" + "0" * 64
ARCHIVE = {"archive.enabled": "true", "archive.image": "localhost/tools:1"}
OFFSITE = ARCHIVE | {"offsite.bucket": "ales", "offsite.secret": "offsite"}
EXTERNAL = {
    "postgres.engine": "external",
    "external.host": "db.example",
    "external.user": "saver",
    "external.secret": "server-admin",
}
S3 = OFFSITE | {
    "offsite.kind": "s3",
    "offsite.endpoint": "s3.example",
    "offsite.region": "here",
}
SFTP = ARCHIVE | {
    "offsite.kind": "sftp",
    "offsite.endpoint": "nas.example",
    "offsite.user": "backup",
    "offsite.hostKey": f"SHA256:{'A' * 43}",
    "offsite.secret": "offsite",
}
ENCRYPTED = {
    "archive.image": "localhost/tools:1",
    "encryption.recipients": json.dumps([PUBLIC]),
    "encryption.identitySecret": "mine",
}
MOMENT = "2026-11-22 10:15:00+00"
PATHS = "an absolute path without '.', '..' and doubled or closing '/'"


def refusal(config: dict[str, str], *encrypted: str) -> list[str]:
    """The sentences that `config`, dotted keys set with --path, is refused with."""
    with pytest.raises(pulumi.RunError) as refused:
        parse(as_set(config), encrypted)
    return str(refused.value).splitlines()


def sentence(key: str, value: str, reason: str, allowed: str, example: str) -> str:
    but = f", but {reason}" if reason else ""
    command = example if example.startswith("--") or "." not in key else f"--path {example}"
    return f"{key} is {value}{but}. Allowed: {allowed}. Example: pulumi config set {command}"


@pytest.mark.parametrize(
    ("key", "value", "reason", "allowed", "example"),
    [
        (
            "backup.schedule",
            "0 25 * * *",
            "the hour is '25', not 0-23",
            CRON,
            "backup.schedule '0 */6 * * *'",
        ),
        (
            "backup.schedule",
            "0 0 30 2 *",
            "that day never comes",
            CRON,
            "backup.schedule '0 */6 * * *'",
        ),
        (
            "backup.schedule",
            "every six hours",
            "it has 3 fields, not 5",
            CRON,
            "backup.schedule '0 */6 * * *'",
        ),
        (
            "verify.schedule",
            "CRON_TZ=UTC 0 3 * * *",
            "it names a time zone, which belongs in backup.timeZone",
            CRON,
            "verify.schedule '30 */6 * * *'",
        ),
        (
            "backup.timeZone",
            "Europe/Atlantis",
            "that zone is not known",
            "an IANA name",
            "backup.timeZone Europe/Berlin",
        ),
        ("backup.keep", "0", "", "a whole number from 1 to 1000", "backup.keep 10"),
        ("backup.timeout", "1h", "", SECONDS, "backup.timeout 3600"),
        (
            "backup.compression",
            "zip",
            "that compression is not known",
            "none, gzip, gzip:1 to gzip:9, zstd, zstd:1 to zstd:19",
            "backup.compression zstd:3",
        ),
        (
            "backup.storage.path",
            "/data/../etc",
            "it has an empty part, '.' or '..' in it",
            PATHS,
            "backup.storage.path /mnt/data/brewget-postgres-backups",
        ),
        (
            "backup.storage.path",
            "backups",
            "it is not absolute",
            PATHS,
            "backup.storage.path /mnt/data/brewget-postgres-backups",
        ),
        (
            "postgres.dataSize",
            "1 gigabyte",
            "it is not a whole number with a unit",
            VOLUME,
            "postgres.dataSize 2Gi",
        ),
        ("postgres.tls.mode", "off", "", "required or allowed", "postgres.tls.mode allowed"),
        (
            "postgres.tls.validityDays",
            "3",
            "",
            "a whole number from 7 to 3650",
            "postgres.tls.validityDays 3650",
        ),
        (
            "postgres.tls.secretName",
            "My Secret",
            "it is not a host name",
            "the name of a Secret in the namespace",
            "postgres.tls.secretName postgres-certificate",
        ),
        ("postgres.dataSize", "1Mi", "it is below 256Mi", VOLUME, "postgres.dataSize 2Gi"),
        (
            "postgres.image",
            "postgres",
            "it names no version, so a restart could bring another one",
            IMAGES,
            f"postgres.image {IMAGE}",
        ),
        (
            "postgres.image",
            "postgres:15.2-alpine",
            "it is version 15",
            IMAGES,
            f"postgres.image {IMAGE}",
        ),
        (
            "postgres.upgradeFrom",
            "postgres:9.6",
            "it is version 9",
            "an image of an older major version than postgres.image, with a tag",
            f"postgres.upgradeFrom {IMAGE}",
        ),
        ("namespace", "Brew_Get", "it is not a DNS label", "a DNS label", "namespace brewget"),
        (
            "startup.accept",
            "fresh-start anything",
            "'anything' is not one of these",
            "unmarked-data, fresh-start, no-store, volatile-store, other-store, server-settings, "
            "shorter-wal, other-version",
            "startup.accept fresh-start",
        ),
        (
            "restoreFrom",
            "yesterday",
            "it is not a set's name",
            "a set's name, latest or latest-verified",
            "restoreFrom latest",
        ),
        (
            "restoreTo",
            "2026-11-22 10:15:00",
            "it has no zone, and each machine would take it for another time",
            "a date and a time with seconds and an offset from UTC",
            f"restoreTo '{MOMENT}'",
        ),
        (
            "startup.toTime",
            "2026-11-22 10:15+00",
            "it is not a date and a time with seconds",
            "a date and a time with seconds and an offset from UTC",
            f"startup.toTime '{MOMENT}'",
        ),
        (
            "startup.toTime",
            "2026-02-30 10:15:00Z",
            "day is out of range for month",
            "a date and a time with seconds and an offset from UTC",
            f"startup.toTime '{MOMENT}'",
        ),
        (
            "archive.image",
            "brewget/tools",
            "it names no version, so a restart could bring another one",
            "an image with a tag or a digest",
            "archive.image localhost/brewget/tools:16.15",
        ),
        (
            "offsite.kind",
            "ftp",
            "",
            "s3, gcs, azure or sftp",
            "offsite.kind s3",
        ),
        (
            "offsite.endpoint",
            "http://minio.local:9000",
            "that is not encrypted; name the host alone",
            "a host name or address, without https:// and without a port",
            "offsite.endpoint s3.eu-central-1.amazonaws.com",
        ),
        (
            "offsite.endpoint",
            "minio.local:9000",
            "a port belongs in offsite.port",
            "a host name or address, without https:// and without a port",
            "offsite.endpoint s3.eu-central-1.amazonaws.com",
        ),
        *(
            ("recovery.rpo", value, why, DURATION, "recovery.rpo 12h")
            for value, why in (
                ("6", "it is not a duration"),
                ("6 h", "it is not a duration"),
                ("30m6h", "it is not a duration"),
                ("PT6H", "it is not a duration"),
                ("-6h", "it is not a duration"),
                ("59s", "it is shorter than 1m"),
                ("0h", "it is shorter than 1m"),
                ("366d", "it is longer than 365d"),
                ("9" * 19 + "d", "it is longer than 365d"),
                ("9" * 5000 + "d", "it is not a duration"),
            )
        ),
        ("restoreReplace", "maybe", "", "true or false", "restoreReplace true"),
        (
            "postgres.clients",
            "friends",
            "",
            "labelled, namespace or anyone",
            "postgres.clients labelled",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(
    key: str, value: str, reason: str, allowed: str, example: str
) -> None:
    shown = value if value.isdigit() else f"'{value}'"
    assert refusal({key: value}) == [sentence(key, shown, reason, allowed, example)]


@pytest.mark.parametrize(
    ("value", "shown", "reason"),
    [
        ('["ale", "ale"]', '["ale", "ale"]', "it names one twice"),
        ("[]", "[]", "it is empty"),
        ('["template1"]', '["template1"]', "'template1' belongs to PostgreSQL itself"),
        ('["ale\'; --"]', '["ale\'; --"]', '"ale\'; --" is not a database name'),
    ],
)
def test_wrong_databases_are_refused(value: str, shown: str, reason: str) -> None:
    allowed = "different names of a-z, 0-9 and _, beginning with a letter, up to 50 characters"
    example = "--path 'postgres.databases[0]' brewget_auth"
    assert refusal({"postgres.databases": value}) == [
        sentence("postgres.databases", shown, reason, allowed, example)
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('["ale", "ale"]', "it names one twice"),
        ('["ale", ""]', "'' is not a database name"),
        ('["a\\nb"]', "'a\\nb' is not a database name"),
    ],
)
def test_wrong_names_to_skip_are_refused(value: str, reason: str) -> None:
    example = "--path 'backup.skip[0]' broken"
    assert refusal({"backup.skip": value}) == [
        sentence("backup.skip", value, reason, "different names of databases", example)
    ]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"backup.storage.kind": "nfs"},
            "backup.storage.server is not set, but backup.storage.kind is 'nfs' and needs it. "
            "Example: pulumi config set --path backup.storage.server nas.local",
        ),
        (
            {"backup.storage.claim": "mine"},
            "backup.storage.claim is 'mine', but backup.storage.kind is 'hostPath' and only "
            "'existingClaim' has it. Example: pulumi config rm --path backup.storage.claim",
        ),
        (
            {"backup.minFreeBytes": "2147483648"},
            "backup.minFreeBytes is 2147483648, but backup.storage.size is '2Gi' and no set would "
            "ever fit. Example: pulumi config set --path backup.minFreeBytes 67108864",
        ),
        (
            {"backup.skip": '["stout", "ale"]', "postgres.databases": '["ale", "lager"]'},
            "backup.skip has 'ale', but so has postgres.databases, and what an application keeps "
            "there would be in no set. Example: pulumi config rm --path backup.skip",
        ),
        (
            {"postgres.tls.secretName": "made", "postgres.tls.generation": "3"},
            "postgres.tls.generation is '3', but postgres.tls.secretName is 'made' and that "
            "Secret is renewed where it is made. "
            "Example: pulumi config rm --path postgres.tls.generation",
        ),
        (
            {"postgres.upgradeFrom": "postgres:17.1", "postgres.image": "postgres:17.11"},
            "postgres.upgradeFrom is 'postgres:17.1', but postgres.image is 'postgres:17.11' and "
            "an upgrade leads to a newer major version. "
            "Example: pulumi config rm --path postgres.upgradeFrom",
        ),
        (
            {"postgres.upgradeFrom": "postgres:16.15", "postgres.image": f"postgres@{DIGEST}"},
            f"postgres.upgradeFrom is 'postgres:16.15', but postgres.image is 'postgres@{DIGEST}' "
            "and an upgrade needs the versions of both; give postgres.image a tag, before its "
            "digest. Example: pulumi config set --path postgres.image postgres:17.11-alpine",
        ),
        (
            {"restoreReplace": "true"},
            "restoreReplace is true, but restoreFrom names no set. "
            "Example: pulumi config set restoreFrom latest",
        ),
        (
            {"archive.enabled": "true"},
            "archive.enabled is true, but archive.image is not set, and postgres.image has no "
            "pgBackRest. Example: pulumi config set --path archive.image "
            "localhost/brewget/tools:16.15",
        ),
        (
            {"restoreTo": MOMENT},
            f"restoreTo is '{MOMENT}', but archive.enabled is false and there is no archive. "
            "Example: pulumi config set --path archive.enabled true",
        ),
        (
            {"startup.toTime": MOMENT},
            f"startup.toTime is '{MOMENT}', but archive.enabled is false and there is no archive. "
            "Example: pulumi config set --path archive.enabled true",
        ),
        (
            S3 | {"archive.enabled": "false"},
            "offsite.kind is 's3', but archive.enabled is false and there is no archive. "
            "Example: pulumi config set --path archive.enabled true",
        ),
        (
            ARCHIVE | {"startup.toTime": MOMENT, "startup.fromSet": "backup_20261122_060000"},
            f"startup.toTime is '{MOMENT}', but startup.fromSet is 'backup_20261122_060000' and "
            "only one can be done. Example: pulumi config rm --path startup.fromSet",
        ),
        (
            ARCHIVE | {"archive.incrHours": "48"},
            "archive.incrHours is 48, but archive.diffHours is 24 and the smaller backup would "
            "never be due. Example: pulumi config set --path archive.incrHours 24",
        ),
        (
            S3 | {"offsite.region": ""},
            "offsite.region is not set, but offsite.kind is 's3' and needs it. "
            "Example: pulumi config set --path offsite.region eu-central-1",
        ),
        (
            SFTP | {"offsite.bucket": "ales"},
            "offsite.bucket is 'ales', but offsite.kind is 'sftp' and only 's3', 'gcs', 'azure' "
            "have it. Example: pulumi config rm --path offsite.bucket",
        ),
        (
            S3 | {"offsite.hostKey": f"SHA256:{'A' * 43}"},
            f"offsite.hostKey is 'SHA256:{'A' * 43}', but offsite.kind is 's3' and only 'sftp' "
            "has it. Example: pulumi config rm --path offsite.hostKey",
        ),
        (
            {"offsite.port": "9000"},
            "offsite.port is 9000, but offsite.kind is not set and only 's3', 'gcs', 'azure', "
            "'sftp' have it. Example: pulumi config rm --path offsite.port",
        ),
        (
            {"startup.accept": "fresh-start", "startup.fromSet": "backup_20261122_060000"},
            "startup.fromSet is 'backup_20261122_060000', but startup.accept has 'fresh-start' "
            "and only one can be done. Example: pulumi config rm --path startup.accept",
        ),
        (
            ENCRYPTED | {"encryption.identitySecret": ""},
            "encryption.recipients is set, but neither encryption.identity nor "
            "encryption.identitySecret is, and no set could be verified or come back. "
            "Example: pulumi config set --path --secret encryption.identity < key.txt",
        ),
        (
            ENCRYPTED | {"archive.image": ""},
            "encryption.recipients is set, but archive.image is not, and postgres.image has no "
            "age. Example: pulumi config set --path archive.image localhost/brewget/tools:16.15",
        ),
        (
            {"encryption.identitySecret": "mine"},
            "encryption.identitySecret is set, but archive.image is not, and postgres.image has no "
            "age. Example: pulumi config set --path archive.image localhost/brewget/tools:16.15",
        ),
        (
            ENCRYPTED | {"backup.format": "directory"},
            "encryption.recipients is set, but backup.format is 'directory' and each file of a set "
            "is encrypted as a whole. Example: pulumi config set --path backup.format custom",
        ),
        (
            ENCRYPTED
            | {"postgres.upgradeFrom": "postgres:16.15", "postgres.image": "postgres:17.11"},
            "encryption.recipients is set, but postgres.upgradeFrom is 'postgres:16.15' and that "
            "image has no age for the last set. "
            "Example: pulumi config rm --path encryption.recipients",
        ),
    ],
)
def test_impossible_combinations_are_refused(config: dict[str, str], expected: str) -> None:
    assert refusal(config) == [expected]


@pytest.mark.parametrize("kind", ["gcs", "azure"])
def test_a_store_with_an_address_of_its_own_needs_no_endpoint(kind: str) -> None:
    assert parse(as_set(OFFSITE | {"offsite.kind": kind})).offsite.kind == kind


@pytest.mark.parametrize("key", ["archive.passphrase", "offsite.passphrase"])
def test_a_passphrase_is_long_encrypted_and_never_shown(key: str) -> None:
    group = key.partition(".")[0]
    (short,) = refusal(ARCHIVE | {key: "Zymurgy"}, group)
    assert short.startswith(f"{key} is (secret), but it is too short, too long, or")
    (clear,) = refusal(ARCHIVE | {key: "Zymurgy-and-all-of-that"})
    assert clear.startswith(f"{key} is not encrypted. Example: pulumi config set --path --secret")
    assert "Zymurgy" not in short + clear


@pytest.mark.parametrize(
    ("value", "shown", "reason"),
    [
        ('["age1ale"]', '["age1ale"]', "'age1ale' is not a public key of age or SSH"),
        (f'["{PUBLIC}", "{PUBLIC}"]', f'["{PUBLIC}", "{PUBLIC}"]', "it names one twice"),
        (f'["{IDENTITY}"]', "(secret)", ""),
    ],
)
def test_a_recipient_that_is_none_is_refused(value: str, shown: str, reason: str) -> None:
    example = (
        "--path 'encryption.recipients[0]' "
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    )
    allowed = "different public keys of age (age1…) or SSH (ssh-ed25519 …, ssh-rsa …)"
    assert refusal(ENCRYPTED | {"encryption.recipients": value}) == [
        sentence("encryption.recipients", shown, reason, allowed, example)
    ]


def test_an_identity_is_one_encrypted_and_never_shown() -> None:
    given_ = ENCRYPTED | {"encryption.identitySecret": ""}
    key = "encryption.identity"
    (wrong,) = refusal(given_ | {key: "Zymurgy"}, "encryption")
    assert wrong.startswith(
        f"{key} is (secret), but it has a line that is no AGE-SECRET-KEY-1…, or"
    )
    (clear,) = refusal(given_ | {key: IDENTITY})
    assert clear.startswith(f"{key} is not encrypted. Example: pulumi config set --path --secret")
    (both,) = refusal(ENCRYPTED | {key: IDENTITY}, "encryption")
    assert both == (
        "encryption.identitySecret is 'mine', but encryption.identity is set too and only one is "
        "read. Example: pulumi config rm --path encryption.identity"
    )
    assert IDENTITY not in wrong + clear + both
    assert "Zymurgy" not in wrong


def test_a_file_of_age_keygen_is_an_identity_and_a_key_of_ssh_a_recipient() -> None:
    file = f"# created: today\n# public key: {PUBLIC}\n{IDENTITY}\n"
    config = ENCRYPTED | {"encryption.identitySecret": "", "encryption.identity": file}
    found = parse(as_set(config | {"encryption.recipients": json.dumps([SSH])}), ["encryption"])
    assert found.encryption.recipients == (SSH,)
    assert found.encryption.identity.get_secret_value() == file


def test_what_is_encrypted_can_be_read_after_the_encryption_was_switched_off() -> None:
    found = parse(as_set(ENCRYPTED | {"encryption.recipients": "[]", "backup.format": "directory"}))
    assert (found.encryption.is_on, found.encryption.recipients) == (True, ())


def test_a_restore_to_a_moment_may_replace() -> None:
    config = ARCHIVE | {"restoreTo": MOMENT, "restoreReplace": "true"}
    assert parse(as_set(config)).restore_to == MOMENT


def test_all_errors_come_at_once() -> None:
    said = refusal({"backup.keep": "0", "backup.jobs": "x", "nonsense": "1", "namespace": "_"})
    assert [line.split(" ")[0] for line in said] == [
        "nonsense",
        "namespace",
        "backup.keep",
        "backup.jobs",
    ]


def test_defaults_are_valid_and_nothing_has_to_be_set() -> None:
    assert parse({}) == Settings()


def test_every_setting_says_what_is_allowed_with_an_example_that_is() -> None:
    for key, field in leaves(Settings).items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        assert extra["allowed"], key
        example = str(extra["example"])
        if not example.startswith("--") and "$(" not in example:
            assert set_command(key, field).endswith(f"{key} {example}")
            assert _valid(key, example.strip("'")), key


def _valid(key: str, value: str) -> Settings:
    company = {
        "backup.storage.storageClass": {"backup.storage.kind": "storageClass"},
        "backup.storage.server": {"backup.storage.kind": "nfs"},
        "backup.storage.claim": {"backup.storage.kind": "existingClaim"},
        "restoreReplace": {"restoreFrom": "latest"},
        "postgres.upgradeFrom": {"postgres.image": "postgres:18.6-alpine"},
        "console.proxyHeader": {"console.proxyAddresses": "10.0.0.1"},
        "console.proxyAddresses": {"console.proxyHeader": "X-User"},
        "console.notifySuccess": {"console.notifyUrls": "json://hook.example"},
        "console.digest": {"console.notifyUrls": "json://hook.example"},
        "archive.enabled": ARCHIVE,
        **dict.fromkeys(
            (key for key in leaves(Settings) if key.startswith(("external.", "postgres.engine"))),
            EXTERNAL,
        ),
        "startup.toTime": ARCHIVE,
        "restoreTo": ARCHIVE,
        "offsite.sets": S3,
        "offsite.keepSets": S3,
        "offsite.user": SFTP,
        "offsite.hostKey": SFTP,
        **dict.fromkeys(
            [f"offsite.{x}" for x in ("kind", "bucket", "endpoint", "port", "region", "uriStyle")],
            S3,
        ),
        "encryption.identitySecret": {"archive.image": "localhost/tools:1"},
        **dict.fromkeys(("offsite.secret", "offsite.ownCa"), S3),
    }
    # Pulumi calls a whole group secret when one of its values is.
    return parse(as_set(company.get(key, {}) | {key: value}), ["console"])


@given(st.text())
def test_any_text_is_taken_or_refused_with_its_key(text: str) -> None:
    for key in ("backup.schedule", "postgres.image", "backup.storage.path", "postgres.databases"):
        try:
            parse(as_set({key: text}))
        except pulumi.RunError as refused:
            assert str(refused).startswith(key)  # noqa: PT017 (either outcome is right)


@given(
    st.lists(st.integers(0, 59), min_size=1, max_size=5),
    st.integers(1, 30),
    st.sampled_from(["*", "1-5", "mon-fri", "SUN", "0,3"]),
)
def test_schedules_of_kubernetes_are_taken(minutes: list[int], step: int, days: str) -> None:
    text = f"{','.join(map(str, minutes))} */{step} * * {days}"
    assert validators.cron(text) == text


DAYS = st.sampled_from(["*", "?", "31", "30,31", "30", "29", "29-31", "28", "*/31", "31/2", "1-31"])
MONTHS = st.sampled_from(["*", "2", "feb", "4,6,9,11", "2-4/2", "1", "FEB/2", "*/2", "2,4"])
WEEKDAYS = st.sampled_from(["*", "?", "*/1", "*/01", "1", "mon-fri", "*,1"])


@given(DAYS, MONTHS, WEEKDAYS)
def test_a_schedule_is_refused_if_and_only_if_it_never_comes(
    days: str, months: str, weekdays: str
) -> None:
    """cronsim decides by another way: it knows no `?` and looks at a field's first character."""
    text = f"0 0 {days} {months} {weekdays}"
    try:
        comes = bool(next(CronSim(text.replace("?", "*"), datetime(2026, 1, 1, tzinfo=UTC))))
    except CronSimError:
        comes = False
    if comes:
        assert validators.cron(text) == text
    else:
        with pytest.raises(ValueError, match="that day never comes"):
            validators.cron(text)


def test_a_step_of_the_weekdays_is_an_alternative_to_the_day() -> None:
    """For Kubernetes `*/2` is no star: on every second day of the week, or on that date."""
    assert validators.cron("0 0 31 2 */2")


@given(st.integers(1, 10**6), st.sampled_from(["Ki", "Mi", "Gi"]))
def test_a_quantity_is_as_large_as_it_says(number: int, unit: str) -> None:
    powers = {"Ki": 10, "Mi": 20, "Gi": 30}
    assert validators.quantity_bytes(f"{number}{unit}") == number * 2 ** powers[unit]


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1))
def test_any_printable_password_survives_the_uri(password: str) -> None:
    uri = connection_uri("db.ales.svc.cluster.local", "ale", password, tls="sslmode=require")
    place = re.escape("@db.ales.svc.cluster.local:5432/ale?sslmode=require")
    found = re.fullmatch(f"postgresql://ale:([^@:/]*){place}", uri)
    assert found
    assert set(found[1]) <= set(string.ascii_letters + string.digits + "%._-~")
    raw = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), found[1].encode())
    assert raw.decode() == password


def test_the_fingerprint_tells_passwords_apart_and_hides_them() -> None:
    first = fingerprint(["a", "b"])
    assert first == fingerprint(["a", "b"])
    assert len({first, fingerprint(["b", "a"]), fingerprint(["ab", ""])}) == 3
    assert re.fullmatch(r"[0-9a-f]{32}", first)


@pytest.mark.parametrize(
    "text",
    [
        IMAGE,
        "localhost/brewget/postgres-standin:16.15",
        "registry.local:5000/a/b:16",
        f"postgres@{DIGEST}",
        f"postgres:16.10@{DIGEST}",
        "postgres:17.11-alpine",
        "postgres:18-alpine",
    ],
)
def test_images_of_the_known_versions_are_taken(text: str) -> None:
    assert validators.image(text) == text


@pytest.mark.parametrize(
    ("text", "major"),
    [
        (IMAGE, 16),
        ("localhost:5000/a/postgres:17.11", 17),
        (f"postgres:18@{DIGEST}", 18),
        (f"postgres@{DIGEST}", None),
        ("postgres:alpine", None),
        ("", None),
    ],
)
def test_the_major_version_of_an_image_is_its_tags(text: str, major: int | None) -> None:
    assert validators.image_major(text) == major

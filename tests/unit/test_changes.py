"""What docs/settings.md says of a new value is what the program does with one."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from components.postgres import certificates
from components.settings.fields import Change, change, leaves
from components.settings.model import Settings
from tests.lib.choice import some
from tests.lib.identities import IDENTITY, OTHER_IDENTITY, OTHER_PUBLIC, PUBLIC
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder, Secret

CA = certificates.new_ca(datetime.now(UTC))["certificate"]
FACTS = {key: change(field) for key, field in leaves(Settings).items()}
ARCHIVE = {"archive.enabled": "true", "archive.image": "localhost/tools:1"}
S3 = {
    "offsite.kind": "s3",
    "offsite.bucket": "one",
    "offsite.endpoint": "s3.example",
    "offsite.region": "here",
    "offsite.secret": "one",
}
SFTP = {
    "offsite.kind": "sftp",
    "offsite.endpoint": "nas.example",
    "offsite.user": "one",
    "offsite.hostKey": f"SHA256:{'A' * 43}",
    "offsite.secret": "one",
}
TOOLS = {"archive.image": "localhost/tools:1"}
ENCRYPTED = TOOLS | {"encryption.recipients": json.dumps([PUBLIC])}
# What the new values below need beside them, and differ from.
BEFORE = {
    **ARCHIVE,
    **S3,
    "console.enabled": "true",
    "console.proxyAddresses": "10.0.0.1",
    "console.proxyHeader": "X-User",
    "postgres.image": "postgres:17.11-alpine",
    "restoreFrom": "latest",
}
EXTERNAL = {
    "postgres.engine": "external",
    "external.host": "one.example",
    "external.user": "one",
    "external.password": "one",
}
OF_SECRET = EXTERNAL | {"external.secret": "one"}
del OF_SECRET["external.password"]
NOTIFIED = {"console.enabled": "true", "console.notifyUrls": "json://hook.example"}
# The same for those that need something else.
OTHER_BEFORE = {
    **dict.fromkeys((key for key in FACTS if key.startswith("external.")), EXTERNAL),
    "external.secret": OF_SECRET,
    "console.digest": NOTIFIED,
    "console.notifySuccess": NOTIFIED,
    "archive.enabled": TOOLS,
    "offsite.kind": ARCHIVE,
    "offsite.user": ARCHIVE | SFTP,
    "offsite.hostKey": ARCHIVE | SFTP,
    "encryption.recipients": ENCRYPTED | {"encryption.identity": IDENTITY},
    "encryption.identity": ENCRYPTED | {"encryption.identity": IDENTITY},
    "encryption.identitySecret": ENCRYPTED | {"encryption.identitySecret": "one"},
}
SECRET = {
    "archive.passphrase",
    "console.heartbeatUrl",
    "console.notifyUrls",
    "encryption.identity",
    "external.password",
    "offsite.passphrase",
    "postgres.password",
}
NEW = {
    "adopt": "true",
    "backupNow": "2",
    "restoreFrom": "latest-verified",
    "restoreReplace": "true",
    "postgres.image": "postgres:17.12-alpine",
    "postgres.upgradeFrom": "postgres:16.15-alpine",
    "postgres.databases": '["brewget_auth"]',
    "postgres.resources.cpu": "250m",
    "postgres.resources.memory": "1Gi",
    "postgres.password": "another",
    "postgres.passwordGeneration": "2",
    "postgres.clients": "namespace",
    "postgres.tls.mode": "allowed",
    "postgres.tls.secretName": "another",
    "postgres.tls.generation": "2",
    "postgres.tls.validityDays": "30",
    "external.host": "two.example",
    "external.port": "6432",
    "external.user": "two",
    "external.password": "two",
    "external.secret": "two",
    "external.sslmode": "require",
    "external.ca": CA,
    "external.databases": '["shop"]',
    "external.rolesExcept": '["cnpg_*"]',
    "backup.schedule": "5 4 * * *",
    "backup.timeZone": "Europe/Berlin",
    "backup.keep": "11",
    "backup.keepDaily": "1",
    "backup.keepWeekly": "1",
    "backup.keepMonthly": "1",
    "backup.format": "directory",
    "backup.compression": "gzip",
    "backup.jobs": "4",
    "backup.hashes": "rows",
    "backup.skip": '["broken"]',
    "backup.minFreeBytes": "0",
    "backup.storage.group": "1002",
    "backup.lockWait": "700",
    "backup.timeout": "700",
    "backup.onDestroy": "nothing",
    "verify.schedule": "5 4 * * *",
    "verify.timeout": "700",
    "verify.scratchSize": "4Gi",
    "verify.scrubDays": "3",
    "verify.repeatDays": "14",
    "startup.accept": "fresh-start",
    "startup.fromSet": "backup_20261122_060000",
    "startup.strict": "true",
    "startup.timeout": "700",
    "startup.toTime": "2026-11-22 10:15:00+00",
    "restoreTo": "2026-11-22 10:15:00+00",
    "archive.enabled": "true",
    "archive.image": "localhost/tools:2",
    "archive.synchronous": "true",
    "archive.keep": "3",
    "archive.fullHours": "200",
    "archive.diffHours": "12",
    "archive.incrHours": "3",
    "archive.passphrase": "another-one-that-is-long",
    "offsite.kind": "s3",
    "offsite.bucket": "two",
    "offsite.endpoint": "s3.other",
    "offsite.port": "9000",
    "offsite.region": "there",
    "offsite.uriStyle": "path",
    "offsite.path": "/other",
    "offsite.user": "two",
    "offsite.hostKey": f"SHA256:{'B' * 43}",
    "offsite.secret": "two",
    "offsite.ownCa": "true",
    "offsite.passphrase": "another-one-that-is-long",
    "offsite.keep": "3",
    "offsite.sets": "true",
    "offsite.keepSets": "10",
    "encryption.recipients": json.dumps([PUBLIC, OTHER_PUBLIC]),
    "encryption.identity": f"{IDENTITY}\n{OTHER_IDENTITY}\n",
    "encryption.identitySecret": "two",
    "recovery.rpo": "12h",
    "recovery.rto": "1h30m",
    "console.image": "localhost/another:1",
    "console.memory": "256Mi",
    "console.tokenGeneration": "2",
    "console.proxyHeader": "X-Other",
    "console.proxyAddresses": "10.0.0.2",
    "console.notifyUrls": "json://hook.example",
    "console.notifySuccess": "true",
    "console.digest": "weekly",
    "console.heartbeatUrl": "https://watcher.example/ping",
    "console.prometheusOperator": "true",
}


def test_every_setting_that_can_change_is_changed_here() -> None:
    fixed = {key for key, fact in FACTS.items() if fact in {Change.REFUSED, Change.GROWS}}
    assert NEW.keys() == FACTS.keys() - fixed - {"console.enabled"}


def test_what_changes_in_place_restarts_nothing(deploy: Deploy) -> None:
    in_place = [key for key in NEW if FACTS[key] is Change.IN_PLACE and key not in OTHER_BEFORE]
    assert effect(deploy, in_place) is Change.IN_PLACE


@pytest.mark.parametrize(
    "key", some(key for key in NEW if FACTS[key] is not Change.IN_PLACE or key in OTHER_BEFORE)
)
def test_what_restarts_something_is_named_with_it(deploy: Deploy, key: str) -> None:
    assert effect(deploy, [key]) is FACTS[key]


def effect(deploy: Deploy, keys: Sequence[str]) -> Change:
    """What new values do to a stack, its passwords and CA staying what they are."""
    config = OTHER_BEFORE.get(keys[0], BEFORE)
    before = deployed(deploy, config)
    stashed = {made.name: unwrapped(made["input"]) for made in before.all("Stash")}
    new = {key: NEW[key] for key in keys} | (S3 if keys == ["offsite.kind"] else {})
    after = deployed(deploy, config | new, stashed)
    if before.all("StatefulSet") and pods(before, "StatefulSet") != pods(after, "StatefulSet"):
        return Change.SERVER
    if before.all("Deployment") and pods(before, "Deployment") != pods(after, "Deployment"):
        return Change.CONSOLE
    return Change.IN_PLACE


def deployed(deploy: Deploy, all_: dict[str, str], stashed: Any = None) -> Recorder:
    return deploy(
        config={key: value for key, value in all_.items() if key not in SECRET},
        secret={key: value for key, value in all_.items() if key in SECRET},
        stashed=stashed,
    )


def pods(stack: Recorder, kind: str) -> Any:
    """What they are made from: they are made anew when it changes."""
    return stack.one(kind)["spec"]["template"]


def unwrapped(value: Any) -> Any:
    """A value of the stack's state, secret or not."""
    return value.value if isinstance(value, Secret) else value

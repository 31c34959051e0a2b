"""What a person may ask for, and the Job that is made of it.

A Job is a copy of a CronJob's own template with another command, as kube.bash of the scripts makes
it: nothing that is sent by a browser gets into it but a known set, a moment within the archive,
known databases, another name for one, and yes or no.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

BACKUP = "postgres-backup"
VERIFY = "postgres-backup-verify"
SCRIPTS = "/backup-scripts"
REQUEST = "brewget.dev/console-request"
"""Annotation of a Job with what was asked for."""
KEEP_SECONDS = 86_400
"""A finished Job stays for a day, as those of the scripts do."""


class Action(StrEnum):
    """What a Job does."""

    BACKUP = "backup"
    VERIFY = "verify"
    PREVIEW = "preview"
    """A restore that only says what it would do."""
    RESTORE = "restore"
    PIN = "pin"
    UNPIN = "unpin"
    ESCROW = "escrow"
    """The drill of a key that lies elsewhere: no button, as its key is typed by nobody here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a person asked for."""

    action: Action
    set: str = ""
    databases: tuple[str, ...] = ()
    moment: str = ""
    """Of a restore from the archive, in place of a set: `2026-11-22 10:15:00+00`."""
    name: str = ""
    """What the one database is to be called beside the present one."""
    replace: bool = False
    pin: bool = False
    accept_shrink: bool = False
    by: str = ""

    def words(self) -> list[str]:
        """The command line in the pod."""
        match self.action:
            case Action.BACKUP:
                options = ["--pin"] * self.pin + ["--accept-shrink"] * self.accept_shrink
                return ["bash", f"{SCRIPTS}/backup.sh", "--reason", "console", *options]
            case Action.VERIFY:
                return ["bash", f"{SCRIPTS}/verify.sh", self.set]
            case Action.PIN | Action.UNPIN:
                options = ["--remove"] * (self.action is Action.UNPIN)
                return ["bash", f"{SCRIPTS}/pin.sh", self.set, *options]
            case Action.ESCROW:
                raise ValueError("scripts/escrow-drill.sh alone starts it")
            case Action.PREVIEW | Action.RESTORE:
                chosen = [word for name in self.databases for word in ("--database", name)]
                options = ["--as", self.name] if self.name else ["--replace"] * self.replace
                options += ["--dry-run"] * (self.action is Action.PREVIEW)
                source = ["restore.sh", self.set]
                if self.moment:
                    source = ["restore-moment.sh", "--to-time", self.moment]
                return ["bash", f"{SCRIPTS}/{source[0]}", *source[1:], *chosen, *options]

    @property
    def cron_job(self) -> str:
        """Whose template is taken: that of the verification has what reading a set or the archive
        needs, such as the key of encrypted ones. That of the backup has no key, and its pods begin
        only once one was tried: a pin must not fail because that one is missing."""
        return BACKUP if self.action is Action.BACKUP else VERIFY

    @property
    def is_restore(self) -> bool:
        """Be it for real or only to show what it would do."""
        return self.action in {Action.PREVIEW, Action.RESTORE}

    @property
    def source(self) -> str:
        """What a restore is confirmed by."""
        return self.moment or self.set

    def as_json(self) -> str:
        """For the annotation."""
        return json.dumps(
            {
                "action": self.action,
                "set": self.set,
                "databases": list(self.databases),
                "moment": self.moment,
                "name": self.name,
                "replace": self.replace,
                "pin": self.pin,
                "accept_shrink": self.accept_shrink,
                "by": self.by,
            }
        )


def read_wish(text: object) -> Wish | None:
    """What was asked for, out of the annotation; None for what this console did not write."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
        if not isinstance(found, dict):
            return None
        return Wish(
            action=Action(found["action"]),
            set=str(found["set"]),
            databases=tuple(str(name) for name in found["databases"]),
            # A console of before knew neither.
            moment=str(found.get("moment", "")),
            name=str(found.get("name", "")),
            replace=found["replace"] is True,
            pin=found["pin"] is True,
            accept_shrink=found["accept_shrink"] is True,
            by=str(found["by"]),
        )
    except (ValueError, KeyError, TypeError):
        return None  # edited by hand: then its words say nothing about what the Job does


def made_from(template: Mapping[str, Any], wish: Wish, name: str) -> dict[str, Any]:
    """A Job as `kubectl create job --from` makes it, with the wish's command."""
    inner = template["spec"]["jobTemplate"]
    spec = json.loads(json.dumps(inner["spec"]))
    container = spec["template"]["spec"]["containers"][0]
    container["command"], container["args"] = wish.words(), []
    # A failed run is not tried again: the person who asked sees it and decides.
    spec |= {"backoffLimit": 0, "ttlSecondsAfterFinished": KEEP_SECONDS}
    metadata = inner.get("metadata", {})
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "labels": metadata.get("labels", {}),
            "annotations": {
                "cronjob.kubernetes.io/instantiate": "manual",
                REQUEST: wish.as_json(),
            },
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "CronJob",
                    "name": template["metadata"]["name"],
                    "uid": template["metadata"]["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": spec,
    }


def job_name(action: Action, moment: datetime, chance: int) -> str:
    """A name of its own for each run, in order of time."""
    kind = {Action.PREVIEW: Action.RESTORE, Action.UNPIN: Action.PIN}.get(action, action)
    return f"postgres-{kind}-console-{moment:%Y%m%d-%H%M%S}-{chance:04d}"

"""Sets that look real to retention: whole by manifest, sums and verdict, with no dump in them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.lib.sandbox import Identity
from tests.lib.store import sha256

OBJECTS = "one.objects.zst"


@dataclass(frozen=True)
class Fake:
    """One set as retention sees it."""

    name: str
    verified: bool = False
    pinned: bool = False
    word: str = ""
    """What its pinned.json is: `pinned`, `not pinned`, or not to be read (`broken`); "": none."""
    flagged: bool = False
    accepted: bool = False
    broken: bool = False
    """No manifest of ours can be read in it."""
    listed: bool = False
    """Of format version 2: an archive, and beside it the list of its objects."""


def name_at(hours: int) -> str:
    """Return a set's name, so many hours after a fixed time."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    return f"backup_{moment:%Y%m%d_%H%M%S}"


def write(root: Path, store: str, fake: Fake) -> Path:
    """Make the directory of one set."""
    made = root / fake.name
    made.mkdir()
    (made / "globals.sql").write_text("-- no roles\n")
    names = ["globals.sql", "manifest.json", dump(fake)]
    (made / dump(fake)).write_text(f"-- {fake.name}\n")
    if fake.listed:
        names.append(OBJECTS)
        (made / OBJECTS).write_text("")
    (made / "manifest.json").write_text(
        '{"version": 1, "set": "cut short' if fake.broken else json.dumps(manifest(store, fake))
    )
    (made / "SHA256SUMS").write_text("".join(f"{sha256(made / x)}  {x}\n" for x in names))
    if fake.verified:
        verdict = {"version": 1, "set": fake.name, "result": "good"}
        verdict["sums"] = sha256(made / "SHA256SUMS")
        (made / "verified.json").write_text(json.dumps(verdict))
    if fake.word:
        word = {"version": 1, "set": fake.name, "pinned": fake.word == "pinned"}
        (made / "pinned.json").write_text(json.dumps(word) if fake.word != "broken" else "{")
    Identity.unprivileged().own(made)
    return made


def dump(fake: Fake) -> str:
    """Return the name of its dump."""
    return "one.dump" if fake.listed else "one.sql"


def manifest(store: str, fake: Fake) -> dict[str, object]:
    """Return a manifest with every key of its format version."""
    digits = fake.name.removeprefix("backup_")
    moment = datetime.strptime(digits, "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    table = {"schema": "public", "name": "t", "rows": 100, "hash": "1"}
    database: dict[str, object] = {
        "name": "one",
        "file": dump(fake),
        "bytes": len(f"-- {fake.name}\n"),
        "sha256": "0" * 64,
        "owner": "postgres",
        "encoding": "UTF8",
        "locale": "C.UTF-8",
        "snapshot": "1-1-1",
        "extensions": [],
        "large_objects": 0,
        "sequences": [],
        "tables": [table],
    }
    if fake.listed:
        database["objects"] = OBJECTS
    return {
        "version": 2 if fake.listed else 1,
        "set": fake.name,
        "reason": "test",
        "pinned": fake.pinned,
        "flagged": "lost data" if fake.flagged else None,
        "accepted_shrink": fake.accepted,
        "started": stamp,
        "finished": stamp,
        "store": store,
        "server": {"version": "16.15", "system_identifier": "7", "superuser": "postgres"},
        "client": "16.15",
        "format": "custom" if fake.listed else "plain",
        "compression": "none",
        "globals": {"file": "globals.sql", "bytes": 12, "sha256": "0" * 64, "roles": []},
        "databases": [database],
        "skipped": [],
    }

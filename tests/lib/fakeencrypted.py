"""Encrypted sets that look real to who has no key: totals, sums and a verdict, no name anywhere."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.lib.console import STORE_ID, name_of
from tests.lib.store import sha256

CIPHER = "age-encryption.org/v1\nnot to be read\n"
DATABASES = 3


def add_encrypted(store: Path, age: timedelta, **changes: Any) -> str:
    """Add a verified set of three databases; `changes` are keys of its manifest."""
    moment = datetime.now(UTC) - age
    made = store / name_of(moment)
    made.mkdir()
    files = ["contents.json.age", "globals.sql.zst.age"]
    for number in range(DATABASES):
        files += [f"{number}.dump.age", f"{number}.objects.zst.age"]
    for name in [*files, "key.age"]:
        (made / name).write_text(CIPHER)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    (made / "manifest.json").write_text(json.dumps(_manifest(made.name, stamp) | changes))
    sums = "".join(f"{sha256(made / name)}  {name}\n" for name in [*files, "manifest.json"])
    (made / "SHA256SUMS").write_text(sums)
    verdict = {"version": 1, "set": made.name, "result": "good", "by": "verify.sh"}
    verdict |= {"sums": sha256(made / "SHA256SUMS"), "verified": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "restore_seconds": 7, "seconds": 9, "left_out": [], "left_out_count": 0}  # fmt: skip
    (made / "verified.json").write_text(json.dumps(verdict))
    return made.name


def _manifest(name: str, stamp: str) -> dict[str, Any]:
    return {
        "version": 3,
        "set": name,
        "reason": "scheduled",
        "pinned": False,
        "flagged": None,
        "accepted_shrink": False,
        "started": stamp,
        "finished": stamp,
        "store": STORE_ID,
        "server": {"version": "16.15", "system_identifier": "7"},
        "client": "16.15",
        "format": "custom",
        "compression": "zstd",
        "encrypted": "age",
        "key": f"age1{'q' * 58}",
        "contents": _file("contents.json.age"),
        "globals": _file("globals.sql.zst.age"),
        "databases": [
            {
                **_file(f"{number}.dump.age"),
                "objects": f"{number}.objects.zst.age",
                "size": 8_000_000,
                "tables": 2 + number,
                "rows": 100 * (1 + number),
            }
            for number in range(DATABASES)
        ],
        "skipped": 0,
    }


def _file(name: str) -> dict[str, Any]:
    return {"file": name, "bytes": len(CIPHER), "sha256": "0" * 64}


def tried(store: Path, days: float) -> None:
    """As escrow-drill.sh notes that a person's key has opened the oldest and the newest set."""
    when = datetime.now(UTC) - timedelta(days=days)
    note = {"version": 1, "checked": f"{when:%Y-%m-%dT%H:%M:%SZ}", "sets": [], "by": "verify.sh"}
    (store / ".escrow.json").write_text(json.dumps(note))

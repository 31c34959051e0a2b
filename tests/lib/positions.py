"""What the archiver and the drills write of the archive, for the console to read."""

import json
import os
import time
from pathlib import Path
from typing import Any

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def before(seconds: float) -> str:
    """A time so long ago, as the scripts write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))


def write_position(store: Path, **changes: Any) -> None:
    """As archiver.sh writes it, by json_build_object, of an archive in good order."""
    usual = {
        "version": 1,
        "time": before(20),
        "canary": before(22),
        "written": "0/5000090",
        "behind_bytes": 0,
        "slot": "reserved",
        "streaming": True,
        "waiting": {"local": 0, "offsite": 12},
        "backups": {"local": before(2 * HOUR), "offsite": before(3 * HOUR)},
    }
    directory = store / "archive"
    directory.mkdir(exist_ok=True)
    text = json.dumps(usual | changes, separators=(", ", " : ")) + "\n"
    (directory / "position.json.new").write_text(text)
    (directory / "position.json.new").replace(directory / "position.json")


def write_drill(store: Path, name: str, age: float = 12 * HOUR, **changes: Any) -> None:
    """As a drill that ended so long ago writes it."""
    usual = {"version": 1, "time": before(age), "ok": True, "from": before(age + 9 * DAY),
             "to": before(age), "seconds": 12, "why": ""}  # fmt: skip
    (store / "archive").mkdir(exist_ok=True)
    (store / "archive" / f"drill-{name}.json").write_text(json.dumps(usual | changes))


def write_copies(store: Path, age: float = 3 * HOUR, **changes: Any) -> None:
    """As the job writes it that copied sets off this machine so long ago."""
    newest = time.strftime("backup_%Y%m%d_%H%M%S", time.gmtime(time.time() - age - 4 * HOUR))
    usual = {"version": 1, "time": before(age), "ok": True, "set": newest, "sets": 14,
             "seconds": 12, "why": ""}  # fmt: skip
    (store / "archive").mkdir(exist_ok=True)
    (store / "archive" / "offsite-sets.json").write_text(json.dumps(usual | changes))


def write_archive(store: Path) -> None:
    """One in good order, that is old enough for everything to have happened."""
    write_position(store)
    write_drill(store, "local")
    write_drill(store, "offsite", 2 * DAY)
    write_copies(store)
    begun(store, 99 * DAY)


def begun(store: Path, age: float) -> None:
    """When the archive was taken over by this server."""
    systems = store / "archive" / "systems"
    systems.write_text("7431\n")
    os.utime(systems, (time.time() - age, time.time() - age))

"""Reading a backup store, and proving that nothing in it changed."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

Listing = dict[str, tuple[str, int, str]]
"""Path below the store -> kind, mode, and content hash or link target."""

BESIDE = {
    "SHA256SUMS",
    "verified.json",
    "unverified.json",
    "read.json",
    "pinned.json",
    "failed.json",
    "key.age",
    "findings.age",
}
"""Files of a set that its sums do not cover: what was found out or decided about it later."""

WORKING = {".lock"}
"""What a run may make and leave at the top without touching any set."""

ASIDE = ".*.new"
"""How what is still being made is called; beside its place."""


class Store:
    """One `BACKUP_ROOT`, seen from outside."""

    def __init__(self, root: Path) -> None:
        """Look at `root`, which need not exist yet."""
        self.root = root

    def names(self) -> list[str]:
        """Return the published sets, oldest first."""
        return sorted(
            x.name
            for x in self.root.glob("backup_*")
            if not x.is_symlink() and (x / "manifest.json").is_file()
        )

    def newest(self) -> Path:
        """Return the newest set's directory."""
        return self.root / self.names()[-1]

    def failed(self) -> list[str]:
        """Return the sets that were set aside."""
        directory = self.root / "failed"
        return sorted(x.name for x in directory.iterdir()) if directory.is_dir() else []

    def link(self, name: str) -> str | None:
        """Return where a link points, None where there is none."""
        path = self.root / name
        return str(path.readlink()) if path.is_symlink() else None

    def manifest(self, name: str | None = None) -> dict[str, Any]:
        """Return the manifest of a set, by default the newest one's."""
        path = (self.root / name if name else self.newest()) / "manifest.json"
        parsed: dict[str, Any] = json.loads(path.read_text())
        return parsed

    def database(self, database: str, name: str | None = None) -> dict[str, Any]:
        """Return the manifest's entry of one database."""
        (entry,) = [x for x in self.manifest(name)["databases"] if x["name"] == database]
        found: dict[str, Any] = entry
        return found

    def globals(self) -> str:
        """Return the roles' SQL of the newest set."""
        path = self.newest() / self.manifest()["globals"]["file"]
        done = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True, text=True)
        return done.stdout

    def identity(self) -> str:
        """Return the store's id."""
        parsed: dict[str, str] = json.loads((self.root / ".store.json").read_text())
        return parsed["id"]

    def files(self, name: str) -> list[Path]:
        """Return every regular file of a set."""
        return sorted(x for x in (self.root / name).rglob("*") if x.is_file())

    def snapshot(self, *, leave_out: frozenset[str] = frozenset()) -> Listing:
        """Return all that is in the store but its working files: equal means nothing changed."""
        listing: Listing = {}
        for path in sorted(self.root.rglob("*")):
            top = path.relative_to(self.root).parts[0]
            if top in WORKING | leave_out or path.match(ASIDE):
                continue
            listing[str(path.relative_to(self.root))] = describe(path)
        return listing

    def assert_sound(self) -> None:
        """Fail unless each published set is whole and each link leads to one of them."""
        for name in self.names():
            problems = damage(self.root / name)
            assert not problems, f"{name}: {problems}"
            assert self.manifest(name)["set"] == name
        for link in ("latest", "latest-verified"):
            target = self.link(link)
            assert target is None or target in self.names(), f"{link} -> {target}"
            assert (self.root / link).is_symlink() or not (self.root / link).exists()

    def rename_set(self, old: str, new: str, **changes: object) -> Path:
        """Publish `old` under another name, with a manifest and sums that fit."""
        moved = self.root / new
        (self.root / old).rename(moved)
        for link in ("latest", "latest-verified"):
            if self.link(link) == old:
                (self.root / link).unlink()
                (self.root / link).symlink_to(new)
        change_manifest(moved, set=new, **changes)
        return moved

    def copy_set(self, old: str, new: str, **changes: object) -> Path:
        """Add a copy of `old` as the set `new`, whole and with a manifest that fits."""
        made = self.root / new
        copy_tree(self.root / old, made)
        change_manifest(made, set=new, **changes)
        return made


def describe(path: Path) -> tuple[str, int, str]:
    """Return kind, mode and content of one file system entry."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return ("link", 0, str(path.readlink()))
    if stat.S_ISDIR(found.st_mode):
        return ("directory", stat.S_IMODE(found.st_mode), "")
    return ("file", stat.S_IMODE(found.st_mode), sha256(path))


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sums(directory: Path) -> dict[str, str]:
    """Return SHA256SUMS as path -> checksum."""
    lines = (directory / "SHA256SUMS").read_text().splitlines()
    pairs = [line.split("  ", 1) for line in lines]
    return {path.removeprefix("./"): checksum for checksum, path in pairs}


def damage(directory: Path) -> list[str]:
    """Return what is wrong with a set, by its own sums; empty means it is whole."""
    try:
        listed = sums(directory)
    except (OSError, ValueError) as error:
        return [f"SHA256SUMS: {error}"]
    problems = []
    for path, checksum in listed.items():
        if not (directory / path).is_file() or sha256(directory / path) != checksum:
            problems.append(f"{path} differs or is missing")
    present = {str(x.relative_to(directory)) for x in directory.rglob("*") if x.is_file()}
    aside = {f".{x}.new" for x in BESIDE}
    problems += [f"{x} has no sum" for x in present - set(listed) - BESIDE - aside]
    return problems


def change_manifest(directory: Path, **changes: object) -> None:
    """Rewrite keys of a manifest, and the sums and the verdict so that the set stays sound."""
    path = directory / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}, indent=1) + "\n")
    verdict = directory / "verified.json"
    if "set" in changes and verdict.exists():
        found = {**json.loads(verdict.read_text()), "set": changes["set"]}
        verdict.write_text(json.dumps(found))
    refresh_sums(directory)


def refresh_sums(directory: Path) -> None:
    """Make SHA256SUMS true again, and bind an existing verdict to it."""
    before = sha256(directory / "SHA256SUMS")
    lines = [f"{sha256(directory / path)}  {path}\n" for path in sums(directory)]
    (directory / "SHA256SUMS").write_text("".join(lines))
    verdict = directory / "verified.json"
    if verdict.exists():
        verdict.write_text(verdict.read_text().replace(before, sha256(directory / "SHA256SUMS")))


def copy_tree(source: Path, target: Path) -> None:
    """Copy files, links, modes and owners."""
    shutil.copytree(source, target, symlinks=True)
    for path in (source, *source.rglob("*")):
        found = path.lstat()
        copied = target / path.relative_to(source)
        if os.geteuid() == 0:
            os.chown(copied, found.st_uid, found.st_gid, follow_symlinks=False)

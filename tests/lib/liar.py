"""Sets made by a liar: every sum and size fits, and what is in them is not what was saved."""

from tests.lib.postgres import Server
from tests.lib.sandbox import run_as
from tests.lib.store import Store, change_manifest, sha256


def redump(server: Server, store: Store, name: str, database: str) -> None:
    """Put the database as it is now into a set of what it was, as a faulty program would."""
    folder = store.root / name
    databases = store.manifest(name)["databases"]
    entry = next(x for x in databases if x["name"] == database)
    path = folder / entry["file"]
    pg_dump = str(server.binaries / "pg_dump")
    words = [pg_dump, "-Fc", "--no-tablespaces", f"--file={path}", database]
    run_as(server.identity, words, {**server.environment(), **server.client()}).check_returncode()
    entry |= {"bytes": path.stat().st_size, "sha256": sha256(path)}
    change_manifest(folder, databases=databases)

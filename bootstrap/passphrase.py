"""The archive's passphrase, among the stack's settings, which outlive `destroy`.

One that the program makes is in the state and goes with it; the repository, which is in the store
and stays, could not be opened any more.
"""

import base64
import os
import secrets
import shlex
from pathlib import Path
from tempfile import TemporaryFile

from bootstrap import settings_file
from bootstrap.clusters import Cluster, Kind
from bootstrap.mounts import MOUNT, is_seen
from bootstrap.place import Place
from bootstrap.stack import Stack
from toolchain.errors import SetupError
from toolchain.run import ask, run

KEY = "archive.passphrase"
MADE = "::archive-local-passphrase"
"""The end of what the state calls the one that the program has made."""
SECRET = ("postgres-archive", "local")
"""The Secret that has it in the cluster, and its key there."""


def keep(stack: Stack, cluster: Cluster) -> None:
    """Writes it, encrypted, into the stack's file where none is known: the cluster's, or a new one.

    Ends where the store has an archive already and nothing here knows what opens that.
    """
    if stack.own(KEY) or MADE in stack.pulumi("stack", "export", "--stack", stack.place.stack):
        return
    text = _living(stack, cluster)
    if not text and (archive := of_before(stack, cluster)):
        raise SetupError(_ways(stack.place, archive))
    command = ["pulumi", "--non-interactive", "config", "set", "--path", "--secret", KEY]
    with TemporaryFile() as value:
        value.write((text or secrets.token_urlsafe(24)).encode())
        value.seek(0)
        done = ask(
            [*command, "--stack", stack.place.stack],
            stdin=value,
            cwd=stack.place.root,
            env=stack.environment,
        )
    if done.returncode != 0:
        raise SetupError(f"pulumi config set --secret {KEY} failed: {done.stderr.strip()}")


def _living(stack: Stack, cluster: Cluster) -> str:
    """The one that the cluster has of a stack whose state was lost; empty where it has none."""
    name, key = SECRET
    space = ["--context", cluster.context, "--namespace", stack.own("namespace") or "brewget"]
    look = ["get", "secret", name, "--ignore-not-found", f"--output=jsonpath={{.data.{key}}}"]
    found = run(["kubectl", *space, *look], cwd=stack.place.root, env=stack.environment)
    return base64.b64decode(found).decode()


def of_before(stack: Stack, cluster: Cluster) -> Path | None:
    """The archive that a server has left in the mounted BACKUP_DIR; None where the stack's store is
    elsewhere, or closed to this user: what the archive is, the server's start then says, later.
    """
    folder = stack.place.backup_dir
    is_elsewhere = (
        cluster.kind is Kind.NAMED
        or stack.own("backup.storage.kind") not in ("", "hostPath")
        or stack.own("backup.storage.path") not in ("", MOUNT)
    )
    if folder is None or is_elsewhere or not is_seen(folder / "archive"):
        return None
    # A start makes the directory, a server's archiver this file; the server's user alone may look.
    return None if is_seen(folder / "archive/systems") is False else folder / "archive"


def _ways(place: Place, archive: Path) -> str:
    """Why `make up` ends, and how it goes on with an archive, the shortest way first."""
    before, own = settings_file.before(place), place.stack_file.name
    found = (
        f"With the .state/passphrase of before: put it back, and `mv {before.name} {own}`. "
        if before.exists()
        else ""
    )
    sudo = "" if os.access(archive.parent, os.W_OK) else "sudo "
    aside = f"{sudo}mv {shlex.quote(str(archive))} {shlex.quote(f'{archive}.before')}-$(date +%s)"
    return (
        f"{archive} is the archive of a stack of before, and its passphrase is not known here. "
        "It was not touched. One of these, then this again. With the recovery sheet: `pulumi "
        f"config set --path --secret {KEY}` in a shell of `make env`; all comes back. {found}"
        f"Without: `{aside}`; the sets come back, and a new archive begins. What the old one has "
        "and no set, as all since the newest, is lost unless its passphrase is found"
    )

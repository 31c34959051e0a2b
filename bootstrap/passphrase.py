"""The archive's passphrase, among the stack's settings, which outlive `destroy`.

One that the program makes is in the state and goes with it; the repository, which is in the store
and stays, could not be opened any more.
"""

import base64
import secrets
from tempfile import TemporaryFile

from bootstrap.clusters import Cluster
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
    if not text and _has_archive(stack):
        raise SetupError(
            f"there is an archive in {stack.place.backups}, but its passphrase is not known here: "
            f"`pulumi config set --path --secret {KEY}` in a shell of `make env`, as the recovery "
            "sheet has it, then this again. To go on without what the archive has and no set: "
            "`pulumi config set --path archive.enabled false`, then this again"
        )
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


def _has_archive(stack: Stack) -> bool:
    """Whether the directory with the sets, where it is this machine's, has a repository in it."""
    folder = stack.place.backup_dir
    try:
        return folder is not None and (folder / "archive").is_dir()
    except PermissionError:
        return False  # it is another user's: the server's start then says the same, later

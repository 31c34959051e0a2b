"""The archive's passphrase, among the stack's settings, which outlive `destroy`.

One that the program makes is in the state and goes with it; the repository, which is in the store
and stays, could not be opened any more.
"""

import secrets
from tempfile import TemporaryFile

from bootstrap.stack import Stack
from toolchain.errors import SetupError
from toolchain.run import ask

KEY = "archive.passphrase"
MADE = "::archive-local-passphrase"
"""The end of what the state calls the one that the program has made."""


def keep(stack: Stack) -> None:
    """Makes one where there is none yet, encrypted in the stack's file."""
    if stack.own(KEY) or MADE in stack.pulumi("stack", "export", "--stack", stack.place.stack):
        return
    command = ["pulumi", "--non-interactive", "config", "set", "--path", "--secret", KEY]
    with TemporaryFile() as value:
        value.write(secrets.token_urlsafe(24).encode())
        value.seek(0)
        done = ask(
            [*command, "--stack", stack.place.stack],
            stdin=value,
            cwd=stack.place.root,
            env=stack.environment,
        )
    if done.returncode != 0:
        raise SetupError(f"pulumi config set --secret {KEY} failed: {done.stderr.strip()}")

"""A real SSH server on the loopback that serves files by SFTP, for what is kept off-site."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh

from tests.lib.sandbox import Sandbox

HOST = "127.0.0.1"
USER = "backup"
READY = 20.0
"""From starting the server until it listens, in seconds."""


class Sftp:
    """One server; what is kept there are files in `files`."""

    def __init__(self, box: Sandbox) -> None:
        """Make its key and its user's."""
        self.files = box.directory("sftp")
        self.port = 0
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        # As docs/archive.md says. With an RSA key, and a server that offers as many ways to sign
        # as this one, libssh2 1.11.1 (Debian 13's) ends with "free(): invalid next size".
        self._user = asyncssh.generate_private_key("ssh-ed25519")

    @property
    def fingerprint(self) -> str:
        """Of the server's key, as `ssh-keygen -l` prints it."""
        return self.key.get_fingerprint()

    @property
    def private_key(self) -> bytes:
        """The user's, as `ssh-keygen -t ed25519` writes it."""
        return self._user.export_private_key("openssh")

    async def listen(self) -> asyncssh.SSHAcceptor:
        """Serve, on a port that is free."""
        known = self._user.export_public_key().decode()
        listening = await asyncssh.listen(
            HOST,
            0,
            server_host_keys=[self.key],
            authorized_client_keys=asyncssh.import_authorized_keys(known),
            sftp_factory=self._serve,
        )
        self.port = listening.get_port()
        return listening

    def _serve(self, channel: "asyncssh.SSHServerChannel[bytes]") -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(Path(self.files)).encode())


@contextmanager
def running(box: Sandbox) -> Iterator[Sftp]:
    """A server, until the end."""
    made, loop = Sftp(box), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(made.listen(), loop).result(READY)
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(READY)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(READY)
        loop.close()


async def _end(listening: asyncssh.SSHAcceptor) -> None:
    listening.close()
    await listening.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

"""Receivers of notifications on the loopback: a webhook over HTTP and a mail server."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.lib.console import free_port


@dataclass
class Webhook:
    """Keeps what is posted to it; can be down."""

    port: int = field(default_factory=free_port)
    messages: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    refusals: int = 0
    """So many messages more are refused, whatever the status."""
    refuses: Callable[[dict[str, Any]], bool] = lambda _: False
    """Messages that it never takes, as a chat does that finds one too long."""
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """For Apprise."""
        return f"json://127.0.0.1:{self.port}/hook"

    @property
    def titles(self) -> list[str]:
        """What the messages are about, in order."""
        return [str(message["title"]) for message in self.messages]

    def start(self) -> "Webhook":
        """Listen."""
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = 503 if webhook.refusals > 0 else webhook.status
                webhook.refusals -= 1
                if status == 200 and webhook.refuses(message):
                    status = 413
                if status == 200:
                    webhook.messages.append(message)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not into the tests' output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Be down."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Watch:
    """What a heartbeat is for: counts how often it was asked for."""

    def __init__(self) -> None:
        """Listening."""
        self.beats: list[str] = []
        watch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watch.beats.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not into the tests' output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/SECRET"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Be down."""
        self.server.shutdown()
        self.server.server_close()


class Mailbox:
    """A mail server that keeps every mail."""

    def __init__(self) -> None:
        """Not listening yet."""
        self.mails: list[Any] = []
        self.port = free_port()
        # A busy machine may need longer than aiosmtpd's five seconds.
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=60)

    @property
    def url(self) -> str:
        """For Apprise."""
        return (
            f"mailto://127.0.0.1:{self.port}?from=db@example.org&to=ann@example.org&mode=insecure"
        )

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """Keep the mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def start(self) -> "Mailbox":
        """Listen."""
        self._controller.start()
        return self

    def stop(self) -> None:
        """Be down."""
        self._controller.stop()

"""Who may act: sessions, the token, the proxy's header, and whether a form is our own."""

import hashlib
import hmac
import ipaddress
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request

from console.settings import Settings

COOKIE = "brewget_console"
SESSION_SECONDS = 12 * 3600
MOST_SESSIONS = 1000
MOST_FAILURES = 10
"""Wrong tokens in a minute, from all sides together, after which nobody may try."""

HEADERS = {
    # No inline script or style, nothing from outside, no frame around a button.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it a browser sends `Origin: null` even with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may look and act."""

    name: str
    key: str
    """What this user's forms are bound to."""


@dataclass(slots=True)
class Doors:
    """Everything that decides who is in. Sessions live in memory: a restart ends them."""

    settings: Settings
    _sessions: dict[str, float] = field(default_factory=dict)
    _failures: list[float] = field(default_factory=list)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def user(self, request: Request) -> User | None:
        """Whom a request comes from; None for nobody we know."""
        if name := self._proxy_user(request):
            return User(name, f"proxy {name}")
        session = request.cookies.get(COOKIE, "")
        if self._sessions.get(_digest(session), 0.0) > time.monotonic():
            return User("token", f"session {session}")
        return None

    def bearer(self, request: Request) -> User | None:
        """A program with the token: it may look, and has no page whose forms it could send."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not self.may_try():
            return None
        if self._is_token(token):
            return User("token", "")
        self._failures.append(time.monotonic())
        return None

    def _proxy_user(self, request: Request) -> str:
        """The header counts only from the proxy's own address: anybody can send one."""
        header, peer = self.settings.proxy_header, request.client
        values = request.headers.getlist(header) if header else []
        if len(values) != 1 or peer is None:
            return ""
        try:
            address = ipaddress.ip_address(peer.host)
        except ValueError:
            return ""
        is_proxy = any(address in network for network in self.settings.proxy_addresses)
        return values[0].strip()[:200] if is_proxy else ""

    def may_try(self) -> bool:
        """Whether a token may be tried now."""
        recent = time.monotonic() - 60
        self._failures = [moment for moment in self._failures if moment > recent]
        return len(self._failures) < MOST_FAILURES

    def log_in(self, token: str) -> str | None:
        """A new session for the right token."""
        if not self._is_token(token):
            self._failures.append(time.monotonic())
            return None
        now = time.monotonic()
        self._sessions = {key: end for key, end in self._sessions.items() if end > now}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = now + SESSION_SECONDS
        return session

    def log_out(self, request: Request) -> None:
        """Ends the session of this request."""
        self._sessions.pop(_digest(request.cookies.get(COOKIE, "")), None)

    def _is_token(self, token: str) -> bool:
        file = self.settings.token_file
        if file is None:
            return False
        # Read each time: a Secret that was changed counts within the minute.
        wanted = file.read_text("utf-8").strip()
        return bool(wanted) and hmac.compare_digest(token.strip().encode(), wanted.encode())

    def form_key(self, user: User) -> str:
        """What a form must send back: only a page that this user was shown has it."""
        return hmac.new(self._secret, user.key.encode(), hashlib.sha256).hexdigest()

    def is_own_form(self, user: User, sent: str) -> bool:
        """Whether a form came from one of our pages."""
        return hmac.compare_digest(self.form_key(user).encode(), sent.encode(errors="replace"))


def is_same_origin(request: Request) -> bool:
    """What the browser itself says about where a form came from; old browsers say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _digest(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()

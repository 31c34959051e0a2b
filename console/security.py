"""Who may act: sessions, the token, the proxy's header, and whether a form is our own."""

import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request

from console.settings import Settings

log = logging.getLogger(__name__)

COOKIE = "brewget_console"
COOKIE_OF_HTTPS = f"__Host-{COOKIE}"
"""Browsers take it from this host over TLS alone: no neighbour's page can set it."""
SESSION_SECONDS = 12 * 3600
MOST_SESSIONS = 1000

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
    is_proxied: bool = False
    """Whether the proxy vouches for them: only there can they log out."""


@dataclass(frozen=True, slots=True)
class Session:
    """Of somebody who had the token."""

    ends: float
    token: str
    """Its digest: another token ends the session."""


@dataclass(slots=True)
class Doors:
    """Everything that decides who is in. Sessions live in memory: a restart ends them.

    Wrong tokens are counted and not limited: nobody guesses 24 random bytes, and a limit would
    let anybody lock the others out.
    """

    settings: Settings
    logins: Counter[str] = field(default_factory=lambda: Counter(accepted=0, refused=0))
    _sessions: dict[str, Session] = field(default_factory=dict)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def cookie(self) -> str:
        """Name of the session's cookie."""
        return COOKIE_OF_HTTPS if self.settings.https else COOKIE

    def user(self, request: Request) -> User | None:
        """Whom a request comes from; None for nobody we know."""
        if name := self._proxy_user(request):
            return User(name, f"proxy {name}", is_proxied=True)
        session = request.cookies.get(self.cookie, "")
        found = self._sessions.get(_digest(session))
        if found and found.ends > time.monotonic() and found.token == _digest(self._token()):
            return User("token", f"session {session}")
        return None

    def bearer(self, request: Request) -> User | None:
        """A program with the token: it may look, and has no page whose forms it could send."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        if self._is_token(token):
            return User("token", "")
        self._log_refused(request)
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

    def log_in(self, request: Request, token: str) -> str | None:
        """A new session for the right token."""
        if not self._is_token(token):
            self._log_refused(request)
            return None
        self.logins["accepted"] += 1
        log.info("login from %s", _peer(request))
        now = time.monotonic()
        self._sessions = {key: each for key, each in self._sessions.items() if each.ends > now}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = Session(now + SESSION_SECONDS, _digest(self._token()))
        return session

    def log_out(self, request: Request) -> None:
        """Ends the session of this request."""
        self._sessions.pop(_digest(request.cookies.get(self.cookie, "")), None)

    def _log_refused(self, request: Request) -> None:
        self.logins["refused"] += 1
        log.warning("a wrong token from %s", _peer(request))

    def _token(self) -> str:
        """Read each time: a Secret that was changed counts within the minute. Empty: nobody's."""
        file = self.settings.token_file
        return file.read_text("utf-8").strip() if file else ""

    def _is_token(self, token: str) -> bool:
        wanted = self._token()
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


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _peer(request: Request) -> str:
    return request.client.host if request.client else "nowhere"

"""The console as its own process, and what a browser and a person would do with it."""

import http.client
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bootstrap import console_venv
from tests.lib import fakesets
from tests.lib.fakesets import Fake
from tests.lib.store import change_manifest
from tests.lib.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
START = 60.0
"""From its start until the console answers, on a busy machine, in seconds."""
MEMORY_BYTES = 100 * 2**20
"""The most that a console may take."""
TOKEN = "a-token-of-the-tests"
STORE_ID = "the-store"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def key(self) -> str:
        """The key of the first form on the page."""
        found = re.search(r'name="key" value="([0-9a-f]{64})"', self.text)
        assert found, f"no form on the page: {self.text[:500]}"
        return found[1]


@dataclass
class Console:
    """A running console; `environment` changes what it is told."""

    base: Path
    store: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    cookie: str = ""
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> "Console":
        """Return when it answers; fail at once, with its words, where it ends instead."""
        console_venv.ensure(ROOT)
        self.port = self.port or free_port()
        token = self.base / "token"
        token.write_text(TOKEN + "\n")
        settings = {
            "CONSOLE_PORT": str(self.port),
            "CONSOLE_STORE": str(self.store),
            "CONSOLE_STORE_ID": STORE_ID,
            "CONSOLE_TOKEN_FILE": str(token),
            "KUBECONFIG": str(self.base / "no-kubeconfig"),
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CONSOLE_", "KUBE"))}
        with (self.base / "console.log").open("a") as log:
            self.process = subprocess.Popen(
                [console_venv.python(ROOT), "-m", "console"],
                cwd=ROOT,
                env=kept | settings | self.environment,
                stderr=log,
                text=True,
            )
        wait_for("the console", self._answers, START, every=0.05)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise SystemExit(f"the console ended with {self.process.returncode}: {self.said()}")
        return self.request("GET", "/healthz").status == 200

    def stop(self) -> None:
        """End it and wait for its end."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def said(self) -> str:
        """Its log."""
        return (self.base / "console.log").read_text()

    @property
    def address(self) -> str:
        """For a browser."""
        return f"http://127.0.0.1:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        form: Mapping[str, str | list[str]] | None = None,
        **headers: str,
    ) -> Answer:
        """One request, redirects not followed; underscores in `headers` are dashes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        body = None
        if form is not None:
            body = urlencode(form, doseq=True)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
        finally:
            connection.close()

    def get(self, path: str = "/", **headers: str) -> Answer:
        """GET."""
        return self.request("GET", path, **headers)

    def post(self, path: str, form: Mapping[str, str | list[str]], **headers: str) -> Answer:
        """POST a form as it is given."""
        return self.request("POST", path, form, **headers)

    def log_in(self, token: str = TOKEN) -> "Console":
        """Keep the session for what follows."""
        answer = self.post("/login", {"token": token})
        assert answer.status == 303, answer.text
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return self

    def metrics(self) -> dict[str, float]:
        """Samples as `name{labels}` -> value."""
        answer = self.get("/metrics")
        assert answer.status == 200, answer.text
        lines = [line for line in answer.text.splitlines() if line and line[0] != "#"]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    def cpu_seconds(self) -> float:
        """What it has used of the processor since its start."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Its memory, as the kernel counts it."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024


def make_store(root: Path) -> Path:
    """An empty store."""
    root.mkdir(parents=True, exist_ok=True)
    identity = {"version": 1, "id": STORE_ID, "created": "2026-01-01T00:00:00Z"}
    (root / ".store.json").write_text(json.dumps(identity))
    return root


def name_of(moment: datetime) -> str:
    """A set's name."""
    return f"backup_{moment:%Y%m%d_%H%M%S}"


def add_set(store: Path, age: timedelta, **changes: Any) -> str:
    """Add a verified set that is so old; keys of Fake, and of the manifest, by name."""
    name = name_of(datetime.now(UTC) - age)
    of_fake = {key: changes.pop(key) for key in list(changes) if key in Fake.__annotations__}
    made = fakesets.write(store, STORE_ID, Fake(name, **({"verified": True} | of_fake)))
    if changes:
        change_manifest(made, **changes)
    if (made / "verified.json").exists():
        change_verdict(made, verified=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    return name


def change_verdict(directory: Path, **changes: Any) -> None:
    """Rewrite keys of a set's verdict."""
    path = directory / "verified.json"
    usual = {"restore_seconds": 7, "seconds": 9, "by": "verify.sh", "passwords": "as saved"}
    path.write_text(json.dumps(json.loads(path.read_text()) | usual | changes))


def wait_until(moment: float) -> None:
    """Let a clock of whole seconds go on."""
    time.sleep(max(0.0, moment - time.time()))

"""As much of the Kubernetes API as the console asks for, over real HTTP, with faults on demand.

For what a healthy cluster does not show: refusals, silence, nonsense. The real one is asked in
tests/cluster.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BATCH = "/apis/batch/v1/namespaces/brewget"
CORE = "/api/v1/namespaces/brewget"


@dataclass
class FakeApi:
    """Objects by what they are, and what to do instead of answering."""

    cron_jobs: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    pods: list[dict[str, Any]] = field(default_factory=list)
    log: str = "what the pod said\n"
    asked: list[str] = field(default_factory=list)
    fault: Callable[[BaseHTTPRequestHandler], bool] | None = None
    """Answers in our place and returns True, or returns False."""
    server: ThreadingHTTPServer | None = None

    def start(self) -> "FakeApi":
        """Listen on a free port of the loopback."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening, and hang up on connections that are kept open."""
        self.fault = _hang_up
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()

    def kubeconfig(self, directory: Path) -> str:
        """Write a kubeconfig that leads here and return its path."""
        assert self.server is not None
        path = directory / "kubeconfig"
        address = f"http://127.0.0.1:{self.server.server_address[1]}"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "fake",
                    "clusters": [{"name": "fake", "cluster": {"server": address}}],
                    "users": [{"name": "fake", "user": {"token": "none"}}],
                    "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
                }
            )
        )
        return str(path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api.asked.append(f"GET {self.path}")
                if api.fault is None or not api.fault(self):
                    api.answer_get(self)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.asked.append(f"POST {self.path}")
                if api.fault is None or not api.fault(self):
                    api.create(self, json.loads(body))

            def log_message(self, *_: object) -> None:
                """Not into the tests' output."""

        return Handler

    def answer_get(self, request: BaseHTTPRequestHandler) -> None:
        """A list, one CronJob, or a log."""
        path = request.path.partition("?")[0]
        lists = {
            f"{BATCH}/cronjobs": self.cron_jobs,
            f"{BATCH}/jobs": self.jobs,
            f"{CORE}/pods": self.pods,
        }
        if path in lists:
            send(request, 200, {"kind": "List", "items": lists[path]})
        elif path.endswith("/log"):
            send(request, 200, self.log)
        else:
            found = [c for c in self.cron_jobs if path.endswith(f"/{c['metadata']['name']}")]
            send(request, 200, found[0]) if found else not_found(request, path)

    def create(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        """Keep a Job as the API would."""
        body["metadata"]["creationTimestamp"] = stamp(time.time())
        self.jobs.append(body)
        send(request, 201, body)


def _hang_up(request: BaseHTTPRequestHandler) -> bool:
    request.close_connection = True
    return True


def send(request: BaseHTTPRequestHandler, status: int, body: object) -> None:
    """An answer, JSON unless it is text already."""
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    request.send_response(status)
    is_text = isinstance(body, str)
    request.send_header("Content-Type", "text/plain" if is_text else "application/json")
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def not_found(request: BaseHTTPRequestHandler, what: str) -> None:
    """As the API says it."""
    send(request, 404, {"kind": "Status", "message": f"{what} not found", "code": 404})


def stamp(moment: float) -> str:
    """A time as the API writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def cron_job(name: str, **spec: Any) -> dict[str, Any]:
    """A CronJob as the stack makes it, as far as the console reads it."""
    container = {"name": name, "image": "postgres", "command": ["bash", "x"], "args": ["y"]}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    inner = {"backoffLimit": 1, "activeDeadlineSeconds": 3600, "template": template}
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-of-{name}",
            "creationTimestamp": stamp(time.time() - 30 * 86400),
        },
        "spec": {
            "schedule": "0 */6 * * *",
            "timeZone": "Etc/UTC",
            "jobTemplate": {"metadata": {"labels": {"app": name}}, "spec": inner},
        }
        | spec,
        "status": {"lastScheduleTime": stamp(time.time() - 60)},
    }


def job(name: str, owner: str, age: float, condition: str | None, **more: Any) -> dict[str, Any]:
    """A Job that the CronJob `owner` made; `condition` is Complete, Failed or none yet."""
    ended = {
        "type": condition,
        "status": "True",
        "lastTransitionTime": stamp(time.time() - age / 2),
    }
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": stamp(time.time() - age),
            "ownerReferences": [{"kind": "CronJob", "name": owner}],
        }
        | more,
        "status": {"conditions": [ended] if condition else []},
    }

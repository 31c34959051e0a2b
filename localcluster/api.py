"""A client of the API server for the few requests that `start` and `status` make.

kubectl would do, but each of its starts costs more than all of these requests together.
"""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcluster.components import API_PORT


@dataclass(frozen=True)
class Api:
    """The API server at an address, as the administrator."""

    address: str
    pki: Path

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> "Answer":
        """One request; an API server that cannot be reached is an OSError."""
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        connection = http.client.HTTPSConnection(self.address, API_PORT, timeout=5, context=context)
        text = json.dumps(body) if body is not None else None
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            connection.request(method, path, text, {"Content-Type": kind})
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"no answer from {self.address}: {error}") from error
        finally:
            connection.close()

    def get(self, path: str) -> dict[str, Any] | None:
        """An object, or None where there is none (yet) or the API server is not up (yet)."""
        try:
            answer = self.request("GET", path)
        except OSError:
            return None
        return answer.json() if answer.status == http.client.OK else None

    def is_ready(self) -> bool:
        """Whether the API server says so itself."""
        try:
            return self.request("GET", "/readyz").status == http.client.OK
        except OSError:
            return False


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object."""
        value: dict[str, Any] = json.loads(self.body)
        return value

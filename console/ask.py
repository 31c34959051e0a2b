"""`python -m console.ask`: what /api/v1/status of the console beside it says, for kubectl exec.

Small, as it runs within the memory of the console's pod; it needs no login but the pod itself.
"""

import http.client
import os
import sys
from pathlib import Path

SECONDS = 20
OK, UNREACHABLE = 0, 69


def main() -> int:
    """69 where there is no answer."""
    try:
        token = Path(os.environ["CONSOLE_TOKEN_FILE"]).read_text("utf-8").strip()
        port = int(os.environ.get("CONSOLE_PORT", "8080"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        connection.request("GET", "/api/v1/status", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        text = answer.read().decode()
    except (KeyError, ValueError, OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"error: the console does not answer: {error!r}\n")
        return UNREACHABLE
    if answer.status != http.client.OK:
        sys.stderr.write(f"error: the console answers {answer.status}: {text.strip()[:500]}\n")
        return UNREACHABLE
    sys.stdout.write(text)
    return OK


if __name__ == "__main__":
    sys.exit(main())

"""Tells a monitoring service outside that all is well: it alerts when that stops."""

import logging
from pathlib import Path

import requests

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds to connect, and to answer."""


class Heartbeat:
    """One GET after each look that finds nothing wrong, as such services take it."""

    def __init__(self, file: Path | None) -> None:
        """`file` holds the URL, which is a secret: who knows it can keep the service quiet."""
        self._file = file
        self.counts = {"sent": 0, "failed": 0}

    def send(self) -> None:
        """Never raises: what does not arrive is noticed over there."""
        if self._file is None:
            return
        try:
            url = self._file.read_text("utf-8").strip()
            # Not its body, which may never end.
            with requests.get(url, timeout=TIMEOUT, stream=True) as answer:
                answer.raise_for_status()
        except (OSError, ValueError, requests.RequestException) as error:
            # Its words may have the URL in them.
            log.warning("the heartbeat was not taken (%s)", type(error).__name__)
            self.counts["failed"] += 1
        else:
            self.counts["sent"] += 1

"""`python -m console`: serves until it is stopped."""

import logging
import os
import sys

import uvicorn

from console.app import create
from console.settings import SettingsError, from_environment


def main() -> int:
    """64 for settings that cannot be used."""
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"error: {error}\n")
        return 64
    # Of the console alone: what Apprise says has URLs in it, and those have passwords.
    log = logging.getLogger("console")
    log.addHandler(logging.StreamHandler())
    log.setLevel(logging.INFO)
    uvicorn.run(
        create(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        # Our own header names the user, and only from the proxy's address: uvicorn must not
        # replace that address by what X-Forwarded-For claims.
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

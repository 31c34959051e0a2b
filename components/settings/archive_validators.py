"""What a setting of the archive may hold: as validators.py, which is full."""

import re
from datetime import datetime

from components.settings.validators import host

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
)
_PASSPHRASE = re.compile(r"[!-~]{20,200}")


def endpoint(text: str) -> str:
    """A host that is always reached by TLS or SSH: there is no other way to name one."""
    scheme, separator, _ = text.partition("://")
    if separator:
        why = "that is not encrypted" if scheme == "http" else "the way there is given by the kind"
        raise ValueError(f"{why}; name the host alone")
    if ":" in text:
        raise ValueError("a port belongs in offsite.port")
    return host(text)


def bucket(text: str) -> str:
    """A name that S3, GCS or Azure may know; which of them takes it is theirs to say."""
    if not _BUCKET.fullmatch(text):
        raise ValueError("it is not a bucket's name")
    return text


def host_key(text: str) -> str:
    """The fingerprint of an SSH server's key, as ssh-keygen prints it."""
    if not _HOST_KEY.fullmatch(text):
        raise ValueError("it is not a SHA256 fingerprint")
    return text


def moment(text: str) -> str:
    """A point in time that means the same to everybody; it is handed on as it was written."""
    if not (found := _MOMENT.fullmatch(text)):
        raise ValueError("it is not a date and a time with seconds")
    if not found["zone"]:
        raise ValueError("it has no zone, and each machine would take it for another time")
    datetime.fromisoformat(text)
    return text


def passphrase(text: str) -> str:
    """What a repository is encrypted with: long enough not to be guessed, and to be typed again."""
    if text and not _PASSPHRASE.fullmatch(text):
        raise ValueError("it is too short, too long, or has a blank or an unprintable character")
    return text

"""What a setting of the encryption may hold: as validators.py, which is full."""

import re

# X25519 alone: a plugin's recipients (age1yubikey1…) need a program that no pod has.
_AGE = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_SSH = re.compile(r"ssh-(ed25519|rsa) [A-Za-z0-9+/]{60,}={0,2}( [!-~]+)*")
_IDENTITY = re.compile(r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}")


def recipient(text: str) -> str:
    """A public key that age encrypts to."""
    if not (_AGE.fullmatch(text) or _SSH.fullmatch(text)):
        raise ValueError(f"{text!r} is not a public key of age or SSH")
    return text


def identity(text: str) -> str:
    """The file that age-keygen writes: comments, and keys one a line; several while they rotate."""
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if text and not (keys and all(map(_IDENTITY.fullmatch, keys))):
        raise ValueError("it has a line that is no AGE-SECRET-KEY-1…, or none that is one")
    return text

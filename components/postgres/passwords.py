"""Passwords that are made once and stay, and the texts they are used in."""

import hashlib
import secrets
from urllib.parse import quote

import pulumi

from components.cluster import names
from components.cluster.stash import stash_once


def stash_password(name: str, generation: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A generated password that stays the same until `generation` changes.

    It lives in the stack's state, encrypted: a new one on every `up` would lock everybody out of
    an old data directory.
    """
    generated = pulumi.Output.secret(secrets.token_urlsafe(24))
    first = stash_once(f"{name}-password{generation and '-'}{generation}", generated, opts)
    return pulumi.Output.secret(first.apply(str))


def connection_uri(host: str, database: str, password: str, *, tls: str) -> str:
    """A URI for `database` as its own role, with everything percent-encoded that has to be."""
    place = f"{host}:{names.PORT}/{database}"
    return f"postgresql://{database}:{quote(password, safe='')}@{place}?{tls}"


def fingerprint(passwords: list[str]) -> str:
    """Changes when a password does.

    It is seen by everyone who may read a pod, so it is slow to guess from: scrypt, not a hash.
    """
    text = "\0".join(passwords).encode()
    return hashlib.scrypt(text, salt=b"brewget-postgres", n=2**14, r=8, p=1, dklen=16).hex()

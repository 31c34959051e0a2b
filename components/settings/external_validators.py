"""What a setting of a server of others may hold: as validators.py, which is full."""

from cryptography import x509

from components.settings.validators import host

_NAME_BYTES = 63
"""PostgreSQL cuts a longer name, and takes the rest for another role."""


def server(text: str) -> str:
    """The server's name or address alone: a certificate has no port in it."""
    if "://" in text:
        raise ValueError("it is a connection string; name the host alone")
    if ":" in text:
        raise ValueError("a port belongs in external.port")
    return host(text)


def role(text: str) -> str:
    """The name of a role, whatever signs are in it."""
    if not text.isprintable() or len(text.encode()) > _NAME_BYTES:
        raise ValueError("it has an unprintable character, or is too long")
    return text


def certificates(text: str) -> str:
    """One certificate as PEM, or several. Never a key: that is the server's alone."""
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        found = []
    if not found or "PRIVATE KEY" in text:
        raise ValueError("it is no certificate, or not one alone")
    return text

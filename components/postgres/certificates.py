"""The CA that a stack makes for itself, and the server certificates that it signs.

The CA and the server's key are kept. The certificate follows from them, from the names and from the
period that a moment lies in: the same on every run, and a new one when the next period begins.
"""

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFE = timedelta(days=3650)
# A client whose clock is behind would find a certificate of this minute not yet valid.
SLACK = timedelta(days=1)
_CURVE = ec.SECP256R1()
_USAGE = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str


def new_ca(now: datetime) -> dict[str, str]:
    """A CA for ten years: `certificate` and `key`, as they are kept in the stack's state."""
    key = ec.generate_private_key(_CURVE)
    serial = x509.random_serial_number()
    # With its number, so that no client takes one generation's CA for another's.
    name = _name(f"brewget-postgres CA {serial:x}"[:40])
    builder = (
        _builder(name, name, key.public_key(), serial)
        .not_valid_before(now.replace(microsecond=0) - SLACK)
        .not_valid_after(now.replace(microsecond=0) + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**_USAGE | {"key_cert_sign": True}), critical=True)
    )
    return {
        "certificate": _pem(builder.sign(key, hashes.SHA256())),
        "key": _key_pem(key),
    }


def new_key() -> str:
    """A key for the server, as it is kept in the stack's state."""
    return _key_pem(ec.generate_private_key(_CURVE))


def period(made: datetime, days: int, now: datetime) -> int:
    """The number of the certificate that is due: each one's successor comes when a third of its
    life is left."""
    return max(0, (now - made) // (timedelta(days=days) * 2 / 3))


def server_certificate(
    ca: Mapping[str, str], key_pem: str, hosts: Sequence[str], *, days: int, now: datetime
) -> Pair:
    """The certificate for `hosts` that is due at `now`; it never outlives the CA."""
    issuer, issuer_key = _load(ca)
    key = _private_key(key_pem)
    made = issuer.not_valid_before_utc + SLACK
    number = period(made, days, now)
    start = made + number * (timedelta(days=days) * 2 / 3)
    # The same on every run, and another for every other certificate, as RFC 5280 wants it.
    facts = f"{key_pem}{number} {days} {hosts}".encode()
    serial = int.from_bytes(hashlib.sha256(facts).digest()[:16])
    builder = (
        _builder(_name(hosts[0]), issuer.subject, key.public_key(), serial)
        .not_valid_before(start - SLACK)
        .not_valid_after(min(start + timedelta(days=days), issuer.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([_alternative(h) for h in hosts]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**_USAGE | {"digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    signed = builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
    return Pair(_pem(signed), key_pem)


def expires(certificate: str) -> datetime:
    """The end of a certificate's life."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, serial: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _load(ca: Mapping[str, str]) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    return x509.load_pem_x509_certificate(ca["certificate"].encode()), _private_key(ca["key"])


def _private_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 (made above)
    return key


def _name(text: str) -> x509.Name:
    # X.509 allows 64 characters; the names that clients compare are the alternative ones.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()

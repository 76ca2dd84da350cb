"""A certificate authority for one run, so that a client whose host is fixed can be answered over TLS.

Its key signs one certificate and is then forgotten: nobody can sign another one with it. It may sign for Meta's
hosts, ``sandbox.test`` and this machine only. Needs the extra ``[tls]``.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_sandbox.hosts import ANSWERED

if TYPE_CHECKING:
    from cryptography import x509

LIFE = timedelta(days=30)
_OWN = ("localhost", "127.0.0.1", "::1")


class TlsMissing(RuntimeError):
    """The extra ``[tls]`` is not installed; the message says how to get it."""


def make_authority(extra_hosts: tuple[str, ...] = ()) -> tuple[bytes, ssl.SSLContext]:
    """The authority's certificate (PEM) and the context of a server it vouches for. Raises :class:`TlsMissing`."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as missing:
        raise TlsMissing("TLS needs the extra: pip install 'treadle-sandbox[tls]'.") from missing
    names = [_name(host) for host in dict.fromkeys((*ANSWERED, *_OWN, *extra_hosts)) if host]
    now = datetime.now(UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, name = _subject("Threads sandbox, this run only"), _subject("Threads sandbox")
    usage = {
        "digital_signature": False, "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
        "key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False,
        "decipher_only": False,
    }  # fmt: skip

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(root_name).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + LIFE)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
        )  # fmt: skip

    networks = [x509.IPAddress(ipaddress.ip_network(n.value)) for n in names if isinstance(n, x509.IPAddress)]
    allowed = [*(n for n in names if isinstance(n, x509.DNSName)), *networks]
    root = (
        builder(root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(x509.KeyUsage(**{**usage, "key_cert_sign": True, "crl_sign": True}), True)
        .add_extension(x509.NameConstraints(allowed, None), True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        builder(name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.KeyUsage(**{**usage, "digital_signature": True}), True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.SubjectAlternativeName(names), False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    with tempfile.NamedTemporaryFile(prefix="treadle-sandbox-", suffix=".pem") as file:  # private to this user
        file.write(private + leaf.public_bytes(pem))
        file.flush()
        context.load_cert_chain(file.name)
    return root.public_bytes(pem), context


def _name(host: str) -> x509.DNSName | x509.IPAddress:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _subject(text: str) -> x509.Name:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, text)])


def write_certificate(pem: bytes, folder: Path) -> Path:
    """Where clients find the authority's certificate."""
    path = folder / "sandbox-ca.pem"
    part = path.with_suffix(".part")
    part.write_bytes(pem)
    os.replace(part, path)
    return path

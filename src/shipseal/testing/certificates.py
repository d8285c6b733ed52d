"""A certificate authority for tests: TLS servers, client certificates and token signers on this machine."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PURPOSES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its key, as PEM files.

    Attributes:
        certificate: the file with the certificate.
        key: the file with the unencrypted private key.
        private_key: the key.
        x509: the certificate.
    """

    certificate: Path
    key: Path
    private_key: ec.EllipticCurvePrivateKey
    x509: x509.Certificate

    def server_context(self, *, client_ca: Path | None = None) -> ssl.SSLContext:
        """Return a context to serve TLS with; with ``client_ca``, clients must have a certificate of that authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        return context


class CertificateAuthority:
    """Issues certificates that only tests trust.

    Args:
        folder: where the PEM files are written.
        name: common name of the authority.
    """

    def __init__(self, folder: Path, name: str = "shipseal test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = _common_name(name)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._issue(self._name, key.public_key(), key, is_authority=True)
        self._pair = self._write("ca", certificate, key)

    @property
    def certificate(self) -> Path:
        """The file with the authority's certificate."""
        return self._pair.certificate

    def issue(self, name: str, *hosts: str) -> KeyPair:
        """Return a new certificate for servers and clients.

        Args:
            name: common name, and part of the file names.
            hosts: addresses and names that it is valid for; by default those of this machine.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._issue(
            _common_name(name),
            key.public_key(),
            self._pair.private_key,
            hosts=hosts or _LOOPBACK,
        )
        return self._write(name, certificate, key)

    def _issue(
        self,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        signer: ec.EllipticCurvePrivateKey,
        *,
        is_authority: bool = False,
        hosts: tuple[str, ...] = (),
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        )
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage(_PURPOSES), critical=False)
        return builder.sign(signer, hashes.SHA256())

    def _write(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> KeyPair:
        paths = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return KeyPair(*paths, key, certificate)


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)

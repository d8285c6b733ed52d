"""Keys and certificates of a private Sigstore instance: what its operator would make once and guard well."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Fulcio wants its key encrypted; the file is as new as the instance, and lies in a folder of its owner's alone.
KEY_PASSWORD = "only this machine's private instance"  # noqa: S105
_YEARS = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Chain:
    """Certificates and the key that signs for the first of them.

    Attributes:
        certificates: from the one that signs to its root.
        key: of the first.
    """

    certificates: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """All certificates, first the one that signs."""
        return b"".join(
            certificate.public_bytes(serialization.Encoding.PEM)
            for certificate in self.certificates
        )


@dataclass(frozen=True, slots=True)
class InstanceKeys:
    """All keys of an instance.

    Attributes:
        organization: of the certificate authority.
        authority: issues certificates: intermediate and root.
        timestamps: signs timestamps: leaf and root.
        log: signs checkpoints of the transparency log.
        ct_log: signs promises of the certificate log.
        since: from when all of them hold.
    """

    organization: str
    authority: Chain
    timestamps: Chain
    log: ed25519.Ed25519PrivateKey
    ct_log: ec.EllipticCurvePrivateKey
    since: datetime


def make_keys(organization: str) -> InstanceKeys:
    """Return new keys for an instance whose certificate authority belongs to ``organization``."""
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    maker = _Maker(organization, since)
    root_key, signing_key = _ecdsa(), _ecdsa()
    root = maker.authority("root", root_key, root_key, path_length=1)
    intermediate = maker.authority("intermediate", signing_key, root_key, issuer=root)
    stamp_root_key, stamp_key = _ecdsa(), _ecdsa()
    stamp_root = maker.authority("timestamp root", stamp_root_key, stamp_root_key)
    return InstanceKeys(
        organization=organization,
        authority=Chain((intermediate, root), signing_key),
        timestamps=Chain(
            (maker.stamper(stamp_key, stamp_root, stamp_root_key), stamp_root), stamp_key
        ),
        log=ed25519.Ed25519PrivateKey.generate(),
        ct_log=_ecdsa(),
        since=since,
    )


def write_key(path: Path, key: PrivateKeyTypes, password: str = "") -> Path:
    """Write ``key`` as PEM (PKCS #8), encrypted where there is a ``password``; return ``path``."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return path


def spki(key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> bytes:
    """Return the DER form of a public key (SubjectPublicKeyInfo)."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _ecdsa() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class _Maker:
    organization: str
    since: datetime

    def authority(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
        *,
        issuer: x509.Certificate | None = None,
        path_length: int = 0,
    ) -> x509.Certificate:
        builder = self._builder(name, key, signer, issuer).add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True
        )
        if issuer is not None:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
            builder = builder.add_extension(usage, critical=False)
        return _usage(builder, signs_certificates=True).sign(signer, hashes.SHA256())

    def stamper(
        self,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Certificate,
        signer: ec.EllipticCurvePrivateKey,
    ) -> x509.Certificate:
        # RFC 3161, section 2.3: this purpose alone, and critical.
        builder = self._builder("timestamps", key, signer, issuer).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
        )
        return _usage(builder, signs_certificates=False).sign(signer, hashes.SHA256())

    def _builder(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
        issuer: x509.Certificate | None,
    ) -> x509.CertificateBuilder:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.since)
            .not_valid_after(self.since + _YEARS)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(identifier, critical=False)
        )


def _usage(
    builder: x509.CertificateBuilder, *, signs_certificates: bool
) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.KeyUsage(
            digital_signature=not signs_certificates,
            key_cert_sign=signs_certificates,
            crl_sign=signs_certificates,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        ),
        critical=True,
    )

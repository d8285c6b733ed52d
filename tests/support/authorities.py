"""Certificate authorities for tests, with every extension that a verifier looks at open to change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2035, 1, 1, tzinfo=UTC)
CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING


@cache
def ec_key(name: str, curve: str = "P256") -> ec.EllipticCurvePrivateKey:
    """Return a key that is the same within one run of the tests, for each ``name``."""
    curves = {"P256": ec.SECP256R1(), "P384": ec.SECP384R1(), "K1": ec.SECP256K1()}
    return ec.generate_private_key(curves[curve])


def name_of(common: str, organization: str | None) -> x509.Name:
    """Return a distinguished name."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else []
    if organization is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def der(certificate: x509.Certificate) -> bytes:
    """Return a certificate's DER form."""
    return certificate.public_bytes(serialization.Encoding.DER)


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the DER form of a key's public half."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


@dataclass(frozen=True)
class CertificatePlan:
    """A certificate to be issued.

    Attributes:
        subject: its name.
        key: whose it is.
        begin: when it begins.
        end: when it ends.
        authority: whether it is one.
        path_length: authorities that may stand below it.
        purposes: extended key usages; none for no extension.
        critical_purposes: whether that extension is critical.
        signs: whether it is for digital signatures.
        signs_certificates: whether it may issue.
        names: subject alternative names.
        extensions: by dotted OID, raw values.
        critical: OIDs among these that are critical.
    """

    subject: x509.Name
    key: ec.EllipticCurvePrivateKey
    begin: datetime = BEGIN
    end: datetime = END
    authority: bool = False
    path_length: int | None = None
    purposes: Sequence[x509.ObjectIdentifier] = ()
    critical_purposes: bool = False
    signs: bool = True
    signs_certificates: bool = False
    names: Sequence[x509.GeneralName] = ()
    extensions: Mapping[str, bytes] = field(default_factory=dict)
    critical: frozenset[str] = frozenset()

    def builder(
        self, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey
    ) -> x509.CertificateBuilder:
        """Return what is to be signed by ``issuer``."""
        public = self.key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begin)
            .not_valid_after(self.end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
                critical=False,
            )
            .add_extension(_usage(self.signs, self.signs_certificates), critical=True)
        )
        for extension, critical in self._more():
            builder = builder.add_extension(extension, critical=critical)
        return builder

    def _more(self) -> list[tuple[x509.ExtensionType, bool]]:
        more: list[tuple[x509.ExtensionType, bool]] = []
        if self.authority:
            more.append((x509.BasicConstraints(ca=True, path_length=self.path_length), True))
        if self.purposes:
            more.append((x509.ExtendedKeyUsage(self.purposes), self.critical_purposes))
        if self.names:
            more.append((x509.SubjectAlternativeName(self.names), True))
        for oid, value in self.extensions.items():
            raw = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
            more.append((raw, oid in self.critical))
        return more

    def issue(
        self, issuer: x509.Name | None = None, issuer_key: ec.EllipticCurvePrivateKey | None = None
    ) -> x509.Certificate:
        """Return the certificate; one that signs itself when nobody issues it."""
        key = issuer_key or self.key
        return self.builder(issuer or self.subject, key).sign(key, hashes.SHA256())


def _usage(signs: bool, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def root_plan(name: str, organization: str | None, **changes: object) -> CertificatePlan:
    """Return a root that signs itself."""
    given: dict[str, object] = {
        "subject": name_of(name, organization),
        "key": ec_key(name),
        "authority": True,
        "signs": False,
        "signs_certificates": True,
    }
    return CertificatePlan(**(given | changes))  # type: ignore[arg-type]

"""A Sigstore instance without servers: it issues, logs and stamps in memory, and can be told to do so wrongly.

instance = FakeInstance()                              # or FakeInstance("GitHub, Inc.", ...)
signed = instance.attest(statement)                    # a good bundle, as a dictionary
root = instance.trust_root()                           # parsed; instance.root_document() to change it
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from shipseal.attest.dsse import pae
from shipseal.attest.interface import SignedBundle, Signer
from shipseal.attest.trust_root import TrustRoot, parse_trust_root
from shipseal.intoto.statement import PAYLOAD_TYPE, parse_statement
from shipseal.oci import digest_of
from tests.support.authorities import (
    BEGIN,
    CODE_SIGNING,
    TIME_STAMPING,
    CertificatePlan,
    der,
    ec_key,
    name_of,
    root_plan,
    spki,
)
from tests.support.der import utf8
from tests.support.logs import SCT_LIST, ClassicLog, TiledLog, b64, sct_extension
from tests.support.timestamps import TimestampAuthority

MOMENT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1.2.3"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_ARC = "1.3.6.1.4.1.57264.1."
_TILED_KEY = ed25519.Ed25519PrivateKey.generate()

CLAIMS: Mapping[int, str] = {
    8: ISSUER,
    9: WORKFLOW,
    10: "a" * 40,
    11: "github-hosted",
    12: "https://github.com/org/app",
    13: "b" * 40,
    14: "refs/tags/v1.2.3",
    15: "123456",
    16: "https://github.com/org",
    17: "654321",
    18: WORKFLOW,
    19: "a" * 40,
    20: "push",
    21: "https://github.com/org/app/actions/runs/1/attempts/1",
    22: "public",
}
"""What a certificate says, by the last arc of Fulcio's extensions."""
OLD_CLAIMS: Mapping[int, str] = {
    1: ISSUER,
    2: "push",
    3: "b" * 40,
    4: "Release",
    5: "org/app",
    6: "refs/tags/v1.2.3",
}


def claim_extensions(claims: Mapping[int, str], old: Mapping[int, str]) -> dict[str, bytes]:
    """Return Fulcio's extensions: the old ones plain, the new ones in DER."""
    plain = {f"{_ARC}{number}": text.encode() for number, text in old.items()}
    return plain | {f"{_ARC}{number}": utf8(text) for number, text in claims.items()}


@dataclass(frozen=True)
class Leaf:
    """A certificate that signs.

    Attributes:
        key: its private key.
        certificate: it.
    """

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def sign(self, message: bytes) -> bytes:
        """Sign as its holder."""
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True)
class FakeInstance:
    """An instance of Sigstore.

    Attributes:
        organization: in the names of its authorities; None for none.
        logged: whether it has a transparency log.
        tiled: whether that is a tiled one.
        stamped: whether it has a timestamp authority.
        certificate_log: whether it has a certificate log.
        name: distinguishes its keys from those of another one.
    """

    organization: str | None = "instance.test"
    logged: bool = True
    tiled: bool = False
    stamped: bool = True
    certificate_log: bool = True
    name: str = "one"
    root: CertificatePlan = field(init=False)
    intermediate: CertificatePlan = field(init=False)

    def __post_init__(self) -> None:
        root = root_plan(f"{self.name} root", self.organization)
        intermediate = root_plan(
            f"{self.name} intermediate", self.organization, path_length=0, purposes=(CODE_SIGNING,)
        )
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "intermediate", intermediate)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Issuer and root, always the same."""
        return _chain(self.root, self.intermediate)

    @property
    def log(self) -> ClassicLog | TiledLog:
        """The transparency log."""
        return TiledLog(_TILED_KEY) if self.tiled else ClassicLog(ec_key(f"{self.name} log"))

    @property
    def tsa(self) -> TimestampAuthority:
        """The timestamp authority."""
        return tsa_of(self.name, self.organization)

    def issue(
        self,
        *,
        key: ec.EllipticCurvePrivateKey | None = None,
        seen: bool | None = None,
        claims: Mapping[int, str] = CLAIMS,
        old: Mapping[int, str] = OLD_CLAIMS,
        copies: int = 1,
        log_key: ec.EllipticCurvePrivateKey | None = None,
        **changes: object,
    ) -> Leaf:
        """Issue a certificate, valid for ten minutes around :data:`MOMENT`; the options change anything of it."""
        holder = key or ec_key("leaf")
        given: dict[str, object] = {
            "subject": x509.Name([]),
            "key": holder,
            "begin": MOMENT - timedelta(minutes=1),
            "end": MOMENT + timedelta(minutes=9),
            "purposes": (CODE_SIGNING,),
            "names": (x509.UniformResourceIdentifier(claims.get(9, WORKFLOW)),),
            "extensions": claim_extensions(claims, old),
        }
        plan = CertificatePlan(**(given | changes))  # type: ignore[arg-type]
        builder = plan.builder(self.intermediate.subject, self.intermediate.key)
        certificate = builder.sign(self.intermediate.key, hashes.SHA256())
        if self.certificate_log if seen is None else seen:
            ct_key = log_key or ec_key(f"{self.name} ct log")
            word = sct_extension(
                ct_key, certificate, spki(self.intermediate.key), MOMENT, copies=copies
            )
            raw = x509.UnrecognizedExtension(x509.ObjectIdentifier(SCT_LIST), word)
            certificate = builder.add_extension(raw, critical=False).sign(
                self.intermediate.key, hashes.SHA256()
            )
        return Leaf(holder, certificate)

    def attest(
        self, statement: bytes, *, leaf: Leaf | None = None, moment: datetime = MOMENT
    ) -> dict[str, Any]:
        """Return a good bundle over ``statement``, with all that the instance has."""
        holder = leaf or self.issue()
        signature = holder.sign(pae(PAYLOAD_TYPE, statement))
        envelope = {
            "payload": b64(statement),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": b64(signature)}],
        }
        material = self.material(holder, signature, moment)
        if self.logged:
            body = dsse_body(holder, statement, signature)
            if self.tiled:
                body = rekord_v2_body(holder, pae(PAYLOAD_TYPE, statement), signature)
            material["tlogEntries"] = [self.log.entry(body, moment)]
        return {"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope}

    def sign_file(
        self, content: bytes, *, leaf: Leaf | None = None, moment: datetime = MOMENT
    ) -> dict[str, Any]:
        """Return a good bundle over a file."""
        holder = leaf or self.issue()
        signature = holder.sign(content)
        material = self.material(holder, signature, moment)
        if self.logged:
            make = rekord_v2_body if self.tiled else rekord_body
            material["tlogEntries"] = [self.log.entry(make(holder, content, signature), moment)]
        digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(content).digest())}
        signed = {"messageDigest": digest, "signature": b64(signature)}
        return {"mediaType": BUNDLE, "verificationMaterial": material, "messageSignature": signed}

    def material(self, leaf: Leaf, signature: bytes, moment: datetime) -> dict[str, Any]:
        """Return certificate and timestamp."""
        material: dict[str, Any] = {"certificate": {"rawBytes": b64(der(leaf.certificate))}}
        if self.stamped:
            token = self.tsa.stamp(signature, moment)
            material["timestampVerificationData"] = {
                "rfc3161Timestamps": [{"signedTimestamp": b64(token)}]
            }
        return material

    def root_document(self) -> dict[str, Any]:
        """Return the trusted root, to be changed."""
        ct_key = ec_key(f"{self.name} ct log")
        window = {"start": BEGIN.isoformat().replace("+00:00", "Z")}
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log(self.log.url, self.log.spki, self.log.log_id, window)]
            if self.logged
            else [],
            "certificateAuthorities": [_authority(self.chain, self.organization, window)],
            "ctlogs": [
                _log(
                    "https://ct.instance.test",
                    spki(ct_key),
                    hashlib.sha256(spki(ct_key)).digest(),
                    window,
                )
            ]
            if self.certificate_log
            else [],
            "timestampAuthorities": [_authority(self.tsa.chain, self.organization, window)]
            if self.stamped
            else [],
        }

    def trust_root(self) -> TrustRoot:
        """Return the trusted root."""
        return root_of(self.root_document())

    def but(self, **changes: object) -> "FakeInstance":
        """Return another instance with the same keys."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class InstanceSigner(Signer):
    """Signs at an instance, with one certificate.

    Attributes:
        instance: it.
    """

    instance: FakeInstance

    @property
    def identity(self) -> str:
        """The workflow."""
        return WORKFLOW

    def sign(self, statement: bytes) -> SignedBundle:
        """Sign the exact bytes of a statement."""
        raw = raw_of(self.instance.attest(statement))
        return SignedBundle(raw, digest_of(raw), parse_statement(statement).predicate_type)


def root_of(*documents: dict[str, Any]) -> TrustRoot:
    """Return a trusted root of one or more documents."""
    raw = b"\n".join(json.dumps(one).encode() for one in documents)
    return parse_trust_root(raw, what="root.json")


def raw_of(bundle: dict[str, Any]) -> bytes:
    """Return a bundle's bytes."""
    return json.dumps(bundle, separators=(",", ":")).encode()


def dsse_body(leaf: Leaf, statement: bytes, signature: bytes) -> dict[str, Any]:
    """Return what Rekor keeps of an envelope (``dsse`` 0.0.1)."""
    digest = hashlib.sha256(statement).hexdigest()
    one = {"signature": b64(signature), "verifier": pem(leaf)}
    spec = {
        "envelopeHash": {"algorithm": "sha256", "value": digest},
        "payloadHash": {"algorithm": "sha256", "value": digest},
        "signatures": [one],
    }
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}


def intoto_body(leaf: Leaf, statement: bytes, signature: bytes) -> dict[str, Any]:
    """Return what Rekor kept of an envelope before (``intoto`` 0.0.2)."""
    digest = {"algorithm": "sha256", "value": hashlib.sha256(statement).hexdigest()}
    one = {"publicKey": pem(leaf), "sig": b64(b64(signature).encode())}
    envelope = {"payloadType": PAYLOAD_TYPE, "signatures": [one]}
    spec = {"content": {"envelope": envelope, "hash": digest, "payloadHash": digest}}
    return {"apiVersion": "0.0.2", "kind": "intoto", "spec": spec}


def rekord_body(leaf: Leaf, content: bytes, signature: bytes) -> dict[str, Any]:
    """Return what Rekor keeps of a signature over a file (``hashedrekord`` 0.0.1)."""
    digest = {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}
    signed = {"content": b64(signature), "publicKey": {"content": pem(leaf)}}
    spec = {"data": {"hash": digest}, "signature": signed}
    return {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}


def rekord_v2_body(leaf: Leaf, message: bytes, signature: bytes) -> dict[str, Any]:
    """Return what a tiled log keeps (``hashedrekord`` 0.0.2)."""
    verifier = {
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "x509Certificate": {"rawBytes": b64(der(leaf.certificate))},
    }
    digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(message).digest())}
    signed = {"content": b64(signature), "verifier": verifier}
    spec = {"hashedRekordV002": {"data": digest, "signature": signed}}
    return {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec}


def pem(leaf: Leaf) -> str:
    """Return a certificate in PEM in base64, as Rekor has it."""
    body = base64.encodebytes(der(leaf.certificate)).replace(b"\n", b"")
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    text = [b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""]
    return b64(b"\n".join(text))


_CHAINS: dict[tuple[str, str | None], tuple[x509.Certificate, ...]] = {}


def _chain(root: CertificatePlan, intermediate: CertificatePlan) -> tuple[x509.Certificate, ...]:
    """Return the same certificates every time: serial numbers are random."""
    key = (intermediate.subject.rfc4514_string(), root.subject.rfc4514_string())
    if key not in _CHAINS:
        _CHAINS[key] = (intermediate.issue(root.subject, root.key), root.issue())
    return _CHAINS[key]


def tsa_of(name: str, organization: str | None, **changes: object) -> TimestampAuthority:
    """Return a timestamp authority with a certificate of its own; the options change that."""
    root = root_plan(f"{name} tsa root", organization)
    given: dict[str, object] = {
        "subject": name_of(f"{name} tsa", organization),
        "key": ec_key(f"{name} tsa"),
        "purposes": (TIME_STAMPING,),
        "critical_purposes": True,
    }
    plan = CertificatePlan(**(given | changes))  # type: ignore[arg-type]
    key = (f"{name} tsa {organization} {sorted(changes.items())}", None)
    if key not in _CHAINS:
        _CHAINS[key] = (plan.issue(root.subject, root.key), root.issue())
    return TimestampAuthority(plan.key, _CHAINS[key])


def _log(url: str, key: bytes, log_id: bytes, window: dict[str, str]) -> dict[str, Any]:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": b64(key),
            "keyDetails": "PKIX_ED25519" if len(key) == 44 else "PKIX_ECDSA_P256_SHA_256",
            "validFor": dict(window),
        },
        "logId": {"keyId": b64(log_id)},
    }


def _authority(
    chain: tuple[x509.Certificate, ...], organization: str | None, window: dict[str, str]
) -> dict[str, Any]:
    return {
        "subject": {"organization": organization or "", "commonName": "authority"},
        "uri": "https://authority.instance.test",
        "certChain": {"certificates": [{"rawBytes": b64(der(one))} for one in chain]},
        "validFor": dict(window),
    }

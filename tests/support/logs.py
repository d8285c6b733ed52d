"""Transparency logs and certificate logs for tests: what they sign, without the servers."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.support.authorities import spki
from tests.support.der import OCTETS, tlv

SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"
NEIGHBOURS = (b"first", b"second", b"third", b"fourth", b"fifth")
"""Other entries of every log, so that a proof has a way to go."""


def b64(data: bytes) -> str:
    """Return base64 as JSON holds it."""
    return base64.b64encode(data).decode()


@dataclass(frozen=True)
class ClassicLog:
    """A log as Rekor was at first: promises with a time, proofs, notes that name host and tree."""

    key: ec.EllipticCurvePrivateKey
    url: str = "https://rekor.instance.test"
    shard: int = 1000

    @property
    def log_id(self) -> bytes:
        """Hash of the key."""
        return hashlib.sha256(spki(self.key)).digest()

    @property
    def spki(self) -> bytes:
        """The public key."""
        return spki(self.key)

    def sign(self, message: bytes) -> bytes:
        """Sign as the log."""
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))

    def entry(
        self, body: dict[str, Any], moment: datetime, *, promised: bool = True
    ) -> dict[str, Any]:
        """Return an entry, as a bundle carries it."""
        raw = canonical(body)
        proof = prove(raw)
        origin = "rekor.instance.test - 2605736670972794746"
        proof["checkpoint"] = {"envelope": self.note(origin, proof, "rekor.instance.test")}
        index = self.shard + int(proof["logIndex"])
        entry: dict[str, Any] = {
            "logIndex": str(index),
            "logId": {"keyId": b64(self.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": proof,
            "canonicalizedBody": b64(raw),
        }
        if promised:
            seconds = int(moment.timestamp())
            entry["integratedTime"] = str(seconds)
            entry["inclusionPromise"] = {
                "signedEntryTimestamp": b64(self.promise(raw, seconds, index))
            }
        return entry

    def promise(self, body: bytes, seconds: int, index: int) -> bytes:
        """Return the log's word for an entry."""
        payload = {
            "body": b64(body),
            "integratedTime": seconds,
            "logID": self.log_id.hex(),
            "logIndex": index,
        }
        return self.sign(canonical(payload))

    def note(self, origin: str, proof: dict[str, Any], name: str) -> str:
        """Return a signed checkpoint."""
        text = f"{origin}\n{proof['treeSize']}\n{proof['rootHash']}\n"
        signature = b64(self.log_id[:4] + self.sign(text.encode()))
        return f"{text}\n\u2014 {name} {signature}\n"


@dataclass(frozen=True)
class TiledLog:
    """A log as Rekor is now: no promise, no time, notes that name the host alone."""

    key: ed25519.Ed25519PrivateKey
    host: str = "log.instance.test"

    @property
    def url(self) -> str:
        """Its base."""
        return f"https://{self.host}"

    @property
    def log_id(self) -> bytes:
        """Hash of name and key (c2sp, signed-note)."""
        public = self.key.public_key().public_bytes_raw()
        return hashlib.sha256(self.host.encode() + b"\n\x01" + public).digest()

    @property
    def spki(self) -> bytes:
        """The public key."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.DER, form)

    def entry(
        self, body: dict[str, Any], moment: datetime, *, promised: bool = False
    ) -> dict[str, Any]:
        """Return an entry, as a bundle carries it."""
        raw = canonical(body)
        proof = prove(raw)
        proof["checkpoint"] = {"envelope": self.note(self.host, proof, self.host)}
        return {
            "logIndex": proof["logIndex"],
            "logId": {"keyId": b64(self.log_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "inclusionProof": proof,
            "canonicalizedBody": b64(raw),
        }

    def note(self, origin: str, proof: dict[str, Any], name: str) -> str:
        """Return a signed checkpoint."""
        text = f"{origin}\n{proof['treeSize']}\n{proof['rootHash']}\n"
        signature = b64(self.log_id[:4] + self.key.sign(text.encode()))
        return f"{text}\n\u2014 {name} {signature}\n"


def canonical(value: dict[str, Any]) -> bytes:
    """Return JSON in its canonical form (RFC 8785, for what logs hold)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree, by the definition (RFC 6962, section 2.1)."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    pair = tree_root(leaves[:split]) + tree_root(leaves[split:])
    return hashlib.sha256(b"\x01" + pair).digest()


def way_to_root(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion proof of a leaf, by the definition (RFC 6962, section 2.1.1)."""
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return [*way_to_root(leaves[:split], index), tree_root(leaves[split:])]
    return [*way_to_root(leaves[split:], index - split), tree_root(leaves[:split])]


def prove(
    raw: bytes, *, index: int = 3, neighbours: Sequence[bytes] = NEIGHBOURS
) -> dict[str, Any]:
    """Return the inclusion proof of an entry among some others, without a checkpoint."""
    leaves = [*neighbours[:index], raw, *neighbours[index:]]
    return {
        "logIndex": str(index),
        "treeSize": str(len(leaves)),
        "rootHash": b64(tree_root(leaves)),
        "hashes": [b64(node) for node in way_to_root(leaves, index)],
    }


def sct_extension(
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    issuer_spki: bytes,
    moment: datetime,
    *,
    copies: int = 1,
) -> bytes:
    """Return the extension by which a certificate log says that it has seen ``certificate`` (without it)."""
    body = certificate.tbs_certificate_bytes
    millis = (int(moment.timestamp() * 1000)).to_bytes(8, "big")
    entry = b"\x00\x01" + hashlib.sha256(issuer_spki).digest() + len(body).to_bytes(3, "big") + body
    message = b"\x00\x00" + millis + entry + b"\x00\x00"
    signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
    log_id = hashlib.sha256(spki(key)).digest()
    one = b"\x00" + log_id + millis + b"\x00\x00" + b"\x04\x03"
    one += len(signature).to_bytes(2, "big") + signature
    listed = (len(one).to_bytes(2, "big") + one) * copies
    return tlv(OCTETS, len(listed).to_bytes(2, "big") + listed)

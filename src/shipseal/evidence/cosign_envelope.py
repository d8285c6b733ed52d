"""From an envelope of cosign 1 or 2, with its annotations, to a Sigstore bundle with the same content.

The annotations are cosign's: ``dev.sigstore.cosign/certificate`` (PEM), ``…/chain`` (PEM), ``…/bundle`` (the log's
answer with its promise), ``…/rfc3161timestamp``. A bundle v0.1 is the form that holds just these: a certificate and a
log entry that is promised, not proved (sigstore/protobuf-specs ``sigstore_bundle.proto``).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from shipseal.errors import AttestError, Code

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle+json;version=0.1"
_PREFIX = "dev.sigstore.cosign/"
_PEM = re.compile(
    r"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*", re.ASCII
)


class _Signature(msgspec.Struct, forbid_unknown_fields=True):
    sig: str
    keyid: str | None = None


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: list[_Signature]


class _Promised(msgspec.Struct, forbid_unknown_fields=True):
    body: str
    integrated_time: int = msgspec.field(name="integratedTime")
    log_index: int = msgspec.field(name="logIndex")
    log_id: str = msgspec.field(name="logID")


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    promise: str = msgspec.field(name="SignedEntryTimestamp")
    payload: _Promised = msgspec.field(name="Payload")


class _Kind(msgspec.Struct):
    kind: str
    version: str = msgspec.field(name="apiVersion")


class _Stamp(msgspec.Struct):
    response: str = msgspec.field(name="SignedRFC3161Timestamp")


def legacy_bundle(envelope: bytes, annotations: Mapping[str, str]) -> bytes:
    """Return the bundle that an envelope and its annotations amount to; equal ones give equal bytes.

    Raises:
        AttestError: ``image.format-unsupported``: one of them is not what cosign writes.
    """
    try:
        document = {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": _material(annotations),
            "dsseEnvelope": _envelope(envelope),
        }
    except (msgspec.DecodeError, UnicodeError, RecursionError, binascii.Error, ValueError) as error:
        raise AttestError(
            Code.FORMAT_UNSUPPORTED,
            f"it is no attestation as cosign 1 and 2 wrote them: {str(error)[:200]}",
            hint="this is no evidence: it was damaged, or written by a tool of another format",
        ) from error
    return msgspec.json.encode(document)


def _envelope(raw: bytes) -> dict[str, Any]:
    found = msgspec.json.decode(raw, type=_Envelope)
    return {
        "payload": found.payload,
        "payloadType": found.payload_type,
        "signatures": [
            {"sig": one.sig, **({"keyid": one.keyid} if one.keyid else {})}
            for one in found.signatures
        ],
    }


def _material(annotations: Mapping[str, str]) -> dict[str, Any]:
    material: dict[str, Any] = {"publicKey": {"hint": ""}}
    if pem := annotations.get(f"{_PREFIX}certificate"):
        # The chain beside it proves nothing, and its root may not stand in a bundle: the trusted root has them.
        material = {"x509CertificateChain": {"certificates": [{"rawBytes": _der(pem)}]}}
    if text := annotations.get(f"{_PREFIX}bundle"):
        material["tlogEntries"] = [_entry(text)]
    if text := annotations.get(f"{_PREFIX}rfc3161timestamp"):
        stamp = msgspec.json.decode(text.encode(), type=_Stamp | None)
        if stamp is not None:
            stamps = [{"signedTimestamp": stamp.response}]
            material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    return material


def _der(pem: str) -> str:
    found = _PEM.fullmatch(pem)
    if found is None:
        raise ValueError("its certificate is not one PEM block")
    return base64.b64encode(base64.b64decode("".join(found[1].split()), validate=True)).decode()


def _entry(text: str) -> dict[str, Any]:
    answer = msgspec.json.decode(text.encode(), type=_Answer)
    promised = answer.payload
    kind = msgspec.json.decode(base64.b64decode(promised.body, validate=True), type=_Kind)
    return {
        "logIndex": str(promised.log_index),
        "logId": {"keyId": base64.b64encode(bytes.fromhex(promised.log_id)).decode()},
        "kindVersion": {"kind": kind.kind, "version": kind.version},
        "integratedTime": str(promised.integrated_time),
        "inclusionPromise": {"signedEntryTimestamp": answer.promise},
        "canonicalizedBody": promised.body,
    }

"""What the users of a private instance need: trusted root, signing configuration, and both in one file.

Sources: sigstore/protobuf-specs, ``sigstore_trustroot.proto``; C2SP, ``signed-note.md`` (names of keys of notes).
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization

from scripts.sigstack.keys import Chain, InstanceKeys, spki
from scripts.sigstack.names import LOG_ORIGIN
from shipseal._internal.clock import rfc3339

_TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_SIGNING_CONFIG = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
_CLIENT_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of an instance are.

    Attributes:
        authority: Fulcio.
        issuer: of tokens.
        log: Rekor; empty where the instance keeps none.
        ct_log: with its prefix; likewise.
        timestamps: the timestamp authority's endpoint; likewise.
    """

    authority: str
    issuer: str
    log: str
    ct_log: str
    timestamps: str


@dataclass(frozen=True, slots=True)
class TrustFiles:
    """The files.

    Attributes:
        trusted_root: what verifiers need.
        trusted_root_lines: the same in one line, as gh wants it.
        signing_config: what signers need besides.
        client_config: both.
    """

    trusted_root: Path
    trusted_root_lines: Path
    signing_config: Path
    client_config: Path


def write_trust_files(folder: Path, keys: InstanceKeys, places: Addresses) -> TrustFiles:
    """Write all files into ``folder``."""
    root, signing = trusted_root(keys, places), signing_config(keys, places)
    files = TrustFiles(
        folder / "trusted_root.json",
        folder / "trusted_root.jsonl",
        folder / "signing_config.json",
        folder / "client_trust_config.json",
    )
    whole = {"mediaType": _CLIENT_CONFIG, "trustedRoot": root, "signingConfig": signing}
    files.trusted_root.write_bytes(_pretty(root))
    files.trusted_root_lines.write_bytes(msgspec.json.encode(root) + b"\n")
    files.signing_config.write_bytes(_pretty(signing))
    files.client_config.write_bytes(_pretty(whole))
    return files


def trusted_root(keys: InstanceKeys, places: Addresses) -> dict[str, object]:
    """Return the trusted root; parts that the instance does not have are not in it."""
    window: dict[str, object] = {"validFor": {"start": rfc3339(keys.since)}}
    return {
        "mediaType": _TRUSTED_ROOT,
        "tlogs": [_log(keys, window)] if places.log else [],
        "certificateAuthorities": [
            {**_authority(keys, keys.authority, places.authority), **window}
        ],
        "ctlogs": [_ct_log(keys, places.ct_log, window)] if places.ct_log else [],
        "timestampAuthorities": [{**_authority(keys, keys.timestamps, places.timestamps), **window}]
        if places.timestamps
        else [],
    }


def signing_config(keys: InstanceKeys, places: Addresses) -> dict[str, object]:
    """Return the signing configuration."""

    def service(url: str, version: int = 1) -> list[dict[str, object]]:
        if not url:
            return []
        window = {"start": rfc3339(keys.since)}
        one = {"url": url, "majorApiVersion": version, "operator": keys.organization}
        return [{**one, "validFor": window}]

    return {
        "mediaType": _SIGNING_CONFIG,
        "caUrls": service(places.authority),
        "oidcUrls": service(places.issuer),
        "rekorTlogUrls": service(places.log, 2),
        "tsaUrls": service(places.timestamps),
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaConfig": {"selector": "ANY"},
    }


def _log(keys: InstanceKeys, window: dict[str, object]) -> dict[str, object]:
    public = keys.log.public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    name = hashlib.sha256(LOG_ORIGIN.encode() + b"\n\x01" + raw).digest()
    return {
        "baseUrl": f"https://{LOG_ORIGIN}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": _base64(spki(public)), "keyDetails": "PKIX_ED25519", **window},
        "logId": {"keyId": _base64(name)},
    }


def _ct_log(keys: InstanceKeys, url: str, window: dict[str, object]) -> dict[str, object]:
    der = spki(keys.ct_log.public_key())
    public = {"rawBytes": _base64(der), "keyDetails": "PKIX_ECDSA_P256_SHA_256", **window}
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": public,
        "logId": {"keyId": _base64(hashlib.sha256(der).digest())},
    }


def _authority(keys: InstanceKeys, chain: Chain, uri: str) -> dict[str, object]:
    certificates = [
        {"rawBytes": _base64(one.public_bytes(serialization.Encoding.DER))}
        for one in chain.certificates
    ]
    return {
        "subject": {"organization": keys.organization, "commonName": "root"},
        "uri": uri,
        "certChain": {"certificates": certificates},
    }


def _pretty(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""VEX of others, believed only when somebody signed it whom the policy trusts; and ours, signed as a release is."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shipseal._internal.limits import read_file
from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.attest.interface import Trust
from shipseal.config.load import LoadedConfig
from shipseal.errors import AttestError, Code, ConfigError, ShipsealError
from shipseal.evidence.interface import StoredEvidence
from shipseal.ignores.vex.document import VexDocument
from shipseal.ignores.vex.openvex import PREDICATE_TYPE
from shipseal.ignores.vex.read import VEX_FILE, read_vex
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import Digest, digest_of
from shipseal.registry.interface import Target
from shipseal.wiring.evidence import own_sources, referrers_stores
from shipseal.wiring.keys import release_keys
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.targets import Connections

_TYPES = ("https://openvex.dev/ns", "https://cyclonedx.org/vex")
_CYCLONEDX = "https://cyclonedx.org/bom"
_BUNDLE = "application/vnd.dev.sigstore.bundle"


@dataclass(frozen=True, slots=True)
class VexSources:
    """Documents of others.

    Attributes:
        believed: those that count.
        refused: what does not, a sentence each.
    """

    believed: tuple[VexDocument, ...] = ()
    refused: tuple[str, ...] = ()


def documents_in(
    files: Iterable[Path],
    trust: Trust | None,
    *,
    digests: Sequence[str],
    accept_unsigned: bool = False,
) -> VexSources:
    """Return the documents in files: bundles that are trusted, and bare ones where that is accepted.

    Args:
        files: bundles or documents.
        trust: who is believed; None for nobody.
        digests: of the image: a bundle must be about one of them.
        accept_unsigned: whether a document that nobody signed is believed.

    Raises:
        AttestError: ``attest.invalid`` or ``attest.missing``: one of them does not count; named files are not passed
            over.
        ConfigError: a file cannot be read, or holds no VEX.
    """
    found = []
    for file in files:
        data = _read(file)
        if _is_bundle(data):
            found.append(_of_bundle(data, trust, digests, str(file)))
            continue
        document = read_vex(data, what=str(file))
        if not accept_unsigned:
            raise AttestError(
                Code.ATTEST_MISSING,
                f"{file}: nobody signed this VEX document, and unsigned VEX can hide findings",
                hint="name a bundle with its signature, or say --accept-unsigned-vex for a file that you have checked "
                "yourself",
            )
        found.append(replace(document, digest=digest_of(data)))
    return VexSources(tuple(found))


def documents_beside(target: Target, digests: Sequence[Digest], trust: Trust) -> VexSources:
    """Return the documents that were attested for an image, where they are signed by somebody who is trusted.

    Args:
        target: where the image is.
        digests: of its index and its platforms.
        trust: who is believed.

    Raises:
        ShipsealError: nobody could look.
    """
    believed: dict[str, VexDocument] = {}
    refused: dict[str, None] = {}
    for digest in digests:
        for source in own_sources(target):
            for stored in source.find(digest):
                one = _weighed(stored, trust, digest)
                if isinstance(one, VexDocument):
                    believed[stored.digest] = one
                elif one:
                    refused[one] = None
    return VexSources(tuple(believed.values()), tuple(refused))


def bundled_document(file: Path, trust: Trust, *, this_image_only: bool) -> VexDocument:
    """Return the document in a bundle, whatever image its signature is about.

    Args:
        file: the bundle.
        trust: who is believed.
        this_image_only: whether it counts only for an image that the signature is about; that is seen when it is held
            against one. Otherwise what its statements name decides.

    Raises:
        AttestError: nobody signed it who is trusted.
        ConfigError: it cannot be read, or holds no VEX.
    """
    data = _read(file)
    what = file.name
    if not _is_bundle(data):
        read_vex(data, what=what)
        raise AttestError(
            Code.ATTEST_MISSING,
            f"{file}: nobody signed this VEX document, and unsigned VEX can hide findings",
            hint="name a bundle: `cosign attest-blob --type openvex --predicate FILE --bundle FILE.sigstore.json FILE` "
            "makes one",
        )
    document, subjects = _verified(data, trust, str(file))
    return replace(document, source=what, signed_for=subjects if this_image_only else ())


def attest_as_release(
    document: dict[str, Any], loaded: LoadedConfig, digest: Digest, around: Surroundings
) -> tuple[tuple[str, str], ...]:
    """Sign an OpenVEX document as releases are signed, store it beside the image at each target, and return where.

    Args:
        document: OpenVEX.
        loaded: the configuration: who signs, and the targets.
        digest: of the image.
        around: what a release would be run in.

    Raises:
        AttestError: it could not be signed or stored.
        ShipsealError: the image is not at a target, or a target could not be reached.
    """
    signer = release_keys(loaded, around).signer
    connections = Connections(loaded.config, loaded.folder, around.clock)
    targets = [connections.open(text) for text in loaded.config.targets]
    try:
        # All that can be wrong at a target shows before anything is signed.
        manifests = [target.read_manifest(digest) for target in targets]
        predicate = json.dumps(document).encode()
        subject = Subject(loaded.config.image, digest)
        bundle = signer.sign(encode_statement([subject], PREDICATE_TYPE, predicate)).raw
        stores = referrers_stores(targets, around.clock.now())
        for store in stores:
            store.check(bundle)
        placed = [
            store.put(manifest, bundle, predicate_type=PREDICATE_TYPE)
            for store, manifest in zip(stores, manifests, strict=True)
        ]
        return tuple((one.store, one.where) for one in placed)
    finally:
        for target in targets:
            target.close()


def _weighed(stored: StoredEvidence, trust: Trust, digest: Digest) -> VexDocument | str:
    """Return a document that counts; else why it does not, and nothing for what is no VEX."""
    raw = stored.raw
    if not any(name.encode() in _payload(raw) for name in _TYPES):
        return ""
    try:
        return _of_bundle(raw, trust, [digest], stored.where)
    except ShipsealError as error:
        return error.message


def _of_bundle(data: bytes, trust: Trust | None, digests: Sequence[str], what: str) -> VexDocument:
    if trust is None:
        raise AttestError(
            Code.ATTEST_INVALID,
            f"{what}: is signed, and nobody is trusted",
            hint="name who may sign VEX: --key, or verify: in shipseal.yaml",
        )
    document, named = _verified(data, trust, what)
    if digests and set(named).isdisjoint(digests):
        raise AttestError(
            Code.WRONG_SUBJECT,
            f"{what}: is signed for {', '.join(named)}, and the image is {', '.join(digests)}",
            hint="a VEX attestation counts for the image that it is about",
        )
    return document


def _verified(data: bytes, trust: Trust, what: str) -> tuple[VexDocument, tuple[str, ...]]:
    """Return a document that somebody trusted signed, and the digests that the signature is about."""
    verified = trust.verify(data)
    statement = verified.statement
    if not _is_vex(statement.predicate_type):
        raise ConfigError(f"{what}: its predicate is {statement.predicate_type}, and no VEX")
    raw = bytes(statement.predicate)
    document = replace(read_vex(raw, what=what), signer=str(verified.signer), digest=digest_of(raw))
    return document, tuple(sorted({str(one.digest) for one in statement.subjects}))


def _is_vex(predicate_type: str) -> bool:
    return predicate_type.startswith(_TYPES) or predicate_type.startswith(_CYCLONEDX)


def _is_bundle(data: bytes) -> bool:
    try:
        value = decode_unambiguous(data)
    except AmbiguousJsonError:
        return False
    return isinstance(value, dict) and str(value.get("mediaType", "")).startswith(_BUNDLE)


def _payload(raw: bytes) -> bytes:
    """Return the signed bytes of a bundle, whoever signed them; nothing where there are none."""
    import base64  # noqa: PLC0415 - only where there are bundles
    import binascii  # noqa: PLC0415

    try:
        return base64.b64decode(json.loads(raw)["dsseEnvelope"]["payload"])
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return b""


def _read(file: Path) -> bytes:
    try:
        return read_file(file, VEX_FILE)
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read: {error.strerror or error}", hint="name a VEX document"
        ) from error

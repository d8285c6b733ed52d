"""Attestations by reference (in-toto predicate ``reference`` v0.1): a document too large for a store, named by digest.

The specification demands a download location and a media type of every document. The location may name one place of
several; what is fetched from anywhere counts when its digest is the one that was signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shipseal.errors import AttestError, Code, ImageError
from shipseal.intoto.resource import Resource
from shipseal.intoto.statement import decode_predicate
from shipseal.oci import Digest, parse_digest

ATTESTER_ID = "pkg:pypi/shipseal"


@dataclass(frozen=True, slots=True)
class Referenced:
    """One document that a reference attestation names.

    Attributes:
        digest: sha256 of the document.
        media_type: what it is.
        location: where it can be fetched.
    """

    digest: Digest
    media_type: str
    location: str


def reference_predicate(
    documents: Sequence[Resource], *, attester: str = ATTESTER_ID
) -> dict[str, Any]:
    """Return the predicate of type ``https://in-toto.io/attestation/reference/v0.1``.

    Args:
        documents: each with digest, media type and download location.
        attester: who provides the documents.

    Raises:
        AttestError: ``attest.invalid`` when there is none, or one lacks what the specification demands.
    """
    if not documents:
        raise _malformed("it would name no document")
    for item in documents:
        if not (item.digest and item.media_type and item.download_location):
            raise _malformed(f"{item.name or item.uri}: needs digest, media type and location")
    return {"attester": {"id": attester}, "references": [item.to_json() for item in documents]}


def parse_reference(predicate: bytes) -> tuple[Referenced, ...]:
    """Return the documents that a reference predicate names by sha256; others cannot be told genuine and are left out.

    Raises:
        AttestError: ``attest.invalid``.
    """
    document = decode_predicate(predicate, what="reference predicate")
    try:
        return tuple(
            Referenced(
                parse_digest(f"sha256:{item['digest']['sha256']}"),
                str(item["mediaType"]),
                str(item["downloadLocation"]),
            )
            for item in document["references"]
            if "sha256" in item.get("digest", {})
        )
    except (KeyError, TypeError, AttributeError, ImageError) as error:
        raise _malformed(f"a reference is malformed: {error}") from error


def _malformed(problem: str) -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"reference predicate: {problem}",
        hint="make the attestation again",
    )

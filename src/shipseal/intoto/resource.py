"""Resource descriptors (in-toto attestation framework v1, ``spec/v1/resource_descriptor.md``)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shipseal.oci import Digest
from shipseal.oci.digest import split_digest


@dataclass(frozen=True, slots=True)
class Resource:
    """A thing that a predicate names. It has a ``uri`` or a ``digest`` at least.

    Attributes:
        uri: package URL, ``git+https://…@ref``, or another URI; may be empty.
        digest: algorithm to hexadecimal value; may be empty.
        name: what it is, for people; may be empty.
        media_type: of its content; may be empty.
        download_location: where to fetch it, if that is not ``uri``; may be empty.
        annotations: further facts, JSON values.
    """

    uri: str = ""
    digest: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    media_type: str = ""
    download_location: str = ""
    annotations: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value, without empty members."""
        members = {
            "name": self.name,
            "uri": self.uri,
            "digest": dict(self.digest),
            "downloadLocation": self.download_location,
            "mediaType": self.media_type,
            "annotations": dict(self.annotations),
        }
        return {key: value for key, value in members.items() if value}


def digest_set(digest: Digest) -> dict[str, str]:
    """Return ``digest`` as an in-toto DigestSet: ``{"sha256": "…"}``."""
    algorithm, encoded = split_digest(digest)
    return {algorithm: encoded}

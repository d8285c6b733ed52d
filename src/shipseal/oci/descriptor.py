"""Content descriptors (OCI image-spec, descriptor.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shipseal.errors import ImageError
from shipseal.oci.digest import Digest, parse_digest
from shipseal.oci.document import check_spelling, unsupported
from shipseal.oci.platform import Platform

_NAMES = frozenset(
    ["mediaType", "digest", "size", "platform", "artifactType", "annotations", "urls"]
)
_HINT = "build or fetch the image again; supported are OCI and Docker v2 schema 2 images"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A typed, sized pointer to content.

    Attributes:
        media_type: what the content is.
        digest: of the raw bytes.
        size: in bytes.
        platform: of a child of an index.
        artifact_type: of an artifact or referrer.
        annotations: as they stand there.
        urls: where foreign layers lie.
    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: object, *, what: str) -> "Descriptor":
        """Return the descriptor that a parsed JSON ``value`` holds; ``what`` names it in errors.

        Raises:
            ImageError: ``image.format-unsupported``.
        """
        if not isinstance(value, dict):
            raise _malformed(what, "is not an object")
        check_spelling(value, _NAMES, what=what, hint=_HINT)
        media_type, size, digest = value.get("mediaType"), value.get("size"), value.get("digest")
        if not isinstance(media_type, str) or not isinstance(digest, str):
            raise _malformed(what, "lacks mediaType or digest")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise _malformed(what, "lacks a size of zero or more bytes")
        return cls(
            media_type=media_type,
            digest=parse_digest(digest),
            size=size,
            platform=_platform(value.get("platform"), what),
            artifact_type=_text(value.get("artifactType")),
            annotations=_strings(value.get("annotations")),
            urls=_urls(value.get("urls")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value, without empty members."""
        value: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.artifact_type:
            value["artifactType"] = self.artifact_type
        if self.platform:
            value["platform"] = self.platform.to_json()
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        if self.urls:
            value["urls"] = list(self.urls)
        return value


def _platform(value: object, what: str) -> Platform | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _malformed(what, "has a platform that is not an object")
    check_spelling(value, ("os", "architecture", "variant"), what=what, hint=_HINT)
    os, architecture, variant = (value.get(key) for key in ("os", "architecture", "variant"))
    if not isinstance(os, str) or not isinstance(architecture, str) or not (os and architecture):
        raise _malformed(what, "has a platform without os or architecture")
    return Platform.of(os, architecture, _text(variant))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(key): item for key, item in value.items() if isinstance(item, str)}


def _urls(value: object) -> tuple[str, ...]:
    return tuple(url for url in value if isinstance(url, str)) if isinstance(value, list) else ()


def _malformed(what: str, problem: str) -> ImageError:
    return unsupported(what, f"the descriptor {problem}", _HINT)

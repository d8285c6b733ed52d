"""A place that images go: a registry repository or an OCI layout, behind one interface.

Everything is addressed by digest. A tag appears in three methods only: :meth:`Target.resolve`, :meth:`Target.put_tag`
and :meth:`Target.delete_tag`. Implementations: :mod:`shipseal.registry.repository` (HTTP) and
:mod:`shipseal.registry.layout_target`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shipseal._internal.progress import SilentTransfer, Transfer
from shipseal.errors import Code, ImageError, RegistryError
from shipseal.oci import Descriptor, Digest, RawManifest


class BlobOpener(Protocol):
    """Opens the content of one blob, again and from any place, so that a broken upload can go on.

    It need not verify what it yields: :meth:`Target.put_blob` lets nothing be stored that is not what the digest says.
    """

    def __call__(self, *, offset: int = 0) -> Iterator[bytes]:
        """Return the chunks from byte ``offset`` on."""


class Uploaded(StrEnum):
    """How a blob came to be at the target."""

    SENT = "sent"
    EXISTED = "exists"
    MOUNTED = "mounted"


class ReferrerMode(StrEnum):
    """How a referrer can be found (distribution-spec, Listing Referrers, Pushing Manifests with Subject)."""

    API = "referrers-api"
    FALLBACK_TAG = "fallback-tag"
    LAYOUT_INDEX = "layout-index"


class TagDeletionUnsupportedError(RegistryError):
    """The target cannot delete a tag without deleting the manifest behind it (many answer 400 or 405)."""

    def __init__(self, target: str, tag: str, answer: str) -> None:
        super().__init__(
            Code.REGISTRY_DENIED,
            f"{target}: tag {tag!r} cannot be deleted: {answer}",
            hint="delete it by hand, or let `shipseal release resume` finish the promotion",
            context={"target": target, "tag": tag},
        )


@dataclass(frozen=True, slots=True)
class BlobUpload:
    """What :meth:`Target.put_blob` needs.

    Attributes:
        blob: media type, digest and size.
        open: gives the content.
        transfer: is told of the bytes that were sent; its end is told by the caller, who knows how it ended.
        mount_from: repositories of the same registry that may hold the blob already.
    """

    blob: Descriptor
    open: BlobOpener
    transfer: Transfer = SilentTransfer()  # noqa: RUF009 - it has no state
    mount_from: tuple[str, ...] = ()


class Target(ABC):
    """One repository or layout. Safe to use from several threads.

    Every method raises :class:`~shipseal.errors.RegistryError` with the registry's own words in its message
    (method, redacted URL, status, the registry's error codes), or :class:`~shipseal.errors.ImageError` for content
    that is not what its digest promises.

    Attributes:
        name: as a person wrote it, normalised: ``ghcr.io/org/app``, ``oci:DIR``.
        registry: host and port; empty for a layout.
        repository: path of the repository; the folder of a layout.
    """

    name: str
    registry: str
    repository: str

    @abstractmethod
    def resolve(self, reference: str) -> Descriptor | None:
        """Return what a tag or digest names now, or None when there is no such manifest."""

    @abstractmethod
    def read_manifest(self, digest: Digest) -> RawManifest:
        """Return a manifest or index by digest, verified; raises ``image.not-found``."""

    @abstractmethod
    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        """Return a blob in chunks; digest and size are verified at the end when ``offset`` is zero."""

    @abstractmethod
    def blob_url(self, digest: Digest) -> str:
        """Return the address of a blob, whether it is there or not."""

    @abstractmethod
    def has_blob(self, blob: Descriptor) -> bool:
        """Return whether the blob is there with the promised size."""

    @abstractmethod
    def put_blob(self, upload: BlobUpload) -> Uploaded:
        """Make sure the blob is there: found, mounted, or sent (resumed after a broken connection)."""

    @abstractmethod
    def put_manifest(self, manifest: RawManifest) -> None:
        """Store a manifest or index by digest, unreachable by any tag. Its blobs and children must be there."""

    @abstractmethod
    def put_tag(self, tag: str, manifest: RawManifest) -> None:
        """Let ``tag`` name ``manifest``, and read it back."""

    @abstractmethod
    def delete_tag(self, tag: str) -> None:
        """Remove the name only; raises :class:`TagDeletionUnsupportedError` where that cannot be done."""

    @abstractmethod
    def list_tags(self) -> tuple[str, ...]:
        """Return all tags, sorted; empty when the repository does not exist yet."""

    @abstractmethod
    def referrers(self, subject: Digest, *, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """Return what refers to ``subject``, from the API or the fallback tag, filtered in any case."""

    @abstractmethod
    def put_referrer(self, manifest: RawManifest) -> ReferrerMode:
        """Store a manifest with a ``subject`` so that :meth:`referrers` lists it, once."""

    @abstractmethod
    def check_push(self) -> None:
        """Prove that pushing is allowed, leaving nothing behind (an upload is begun and cancelled)."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""


def resolve_or_fail(target: Target, reference: str, *, what: str = "") -> Digest:
    """Return the digest of what a tag or digest names now.

    Args:
        target: where it is looked for.
        reference: a tag, or a digest.
        what: what the image is for, such as ``base image``; it begins the message.

    Raises:
        ImageError: ``image.not-found``.
        RegistryError: the registry refused or could not be reached.
    """
    found = target.resolve(reference)
    if found is not None:
        return found.digest
    kind = "digest" if ":" in reference else "tag"
    raise ImageError(
        Code.IMAGE_NOT_FOUND,
        f"{f'{what} ' if what else ''}{target.name}: there is no {kind} {reference!r}",
        hint="correct its name or push it first; without credentials many registries hide what is there",
        context={"target": target.name, kind: reference},
    )

"""What refers to a subject at a target, read as manifests and matched on content."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from shipseal._internal.limits import Limit, too_large
from shipseal.errors import Code, ShipsealError
from shipseal.oci import Descriptor, Digest, Manifest
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import parse_manifest
from shipseal.registry.interface import Target

_DAMAGE = frozenset({Code.IMAGE_NOT_FOUND, Code.DIGEST_MISMATCH, Code.FORMAT_UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Referrer:
    """An artifact with one layer that refers to a subject.

    Attributes:
        listed: as the target lists it; a hint.
        manifest: what it is; None when it could not be read.
        problem: why it could not be read; empty when it could.
    """

    listed: Descriptor
    manifest: Manifest | None
    problem: str = ""

    @property
    def layer(self) -> Descriptor | None:
        """Its one layer."""
        return self.manifest.layers[0] if self.manifest else None

    @property
    def artifact_type(self) -> str:
        """What it says that it is; as the target lists it where it could not be read."""
        return self.manifest.artifact_type if self.manifest else self.listed.artifact_type


class ReferrerReader:
    """Reads the referrers of one target; a manifest is read once, because its digest names its content.

    Args:
        target: where.
        remember: whether a list is read once, too: for one look at an image, never across a change of it.
    """

    def __init__(self, target: Target, *, remember: bool = False) -> None:
        self._target = target
        self._remember = remember
        self._known: dict[Digest, Manifest] = {}
        self._lists: dict[Digest, tuple[Descriptor, ...] | ShipsealError] = {}
        self._locks: defaultdict[Digest, threading.Lock] = defaultdict(threading.Lock)

    @property
    def target(self) -> str:
        """The target's name."""
        return self._target.name

    def read(self, subject: Digest, *, artifact_type: str = "") -> Iterator[Referrer]:
        """Yield the one-layer artifacts that are listed for ``subject``, in the target's order.

        Args:
            subject: digest of a manifest or index.
            artifact_type: only of this type; empty for all.

        Raises:
            RegistryError: the target could not be reached.
        """
        for entry in self._listed(subject, artifact_type):
            if entry.media_type in mt.IMAGES:
                found = self._referrer(entry)
                if found.manifest is None or _is_about(found.manifest, subject):
                    yield found

    def _listed(self, subject: Digest, artifact_type: str) -> tuple[Descriptor, ...]:
        if not self._remember:
            return self._target.referrers(subject, artifact_type=artifact_type)
        with self._locks[subject]:
            if subject not in self._lists:
                self._lists[subject] = self._asked(subject)
        known = self._lists[subject]
        if isinstance(known, ShipsealError):
            raise known
        return tuple(one for one in known if artifact_type in ("", one.artifact_type))

    def _asked(self, subject: Digest) -> tuple[Descriptor, ...] | ShipsealError:
        """Return the list, or why there is none: a refusal is an answer, too, and is not asked for twice."""
        try:
            return self._target.referrers(subject)
        except ShipsealError as error:
            return error

    def _referrer(self, entry: Descriptor) -> Referrer:
        try:
            return Referrer(entry, self._manifest(entry.digest))
        except ShipsealError as error:
            return Referrer(entry, None, damage(error))

    def _manifest(self, digest: Digest) -> Manifest:
        with self._locks[digest]:
            if digest not in self._known:
                raw = self._target.read_manifest(digest)
                self._known[digest] = parse_manifest(raw, what=f"referrer {digest}")
        return self._known[digest]


def _is_about(manifest: Manifest, subject: Digest) -> bool:
    """Return whether a manifest is a one-layer artifact that may stand in the list of ``subject``.

    Some clients drop the subject for registries that refuse it and list the artifact under the fallback tag alone
    (conventions of GitHub's action for Docker Hub): without a subject, only the signed statement says what it is about.
    """
    if len(manifest.layers) != 1:
        return False
    return manifest.subject is None or manifest.subject.digest == subject


def read_layer(target: Target, layer: Descriptor, limit: Limit, *, what: str) -> bytes:
    """Return a layer's bytes, verified.

    Raises:
        ImageError: not there, not what its digest promises.
        ShipsealError: longer than ``limit``, or the target could not be reached.
    """
    if layer.size > limit.size:
        raise too_large(limit, what=what)
    return b"".join(target.open_blob(layer))


def damage(error: ShipsealError) -> str:
    """Return what is wrong with a piece of evidence that is listed and not there, damaged or too large.

    Raises:
        ShipsealError: ``error`` itself, when it says that nobody could look.
    """
    if error.code not in _DAMAGE:
        raise error
    return error.message

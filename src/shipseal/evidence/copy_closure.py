"""All that is said of an image at a place: what refers to it, what refers to that, and cosign's old tags."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shipseal.errors import Code, ImageError, ShipsealError
from shipseal.evidence.artifact import artifact_manifest
from shipseal.evidence.referrers import damage
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.closure import Closure, closure_of
from shipseal.oci.digest import split_digest
from shipseal.oci.manifest import parse_index, parse_manifest
from shipseal.registry.interface import Target

# A release has some dozen; a limit keeps a hostile registry from being copied for ever.
MOST = 10_000
_COSIGN_SUFFIXES = (".sig", ".att", ".sbom")


@dataclass(frozen=True, slots=True)
class Attached:
    """A manifest that is said of an image, with all that it needs.

    Attributes:
        manifest: it.
        parts: its blobs, and children if it is an index; the manifest itself is the last of these manifests.
        tag: cosign's tag that names it; empty for a referrer.
        rewritten: whether it lacked its subject at the source, and stands here with it.
    """

    manifest: RawManifest
    parts: Closure
    tag: str = ""
    rewritten: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceClosure:
    """What is said of an image.

    Attributes:
        attached: in an order in which each follows what it is about.
        damaged: what is listed and cannot be read, with the reason.
    """

    attached: tuple[Attached, ...]
    damaged: tuple[str, ...]


def evidence_closure(source: Target, subjects: Iterable[RawManifest]) -> EvidenceClosure:
    """Return everything that is said of ``subjects``, and of what is said of them.

    Raises:
        ImageError: ``image.format-unsupported`` for more than :data:`MOST` manifests.
        ShipsealError: the source could not be reached.
    """
    return _Walk(source).of(subjects)


class _Walk:
    def __init__(self, source: Target) -> None:
        self._source = source
        self._found: dict[Digest, Attached] = {}
        self._tags: list[Attached] = []
        self._damaged: list[str] = []

    def of(self, subjects: Iterable[RawManifest]) -> EvidenceClosure:
        queue = deque(subjects)
        image = {subject.digest for subject in queue}
        seen = set(image)
        while queue:
            subject = queue.popleft()
            tags = self._cosign(subject.digest) if subject.digest in image else ()
            for attached in (*self._referrers(subject), *tags):
                manifest = attached.manifest
                self._count()
                if manifest.digest not in seen:
                    seen.add(manifest.digest)
                    queue.append(manifest)
        return EvidenceClosure((*self._found.values(), *self._tags), tuple(self._damaged))

    def _referrers(self, subject: RawManifest) -> Iterator[Attached]:
        for entry in self._source.referrers(subject.digest):
            if entry.digest in self._found:
                continue
            try:
                found = self._attached(subject, self._source.read_manifest(entry.digest))
            except ShipsealError as error:
                self._damaged.append(f"{entry.digest}: {damage(error)}")
                continue
            if found is None:
                self._damaged.append(
                    f"{entry.digest}: is listed for {subject.digest}, not about it"
                )
                continue
            # One without a subject may be listed for several, and gets one for each.
            self._found[found.manifest.digest] = found
            yield found

    def _attached(self, subject: RawManifest, raw: RawManifest) -> Attached | None:
        about = _subject(raw)
        if about is not None:
            parts = closure_of(self._source, raw, what=f"referrer {raw.digest}")
            return Attached(raw, parts) if about.digest == subject.digest else None
        if raw.is_index:
            return None
        # Clients that drop the subject list it under the fallback tag alone (GitHub's action for Docker Hub).
        parsed = parse_manifest(raw, what=f"referrer {raw.digest}")
        if len(parsed.layers) != 1:
            return None
        kind = parsed.layers[0].media_type
        manifest = artifact_manifest(
            subject.descriptor(),
            parsed.layers[0],
            artifact_type=kind,
            annotations=parsed.annotations,
        )
        empty = parse_manifest(manifest, what="referrer").config
        return Attached(manifest, Closure((parsed.layers[0], empty), (manifest,)), rewritten=True)

    def _cosign(self, subject: Digest) -> Iterator[Attached]:
        for suffix in _COSIGN_SUFFIXES:
            tag = "-".join(split_digest(subject)) + suffix
            listed = self._source.resolve(tag)
            if listed is None or listed.media_type not in mt.MANIFESTS:
                continue
            try:
                raw = self._source.read_manifest(listed.digest)
                parts = closure_of(self._source, raw, what=f"tag {tag}")
            except ShipsealError as error:
                self._damaged.append(f"{tag}: {damage(error)}")
                continue
            self._tags.append(Attached(raw, parts, tag))
            yield self._tags[-1]

    def _count(self) -> None:
        if len(self._found) + len(self._tags) > MOST:
            raise ImageError(
                Code.FORMAT_UNSUPPORTED,
                f"{self._source.name}: more than {MOST} manifests refer to the image",
                hint="no release has that many; remove what does not belong there",
                context={"target": self._source.name},
            )


def _subject(raw: RawManifest) -> Descriptor | None:
    what = f"referrer {raw.digest}"
    if raw.is_index:
        return parse_index(raw, what=what).subject
    return parse_manifest(raw, what=what).subject

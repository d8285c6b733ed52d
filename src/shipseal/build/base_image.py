"""The image that layers are put on: nothing, a layout on disk, or an image in a registry."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipseal.build.layer_options import SCRATCH
from shipseal.errors import Code, ImageError
from shipseal.oci import ContentSource, Digest, Image, Platform, PlatformImage
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root, load_image
from shipseal.oci.reference import Reference
from shipseal.registry.interface import Target, resolve_or_fail

Connect = Callable[[Reference], Target]
"""Opens the repository that a reference lies in; whoever asks closes it."""

_LAYOUT = "oci:"


@dataclass(frozen=True, slots=True)
class Base:
    """A base image, resolved.

    Attributes:
        source: where its content is.
        image: root and platforms.
        name: its reference in normal form; empty for a layout on disk, whose path means nothing elsewhere.
        note: a sentence for people about how it was found; may be empty.
    """

    source: ContentSource
    image: Image
    name: str = ""
    note: str = ""

    @property
    def digest(self) -> Digest:
        """The digest of its root."""
        return self.image.digest

    def of(self, platform: Platform) -> PlatformImage:
        """Return its image for ``platform``.

        Raises:
            ImageError: ``image.platform-missing``.
        """
        for one in self.image.platforms:
            if one.platform == platform:
                return one
        there = ", ".join(str(one.platform) for one in self.image.platforms)
        raise ImageError(
            Code.PLATFORM_MISSING,
            f"base image {self.name or self.digest}: expected {platform}, got {there}",
            hint="take a base image that has the platform, or take the platform out of `platforms:`",
            context={"missing": str(platform), "found": there, "digest": self.digest},
        )


@contextmanager
def open_base(text: str, folder: Path, connect: Connect) -> Iterator[Base | None]:
    """Give the base image that ``text`` names, as long as the context lasts; None for ``scratch``.

    Args:
        text: see :attr:`~shipseal.build.layer_options.LayersOptions.base`.
        folder: where the path of a layout starts.
        connect: opens a repository.

    Raises:
        ConfigError: ``config.invalid``: ``text`` is no reference.
        ImageError: ``image.not-found``, ``image.format-unsupported``, ``image.digest-mismatch``.
        RegistryError: whatever the registry says.
    """
    if text == SCRATCH:
        yield None
    elif text.startswith(_LAYOUT):
        yield _from_layout(folder, text.removeprefix(_LAYOUT))
    else:
        reference = Reference.parse(text)
        with closing(connect(reference)) as target:
            yield _from_registry(target, reference)


def _from_layout(folder: Path, text: str) -> Base:
    path, ref = _split(folder, text)
    layout = OciLayout(path.resolve())
    return Base(layout, load_image(layout, layout_root(layout, ref)))


def _split(folder: Path, text: str) -> tuple[Path, str | None]:
    """Split ``DIR``, ``DIR@sha256:…`` and ``DIR:NAME``; a colon in an existing folder's name splits nothing."""
    path, at, digest = text.partition("@")
    if at:
        return folder / path, digest
    path, colon, name = text.rpartition(":")
    if not colon or (folder / text).is_dir():
        return folder / text, None
    return folder / path, name


def _from_registry(target: Target, reference: Reference) -> Base:
    digest, note = reference.digest, ""
    if digest is None:
        tag = reference.tag_or_latest()
        digest = resolve_or_fail(target, tag, what="base image")
        note = f"base image {reference.name}:{tag} is {digest}; naming it by digest makes the build repeatable"
    return Base(target, load_image(target, digest), str(reference.with_digest(None)), note)

"""Where `shipseal sbom generate` takes an image from: a registry, an OCI layout, an archive."""

from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.progress import Reporter
from shipseal.build.pull import pull_image
from shipseal.cli.references import parse_reference
from shipseal.errors import Code, ImageError
from shipseal.oci import Image, Platform, PlatformImage
from shipseal.oci.archive import open_archive
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root, load_image
from shipseal.oci.reference import Reference
from shipseal.registry.interface import resolve_or_fail
from shipseal.wiring.sboms import Connect

_LAYOUT = "oci:"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which image.

    Attributes:
        text: ``registry/repository[:tag|@digest]``, ``oci:DIR``, or the path of an archive.
        platform: one platform; None means all.
        name: the image's name in the SBOM; empty takes it from ``text``.
        version: likewise; empty takes the tag.
    """

    text: str
    platform: Platform | None
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Source:
    """An image on local disk, as it is called in the SBOM.

    Attributes:
        layout: where its bytes are.
        image: the image with its platforms.
        name: of the image.
        version: of the image; may be empty.
    """

    layout: OciLayout
    image: Image
    name: str
    version: str


def open_source(asked: Asked, work: Path, connect: Connect, reporter: Reporter) -> Source:
    """Return the image on local disk: a layout where it lies, an archive or a registry's image in ``work``.

    Raises:
        ImageError: it is not there, damaged, or lacks the platform.
        RegistryError: the registry refused or could not be reached.
        ConfigError: ``asked.text`` names nothing that could be an image.
    """
    text, path = asked.text, Path(asked.text)
    if text.startswith(_LAYOUT):
        return _opened_layout(asked, *_layout_and_ref(text.removeprefix(_LAYOUT)))
    if path.is_dir():
        return _opened_layout(asked, path, None)
    if path.is_file() or text.startswith(("/", "./", "../")):
        transfer = reporter.transfer(f"reading {path.name}", None)
        layout = open_archive(path, work / "image")
        transfer.done()
        return _local(asked, layout, None, path.name.partition(".")[0])
    return _pulled(asked, parse_reference(text), work, connect, reporter)


def _layout_and_ref(text: str) -> tuple[Path, str | None]:
    """Split ``DIR``, ``DIR:REF`` or ``DIR@DIGEST``; a folder of the whole name wins."""
    if Path(text).is_dir():
        return Path(text), None
    for separator in ("@", ":"):
        folder, found, ref = text.partition(separator) if separator == "@" else text.rpartition(":")
        if found and ref and folder:
            return Path(folder), ref
    return Path(text), None


def _opened_layout(asked: Asked, folder: Path, ref: str | None) -> Source:
    return _local(asked, OciLayout(folder.absolute()), ref, folder.absolute().name)


def _local(asked: Asked, layout: OciLayout, ref: str | None, name: str) -> Source:
    image = load_image(layout, layout_root(layout, ref))
    version = asked.version or (ref if ref and ":" not in ref else "")
    return Source(layout, image, asked.name or name or "image", version)


def _pulled(
    asked: Asked, reference: Reference, work: Path, connect: Connect, reporter: Reporter
) -> Source:
    target = connect(reference)
    try:
        digest = reference.digest or resolve_or_fail(target, reference.tag_or_latest())
        root, layout = target.read_manifest(digest), OciLayout(work / "image")
        image = load_image(target, root)
        if asked.platform is None:
            pull_image(target, digest, layout, reporter)
        else:
            for one in chosen_platforms(image, asked.platform):
                pull_image(target, one.digest, layout, reporter)
    finally:
        target.close()
    version = asked.version or reference.tag or ""
    return Source(layout, image, asked.name or reference.name, version)


def chosen_platforms(image: Image, platform: Platform | None) -> tuple[PlatformImage, ...]:
    """Return the one platform that is asked for, or all.

    Raises:
        ImageError: ``image.platform-missing``.
    """
    if platform is None:
        return image.platforms
    found = tuple(one for one in image.platforms if one.platform == platform)
    if not found:
        there = ", ".join(str(one.platform) for one in image.platforms)
        raise ImageError(
            Code.PLATFORM_MISSING,
            f"{image.digest}: expected platform {platform}, got {there}",
            hint=f"choose one of {there}, or build the image for {platform} too",
            context={"digest": image.digest, "platform": str(platform)},
        )
    return found

"""What `shipseal scan` scans: SBOMs on local disk, one for each platform, and what they are of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shipseal.oci.digest import Digest
from shipseal.oci.platform import Platform
from shipseal.report.interface import ScanSubject
from shipseal.scan.interface import ScanReport
from shipseal.scan.inventory import Inventory, Subject
from shipseal.scan.read_inventory import read_inventory

if TYPE_CHECKING:
    from shipseal.oci import ImageConfig

UNSTATED = Platform("unknown", "unknown")
"""The platform of an SBOM that does not say whose it is."""
NO_PACKAGES = "no-packages"
"""The name by which a policy accepts an SBOM that lists nothing, as of a catalogue (``sbom/incomplete.py``)."""
_GZIP = b"\x1f\x8b"

Complete = Callable[[ScanReport], ScanReport]
"""Tells of each finding of a report whether it comes from the base image."""


def as_it_is(report: ScanReport) -> ScanReport:
    """Return ``report`` where nothing tells where a package comes from."""
    return report


class Material(msgspec.Struct, frozen=True):
    """One SBOM.

    Attributes:
        platform: whose; :data:`UNSTATED` where nobody says.
        sbom: the file, plain or gzip.
        digest: of the file.
        inventory: what it lists.
        native: the Syft JSON of the same run; None where there is none.
        incomplete: why it may not list everything, a sentence each, named as a policy accepts it.
        complete: tells whose a finding is.
    """

    platform: Platform
    sbom: Path
    digest: Digest
    inventory: Inventory
    native: Path | None = None
    incomplete: tuple[str, ...] = ()
    complete: Complete = as_it_is


class Materials(msgspec.Struct, frozen=True):
    """Everything that is scanned.

    Attributes:
        subject: what it is of.
        items: at least one.
        notes: what a person should know, a sentence each.
        digests: of the image's platforms, where it is an image.
    """

    subject: ScanSubject
    items: tuple[Material, ...]
    notes: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()

    @property
    def called(self) -> tuple[str, ...]:
        """What the image is called; nothing where an SBOM is of no image: a file's name is no repository."""
        said = self.items[0].inventory.subject
        of_image = self.subject.kind != "sbom" or (_is_image(said) and said.name)
        return (self.subject.name,) if of_image and self.subject.name else ()


@contextmanager
def sbom_file(path: Path, text: str, platform: Platform | None = None) -> Iterator[Materials]:
    """Give the SBOM in the file ``path`` for the time of a ``with`` block.

    Args:
        path: the file; ``-`` is standard input.
        text: as it was asked for.
        platform: whose it is, where the document does not say.

    Raises:
        SbomError: there is no such file, or it is no SBOM.
    """
    if str(path) != "-":
        yield _alone(path, path.name, text, platform)
        return
    from shipseal._internal.leftovers import scratch_folder  # noqa: PLC0415 - rarely needed

    with scratch_folder("scan") as folder:
        kept = folder / "sbom.json"
        _keep_standard_input(kept)
        yield _alone(kept, "standard input", text, platform)


def _alone(path: Path, name: str, text: str, platform: Platform | None) -> Materials:
    read = read_inventory(path)
    said = read.inventory.subject
    config = _config_of(read.inventory)
    item = Material(
        platform=platform or (config.platform if config else UNSTATED),
        sbom=path,
        digest=read.digest,
        inventory=read.inventory,
        incomplete=empty_reasons(read.inventory),
        complete=_by_config(config) if config else as_it_is,
    )
    image = _is_image(said)
    subject = ScanSubject(
        text=text,
        kind="sbom",
        name=said.name if image and said.name else name,
        version=said.version if image and said.name else "",
        digest=said.digest,
    )
    return Materials(subject, (item,))


def _is_image(said: Subject) -> bool:
    return said.kind in ("image", "container")


def empty_reasons(inventory: Inventory) -> tuple[str, ...]:
    """Return why an SBOM cannot be whole, from itself alone: it lists nothing."""
    return (f"{NO_PACKAGES}: the SBOM lists no package at all",) if inventory.empty else ()


def _config_of(inventory: Inventory) -> "ImageConfig | None":
    """Return the image's configuration, where a document has it within (Syft JSON of an image)."""
    if not inventory.subject.config:
        return None
    from shipseal.errors import ImageError  # noqa: PLC0415 - only where there is one
    from shipseal.oci.image import parse_config  # noqa: PLC0415

    try:
        return parse_config(inventory.subject.config, what="image configuration in the SBOM")
    except ImageError:
        return None


def _by_config(config: "ImageConfig") -> Complete:
    def complete(report: ScanReport) -> ScanReport:
        from shipseal.scan.origin import layers_by_history, with_origins  # noqa: PLC0415 - as above

        return with_origins(report, layers_by_history(config))

    return complete


def _keep_standard_input(path: Path) -> None:
    import sys  # noqa: PLC0415 - as above

    from shipseal._internal.durable import disk_errors  # noqa: PLC0415
    from shipseal._internal.limits import read_limited  # noqa: PLC0415
    from shipseal.errors import Code  # noqa: PLC0415
    from shipseal.scan.sbom_file import SBOM_FILE  # noqa: PLC0415

    data = read_limited(
        sys.stdin.buffer, SBOM_FILE, what="standard input", code=Code.SBOM_TOO_LARGE
    )
    with disk_errors(path, needed=len(data)):
        path.write_bytes(data)


@contextmanager
def unpacked(item: Material) -> Iterator[Path]:
    """Give the file of an SBOM as plain JSON, for scanners that read no other, for the time of a ``with`` block."""
    with item.sbom.open("rb") as stream:
        packed = stream.read(len(_GZIP)) == _GZIP
    if not packed:
        yield item.sbom
        return
    from shipseal._internal.durable import disk_errors  # noqa: PLC0415 - as above
    from shipseal._internal.leftovers import scratch_folder  # noqa: PLC0415
    from shipseal.sbom.files import read_sbom_file  # noqa: PLC0415

    data = read_sbom_file(item.sbom)
    with scratch_folder("sbom") as folder:
        plain = folder / "sbom.json"
        with disk_errors(plain, needed=len(data)):
            plain.write_bytes(data)
        yield plain

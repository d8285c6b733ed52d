"""What `shipseal scan` scans: SBOMs on local disk, one for each platform, and what they are of."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipseal.errors import Code, ConfigError
from shipseal.oci.digest import Digest
from shipseal.oci.platform import Platform
from shipseal.report.interface import ScanSubject

UNSTATED = Platform("unknown", "unknown")
"""The platform of an SBOM that does not say whose it is."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Material:
    """One SBOM.

    Attributes:
        platform: whose; :data:`UNSTATED` where nobody says.
        sbom: the file, not compressed.
        digest: of its content.
        native: the Syft JSON of the same run; None where there is none.
        incomplete: why it may not list everything, a sentence each, named as a policy accepts it.
    """

    platform: Platform
    sbom: Path
    digest: Digest
    native: Path | None = None
    incomplete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Materials:
    """Everything that is scanned.

    Attributes:
        subject: what it is of.
        items: at least one.
        notes: what a person should know, a sentence each.
    """

    subject: ScanSubject
    items: tuple[Material, ...]
    notes: tuple[str, ...] = ()


@contextmanager
def sbom_file(path: Path, text: str) -> Iterator[Materials]:
    """Give the SBOM in the file ``path``, decompressed when it is gzip, for the time of a ``with`` block.

    Args:
        path: the file; ``-`` is standard input.
        text: as it was asked for.

    Raises:
        ConfigError: there is no such file, it cannot be read, or it is empty.
        ShipsealError: it is larger than any SBOM.
    """
    if str(path) != "-" and not _is_packed(path):
        yield _alone(path, path, text)
        return
    from shipseal._internal.durable import disk_errors  # noqa: PLC0415 - rarely needed
    from shipseal._internal.leftovers import scratch_folder  # noqa: PLC0415

    with scratch_folder("scan") as folder:
        plain = folder / "sbom.json"
        data = _standard_input() if str(path) == "-" else _unpacked(path)
        with disk_errors(plain, needed=len(data)):
            plain.write_bytes(data)
        yield _alone(plain, path, text)


def _alone(plain: Path, named: Path, text: str) -> Materials:
    name = "standard input" if str(named) == "-" else named.name
    item = Material(UNSTATED, plain, digest_of_file(plain))
    return Materials(ScanSubject(text, "sbom", name), (item,))


def _is_packed(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_GZIP))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror or error}",
            hint="name a file with an SBOM: sbom:FILE",
            context={"path": str(path)},
        ) from error
    if not head:
        raise ConfigError(
            f"{path}: the file is empty",
            hint="expected is an SBOM in SPDX, Syft or CycloneDX JSON",
            context={"path": str(path)},
        )
    return head == _GZIP


def _unpacked(path: Path) -> bytes:
    from shipseal.sbom.files import read_sbom_file  # noqa: PLC0415 - brings gzip

    return read_sbom_file(path)


def _standard_input() -> bytes:
    import sys  # noqa: PLC0415

    from shipseal._internal.limits import read_limited  # noqa: PLC0415
    from shipseal.scan.native import SBOM_FILE  # noqa: PLC0415

    return read_limited(
        sys.stdin.buffer, SBOM_FILE, what="standard input", code=Code.CONFIG_INVALID
    )


def digest_of_file(path: Path) -> Digest:
    """Return the digest of a file, which may be large.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return Digest(f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}")

"""Named limits of every read, each with its reason.

Limits of evidence stores are data and live with the SBOM room (``sbom/store_limits.py``); these protect this process.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shipseal._internal.regular_file import open_file
from shipseal.errors import Code, ShipsealError

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limit:
    """The most bytes that one read may return, and why.

    Attributes:
        name: what is read.
        size: in bytes.
        reason: a sentence's end: the limit stands because …
    """

    name: str
    size: int
    reason: str


MANIFEST = Limit(
    "manifest",
    4 * MIB,
    "registries refuse manifests above 4 MiB (distribution-spec, pushing manifests)",
)
CONFIG = Limit(
    "image config", 8 * MIB, "history and labels of the largest known images stay below 1 MiB"
)
ERROR_BODY = Limit(
    "error body", 64 * KIB, "an error is a few sentences; a proxy's page may be endless"
)
TOKEN = Limit("token answer", 256 * KIB, "a token answer is one small JSON object")
TAG_LIST = Limit("tag list", 16 * MIB, "one page of names")
BUNDLE = Limit(
    "bundle", 128 * MIB, "cosign reads attachments up to 128 MiB (COSIGN_MAX_ATTACHMENT_SIZE)"
)
TOOL_OUTPUT = Limit("tool output", 512 * MIB, "the largest known scanner report is below 200 MiB")
TOOL_STDERR = Limit("tool messages", 256 * KIB, "the end of what a tool says is what explains it")
JOURNAL = Limit("journal", 64 * MIB, "a release writes a few hundred lines")
CONFIG_FILE = Limit("configuration file", MIB, "people write it")
IGNORES_FILE = Limit("file of ignores", 8 * MIB, "20,000 rules with their justification")
ADVISORY_FILE = Limit("advisory file", 512 * MIB, "the largest ecosystem export is below 400 MiB")


class Readable(Protocol):
    """Anything with a file-like ``read``."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes."""


def read_limited(
    stream: Readable, limit: Limit, *, what: str, code: Code = Code.FORMAT_UNSUPPORTED
) -> bytes:
    """Return all of ``stream``, or refuse it when it is longer than ``limit``.

    Raises:
        ShipsealError: with ``code``, when there is more.
    """
    parts: list[bytes] = []
    size = 0
    while chunk := stream.read(min(MIB, limit.size + 1 - size)):
        parts.append(chunk)
        size += len(chunk)
        if size > limit.size:
            raise too_large(limit, what=what, code=code)
    return b"".join(parts)


def read_file(path: Path, limit: Limit, *, code: Code = Code.FORMAT_UNSUPPORTED) -> bytes:
    """Return the content of the file ``path``, or refuse it when it is longer than ``limit``.

    Raises:
        ShipsealError: with ``code``, when there is more.
        OSError: it cannot be read, or is a pipe or a device.
    """
    with open_file(path) as stream:
        return read_limited(stream, limit, what=str(path), code=code)


def too_large(limit: Limit, *, what: str, code: Code = Code.FORMAT_UNSUPPORTED) -> ShipsealError:
    """Return the error that says that ``what`` is longer than ``limit``."""
    return ShipsealError(
        code,
        f"{what}: more than {limit.size} bytes, the limit for a {limit.name}",
        hint=f"the limit stands because {limit.reason}",
    )

"""What Syft's own words mean, when it ends with an error (S17, S18, S20, S21)."""

import re

from shipseal._internal.process import ToolResult
from shipseal._internal.tool_words import DISK_FULL, OUT_OF_MEMORY
from shipseal.errors import Code, ImageError, SbomError, ShipsealError, ToolError

_LAST_LINES = 12
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UNSUPPORTED = re.compile(r"(?:unsupported|unknown) (?:layer )?media ?type", re.IGNORECASE)
_NOT_FOUND = re.compile(
    r"no source providers were able to resolve|failed with file does not exist|MANIFEST_UNKNOWN|no such file",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"connection (?:refused|reset)|no such host|i/o timeout|TLS handshake timeout|network is unreachable",
    re.IGNORECASE,
)


def failure_of(result: ToolResult) -> ShipsealError:
    """Return what a failed run of Syft means, with its own last lines."""
    words = last_lines(result.stderr)
    message = f"syft failed with status {result.status}: {words or 'it said nothing'}"
    context = {"tool": "syft", "status": str(result.status), "stderr": words}
    for pattern, error in _FAILURES:
        if pattern.search(result.stderr):
            return error(message, context)
    return SbomError(
        Code.CATALOG_FAILED,
        message,
        hint="syft could not read this image; its own words say why",
        context=context,
    )


def last_lines(stderr: str) -> str:
    """Return the end of what a tool said, without colours."""
    lines = [line.rstrip() for line in _COLOUR.sub("", stderr).splitlines() if line.strip()]
    return "\n".join(lines[-_LAST_LINES:])


def _out_of_memory(message: str, context: dict[str, str]) -> ShipsealError:
    hint = "give the job more memory, or catalogue fewer platforms at once"
    return ToolError(Code.OUT_OF_MEMORY, message, hint=hint, context=context, retryable=True)


def _disk_full(message: str, context: dict[str, str]) -> ShipsealError:
    hint = "syft unpacks the layers into TMPDIR: free some space there, or set it to a larger disk"
    return ShipsealError(Code.DISK_FULL, message, hint=hint, context=context, retryable=True)


def _unsupported(message: str, context: dict[str, str]) -> ShipsealError:
    hint = "supported are OCI images and Docker v2 schema 2 with tar, gzip or zstd layers"
    return ImageError(Code.FORMAT_UNSUPPORTED, message, hint=hint, context=context)


def _not_found(message: str, context: dict[str, str]) -> ShipsealError:
    hint = "the image must be complete before its SBOM is made: build or copy it again"
    return ImageError(Code.IMAGE_NOT_FOUND, message, hint=hint, context=context)


def _network(message: str, context: dict[str, str]) -> ShipsealError:
    hint = "syft needs no network for this; see what its words name"
    return ShipsealError(
        Code.NETWORK_UNREACHABLE, message, hint=hint, context=context, retryable=True
    )


# The first that fits: a disk that is full makes other things fail after it.
_FAILURES = (
    (OUT_OF_MEMORY, _out_of_memory),
    (DISK_FULL, _disk_full),
    (_UNSUPPORTED, _unsupported),
    (_NOT_FOUND, _not_found),
    (_NETWORK, _network),
)

"""Why an outside builder failed, read from its last words.

Only the line in which the builder itself gives up is read for a cause, and for a registry's answer only when that line
is about fetching an image. What a ``RUN`` step printed is shown but never interpreted: ``connection refused`` there is
the step's own affair, and ``not found`` of a ``COPY`` is about a file.
"""

import re
from dataclasses import dataclass

from shipseal._internal.process import ToolResult
from shipseal._internal.redact import redact
from shipseal._internal.tool_words import DISK_FULL, OUT_OF_MEMORY
from shipseal.errors import Code, ImageError, RegistryError, ShipsealError, ToolError

_SHOWN_LINES = 15
_SHOWN_CHARACTERS = 2000
_STEP = re.compile(
    r'building at STEP "RUN|process "[^"]*(?:"[^"]*)*" did not complete successfully'
)
_FETCHING = re.compile(
    r"failed to resolve source metadata|failed to fetch|failed to authorize|failed to copy: httpRead"
    r"|initializing source|creating build container|short-name|pinging container registry|imagetools"
)
_GAVE_UP = re.compile(r"^\s*(?:ERROR|Error|error)\b:?.*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Cause:
    pattern: re.Pattern[str]
    kind: type[ShipsealError]
    code: Code
    hint: str
    retryable: bool = False
    fetching: bool = True

    def explains(self, text: str) -> bool:
        about = not self.fetching or _FETCHING.search(text) is not None
        return about and self.pattern.search(text) is not None


def _cause(
    pattern: str,
    kind: type[ShipsealError],
    code: Code,
    hint: str,
    *,
    retryable: bool = False,
    fetching: bool = True,
) -> _Cause:
    return _Cause(re.compile(pattern, re.IGNORECASE), kind, code, hint, retryable, fetching)


# In this order: a registry that hides what may not be seen says "denied" and "does not exist" in one sentence.
_CAUSES = (
    _cause(
        r"manifest unknown|name unknown|repository name not known|does not exist|: not found\b"
        r"|did not resolve to an alias|no such image|no match for platform|no image found in image index",
        ImageError,
        Code.IMAGE_NOT_FOUND,
        "is the image after FROM written rightly, is it there for every platform, and may you read it?",
    ),
    _cause(
        r"toomanyrequests|too many requests|status(?: code)?:? 429",
        RegistryError,
        Code.RATE_LIMITED,
        "wait, or log in: registries allow more to known users",
        retryable=True,
    ),
    _cause(
        r"x509:|certificate|server gave HTTP response to HTTPS client",
        RegistryError,
        Code.TLS_UNTRUSTED,
        "give the builder the registry's CA, or tell it that this registry speaks plain HTTP",
    ),
    _cause(
        r"unauthorized|authentication required|status(?: code)?:? 401",
        RegistryError,
        Code.REGISTRY_UNAUTHORIZED,
        "log in to the registry of the base image",
    ),
    _cause(
        r"\bdenied\b|forbidden|status(?: code)?:? 403",
        RegistryError,
        Code.REGISTRY_DENIED,
        "these credentials may not read the base image",
    ),
    _cause(
        OUT_OF_MEMORY.pattern,
        ToolError,
        Code.OUT_OF_MEMORY,
        "give the builder more memory, or build fewer platforms at once",
        retryable=True,
        fetching=False,
    ),
    _cause(
        DISK_FULL.pattern,
        ToolError,
        Code.DISK_FULL,
        "free some space and run the same command again",
        retryable=True,
        fetching=False,
    ),
    _cause(
        r"connection refused|no such host|i/o timeout|network is unreachable|dial (?:tcp|unix)",
        RegistryError,
        Code.NETWORK_UNREACHABLE,
        "can this machine reach the registry of the base image, and the builder's daemon?",
        retryable=True,
        fetching=False,
    ),
)


def build_failure(tool: str, result: ToolResult, *, hint: str = "") -> ShipsealError:
    """Return the error for a builder that ended with another status than zero.

    Args:
        tool: its name.
        result: how it ended.
        hint: what to do when the cause is not known.
    """
    output = result.stderr or redact(result.stdout[-65536:].decode("utf-8", "replace"))
    last = _last_words(output)
    context = {"tool": tool, "status": str(result.status), "output": _tail(output)}
    cause = None if _STEP.search(last) else _cause_of(last)
    if cause is None:
        shown = _tail(output)
        return ToolError(
            Code.TOOL_CRASHED,
            f"{tool}: the build ended with status {result.status}; its last lines:\n{shown}",
            hint=hint or "run the same build by hand to see all of its output",
            context=context,
        )
    return cause.kind(
        cause.code,
        f"{tool}: {last.strip()[:_SHOWN_CHARACTERS]}",
        hint=cause.hint,
        context=context,
        retryable=cause.retryable,
    )


def _cause_of(text: str) -> _Cause | None:
    return next((cause for cause in _CAUSES if cause.explains(text)), None)


def _last_words(output: str) -> str:
    """Return the line in which the builder gives up, or the last one."""
    errors = _GAVE_UP.findall(output)
    lines = [line for line in output.splitlines() if line.strip()]
    return str(errors[-1]) if errors else (lines[-1] if lines else "")


def _tail(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return "\n".join(lines[-_SHOWN_LINES:])[-_SHOWN_CHARACTERS:]

"""The error tree, its stable codes, and the exit status of each code.

One exception type carries every failure to the shells, because what a caller does with a failure depends on its
code, not on its class; capabilities subclass it so that tests and callers can be narrow where they want to be::

    ShipsealError
      +-- ConfigError            config.invalid, policy.empty
      +-- ImageError             image.*
      +-- RegistryError          auth.registry-*, image.not-found, service.*, network.*, tls.untrusted
      +-- SbomError              sbom.*
      +-- ScanError              scan.*
      +-- AttestError            attest.*
      +-- GitHubError            auth.github-denied, github.refused
      +-- ReleaseError           release.locked
      +-- ToolError              tool.*, resource.*
      +-- InterruptedReleaseError  a signal: the work is resumable

What a decision says is not here: decisions return reports. An exception means that the work could not be done.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """Exit statuses, as documented in ``docs/exit-codes.md``."""

    OK = 0
    DEFECT = 1
    REFUSED = 2
    EVIDENCE = 3
    AUTH = 4
    OUTSIDE = 5
    UNDECIDED = 6
    USAGE = 64
    INTERRUPTED = 130


EXIT_MEANINGS: Mapping[Exit, str] = {
    Exit.OK: "done, allowed, verified",
    Exit.DEFECT: "a defect in shipseal",
    Exit.REFUSED: "a gate, a lint or a check says no",
    Exit.EVIDENCE: "evidence is missing or invalid",
    Exit.AUTH: "not authenticated, or not permitted",
    Exit.OUTSIDE: (
        "an outside service or tool failed, or the release is pending or partly promoted: trying again may help"
    ),
    Exit.UNDECIDED: "undecided: data is too old, missing or incomplete",
    Exit.USAGE: "wrong usage or wrong configuration: nothing was started",
    Exit.INTERRUPTED: "interrupted (SIGINT, SIGTERM): the release can be resumed",
}


class Code(StrEnum):
    """Every failure code. Each has an entry in ``docs/errors.md`` and a test that really produces it."""

    OIDC_PERMISSION = "auth.oidc-permission"
    ATTESTATIONS_PERMISSION = "auth.attestations-permission"
    KEY_DENIED = "auth.key-denied"
    REGISTRY_UNAUTHORIZED = "auth.registry-unauthorized"
    REGISTRY_DENIED = "auth.registry-denied"
    GITHUB_DENIED = "auth.github-denied"
    GITHUB_REFUSED = "github.refused"
    FORK_NO_PERMISSIONS = "fork.no-permissions"
    IMAGE_NOT_FOUND = "image.not-found"
    PLATFORM_MISSING = "image.platform-missing"
    FORMAT_UNSUPPORTED = "image.format-unsupported"
    DIGEST_MISMATCH = "image.digest-mismatch"
    TAG_EXISTS = "image.tag-exists"
    CATALOG_FAILED = "sbom.catalog-failed"
    SBOM_TIMEOUT = "sbom.timeout"
    SBOM_TOO_LARGE = "sbom.too-large"
    SBOM_INCOMPLETE = "sbom.incomplete"
    GATE_FAILED = "scan.gate-failed"
    GATE_UNDECIDED = "scan.undecided"
    DB_UNAVAILABLE = "scan.db-unavailable"
    DB_STALE = "scan.db-stale"
    ATTEST_MISSING = "attest.missing"
    ATTEST_INVALID = "attest.invalid"
    IDENTITY_MISMATCH = "attest.identity-mismatch"
    WRONG_SUBJECT = "attest.wrong-subject"
    ATTEST_CONFLICT = "attest.conflict"
    POLICY_EMPTY = "policy.empty"
    RELEASE_LOCKED = "release.locked"
    CONFIG_INVALID = "config.invalid"
    SERVICE_OUTAGE = "service.outage"
    RATE_LIMITED = "service.rate-limited"
    NETWORK_UNREACHABLE = "network.unreachable"
    TLS_UNTRUSTED = "tls.untrusted"
    DISK_FULL = "resource.disk-full"
    OUT_OF_MEMORY = "resource.out-of-memory"
    TOOL_MISSING = "tool.missing"
    TOOL_CRASHED = "tool.crashed"
    UNKNOWN = "unknown"


_EXITS: Mapping[Code, Exit] = {
    Code.OIDC_PERMISSION: Exit.AUTH,
    Code.ATTESTATIONS_PERMISSION: Exit.AUTH,
    Code.KEY_DENIED: Exit.AUTH,
    Code.REGISTRY_UNAUTHORIZED: Exit.AUTH,
    Code.REGISTRY_DENIED: Exit.AUTH,
    Code.GITHUB_DENIED: Exit.AUTH,
    Code.GITHUB_REFUSED: Exit.OUTSIDE,
    Code.FORK_NO_PERMISSIONS: Exit.OK,
    Code.IMAGE_NOT_FOUND: Exit.OUTSIDE,
    Code.PLATFORM_MISSING: Exit.REFUSED,
    Code.FORMAT_UNSUPPORTED: Exit.REFUSED,
    Code.DIGEST_MISMATCH: Exit.EVIDENCE,
    Code.TAG_EXISTS: Exit.REFUSED,
    Code.CATALOG_FAILED: Exit.OUTSIDE,
    Code.SBOM_TIMEOUT: Exit.OUTSIDE,
    Code.SBOM_TOO_LARGE: Exit.REFUSED,
    Code.SBOM_INCOMPLETE: Exit.UNDECIDED,
    Code.GATE_FAILED: Exit.REFUSED,
    Code.GATE_UNDECIDED: Exit.UNDECIDED,
    Code.DB_UNAVAILABLE: Exit.UNDECIDED,
    Code.DB_STALE: Exit.UNDECIDED,
    Code.ATTEST_MISSING: Exit.EVIDENCE,
    Code.ATTEST_INVALID: Exit.EVIDENCE,
    Code.IDENTITY_MISMATCH: Exit.EVIDENCE,
    Code.WRONG_SUBJECT: Exit.EVIDENCE,
    Code.ATTEST_CONFLICT: Exit.EVIDENCE,
    Code.POLICY_EMPTY: Exit.USAGE,
    Code.RELEASE_LOCKED: Exit.OUTSIDE,
    Code.CONFIG_INVALID: Exit.USAGE,
    Code.SERVICE_OUTAGE: Exit.OUTSIDE,
    Code.RATE_LIMITED: Exit.OUTSIDE,
    Code.NETWORK_UNREACHABLE: Exit.OUTSIDE,
    Code.TLS_UNTRUSTED: Exit.OUTSIDE,
    Code.DISK_FULL: Exit.OUTSIDE,
    Code.OUT_OF_MEMORY: Exit.OUTSIDE,
    Code.TOOL_MISSING: Exit.OUTSIDE,
    Code.TOOL_CRASHED: Exit.OUTSIDE,
    Code.UNKNOWN: Exit.DEFECT,
}

# Several at once: a wrong configuration first, because nothing else can be believed before it is right.
URGENCY = (
    Exit.INTERRUPTED,
    Exit.DEFECT,
    Exit.USAGE,
    Exit.AUTH,
    Exit.OUTSIDE,
    Exit.EVIDENCE,
    Exit.UNDECIDED,
    Exit.REFUSED,
    Exit.OK,
)


def exit_for(code: Code) -> Exit:
    """Return the exit status that ``code`` ends a command with."""
    return _EXITS[code]


def most_urgent(exits: Iterable[Exit]) -> Exit:
    """Return the one status that a command with several outcomes ends with (64 before 4, 5, 3, 6, 2)."""
    found = set(exits)
    return next((exit_ for exit_ in URGENCY if exit_ in found), Exit.OK)


class ShipsealError(Exception):
    """Work that could not be done.

    Attributes:
        code: the stable code.
        message: what failed, on which thing, got and expected. Never holds a secret.
        hint: what to do about it; may be empty.
        context: facts for ``--json`` and the journal, as plain strings.
        retryable: whether the same call may succeed later without any change.
        retry_after: seconds that the other side asked to wait, if it did.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        hint: str = "",
        context: Mapping[str, str] | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.context = dict(context or {})
        self.retryable = retryable
        self.retry_after = retry_after

    @property
    def exit(self) -> Exit:
        """The exit status of a command that ends with this error."""
        return exit_for(self.code)

    def to_json(self) -> dict[str, object]:
        """Return the value of ``error`` in every ``--json`` output (schema ``error.schema.json``)."""
        return {
            "code": str(self.code),
            "message": self.message,
            "hint": self.hint,
            "context": self.context,
            "retryable": self.retryable,
        }


class ConfigError(ShipsealError):
    """The configuration, a policy or a command line is wrong: nothing was started."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        context: Mapping[str, str] | None = None,
        code: Code = Code.CONFIG_INVALID,
    ) -> None:
        super().__init__(code, message, hint=hint, context=context)


class ImageError(ShipsealError):
    """The image is not there, not complete, or not what it says it is."""


class RegistryError(ShipsealError):
    """A registry, or the way to it, refused or failed."""


class SbomError(ShipsealError):
    """A catalogue could not be made, or does not fit."""


class ScanError(ShipsealError):
    """A scan could not be done."""


class AttestError(ShipsealError):
    """Evidence could not be made, stored or read."""


class GitHubError(ShipsealError):
    """GitHub did not do what was asked of it about issues, branches or pull requests."""


class ReleaseError(ShipsealError):
    """A release cannot go on in this state."""


class ToolError(ShipsealError):
    """An outside tool is missing, crashed, or ran out of something."""


class InterruptedReleaseError(ShipsealError):
    """A signal ended the work; the journal says where to go on."""

    def __init__(
        self, message: str, *, hint: str = "", context: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(Code.UNKNOWN, message, hint=hint, context=context, retryable=True)

    @property
    def exit(self) -> Exit:
        """Always 130, whatever the code."""
        return Exit.INTERRUPTED

"""The seal: a SLSA verification summary (slsa.dev/spec/v1.1/verification_summary) over a whole release.

It says which policy the release passed and over which evidence, each attestation named by the digest of its bundle.
What the specification has no field for stands under a name that is a URI, as the specification asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shipseal._internal.clock import parse_rfc3339, rfc3339
from shipseal.errors import AttestError, Code, ImageError
from shipseal.intoto.resource import Resource, digest_set
from shipseal.intoto.statement import decode_predicate
from shipseal.oci import Digest, parse_digest

VERIFIER_ID = "pkg:pypi/shipseal"
"""Names the verifier whatever its version; the version stands beside it."""
SLSA_VERSION = "1.1"
BUILD_LEVEL_1 = "SLSA_BUILD_LEVEL_1"
RELEASE_FIELD = "pkg:pypi/shipseal#seal/release/v1"
BREAK_GLASS_FIELD = "pkg:pypi/shipseal#seal/break-glass/v1"
PASSED = "PASSED"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """A recorded decision of a person to publish in spite of the gate. It overrides nothing else.

    Attributes:
        reason: why.
        person: who.
        until: when it ends; after that the image does not verify any more.
        overrides: the answers of the gate that it overrides: ``fail``, ``undecided``.
        findings: what stood in the way, a line each.
    """

    reason: str
    person: str
    until: datetime
    overrides: tuple[str, ...] = ("fail",)
    findings: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in one line, for people."""
        shown = ", ".join(self.findings[:_SHOWN])
        more = len(self.findings) - _SHOWN
        shown += f" and {more} more" if more > 0 else ""
        line = f"break-glass by {self.person} until {rfc3339(self.until)}: {self.reason}"
        return f"{line} (in spite of {shown})" if shown else line


@dataclass(frozen=True, slots=True)
class SealedInput:
    """One attestation that the seal stands on.

    Attributes:
        digest: of the bundle's bytes.
        uri: its predicate type or where to find it; may be empty.
    """

    digest: Digest
    uri: str = ""


@dataclass(frozen=True, slots=True)
class SealFacts:
    """What a release seals.

    Attributes:
        verifier_version: of shipseal.
        verified: when.
        resource_uri: what the image is published as.
        policy_uri: what the policy is called: the configuration file's name, or a URI.
        policy_digest: of the policy in canonical form.
        inputs: every attestation that the release made or used.
        release: facts about the release (id, version), strings.
        levels: SLSA levels that were reached; a local key reaches build level 1.
        break_glass: None when the gate passed.
    """

    verifier_version: str
    verified: datetime
    resource_uri: str
    policy_uri: str
    policy_digest: Digest
    inputs: tuple[SealedInput, ...]
    release: Mapping[str, str]
    levels: tuple[str, ...] = (BUILD_LEVEL_1,)
    break_glass: BreakGlass | None = None


def summary_predicate(facts: SealFacts) -> dict[str, Any]:
    """Return the predicate of type ``https://slsa.dev/verification_summary/v1``.

    Raises:
        AttestError: ``attest.invalid`` when it would stand on no attestation.
    """
    if not facts.inputs:
        raise _malformed("it would stand on no attestation")
    predicate: dict[str, Any] = {
        "verifier": {"id": VERIFIER_ID, "version": {"shipseal": facts.verifier_version}},
        "timeVerified": rfc3339(facts.verified),
        "resourceUri": facts.resource_uri,
        "policy": Resource(facts.policy_uri, digest_set(facts.policy_digest)).to_json(),
        "inputAttestations": _inputs(facts.inputs),
        "verificationResult": PASSED,
        "verifiedLevels": list(facts.levels),
        "slsaVersion": SLSA_VERSION,
        RELEASE_FIELD: dict(facts.release),
    }
    if facts.break_glass:
        predicate[BREAK_GLASS_FIELD] = {
            "reason": facts.break_glass.reason,
            "person": facts.break_glass.person,
            "until": rfc3339(facts.break_glass.until),
            "overrides": list(facts.break_glass.overrides),
            "findings": list(facts.break_glass.findings),
        }
    return predicate


def _inputs(inputs: Sequence[SealedInput]) -> list[dict[str, Any]]:
    """Return each attestation once, sorted by digest: the order they were made in says nothing."""
    distinct = {item.digest: item for item in inputs}
    return [
        Resource(distinct[digest].uri, digest_set(digest)).to_json() for digest in sorted(distinct)
    ]


@dataclass(frozen=True, slots=True)
class Summary:
    """A seal as it was read.

    Attributes:
        verifier: its id.
        verified: when.
        resource_uri: what the image is published as.
        policy_uri: what the policy is called.
        policy_digests: of the policy, by accepted algorithms.
        result: ``PASSED`` or ``FAILED``.
        inputs: digests of the attestations that it stands on.
        break_glass: None when the gate passed.
        version: of the release that it seals; empty where another tool wrote it.
    """

    verifier: str
    verified: datetime
    resource_uri: str
    policy_uri: str
    policy_digests: tuple[Digest, ...]
    result: str
    inputs: tuple[Digest, ...]
    break_glass: BreakGlass | None
    version: str = ""


def parse_summary(predicate: bytes) -> Summary:
    """Read a verification summary; members that are not known are ignored, as the specification asks.

    Raises:
        AttestError: ``attest.invalid`` when a required member is missing, or an attestation is named without an
            accepted digest: what cannot be found again cannot be counted.
    """
    document = decode_predicate(predicate, what="seal")
    try:
        policy = document["policy"]
        return Summary(
            verifier=_text(document["verifier"]["id"]),
            verified=parse_rfc3339(_text(document["timeVerified"])),
            resource_uri=_text(document["resourceUri"]),
            policy_uri=_text(policy.get("uri", "")),
            policy_digests=_digests(policy),
            result=_text(document["verificationResult"]),
            inputs=tuple(_one_digest(item) for item in document.get("inputAttestations") or ()),
            break_glass=_break_glass(document.get(BREAK_GLASS_FIELD)),
            version=_version(document.get(RELEASE_FIELD)),
        )
    except KeyError as error:
        raise _malformed(f"it lacks {error.args[0]}") from error
    except (AttributeError, TypeError, ValueError, ImageError) as error:
        raise _malformed(str(error)) from error


def _digests(resource: Mapping[str, Any]) -> tuple[Digest, ...]:
    found = resource.get("digest") or {}
    return tuple(
        parse_digest(f"{algorithm}:{found[algorithm]}")
        for algorithm in ("sha256", "sha512")
        if algorithm in found
    )


def _one_digest(resource: Mapping[str, Any]) -> Digest:
    found = _digests(resource)
    if not found or not found[0].startswith("sha256:"):
        raise ValueError("an input attestation is named without a sha256 digest")
    return found[0]


def _break_glass(value: object) -> BreakGlass | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("its break-glass record is no object")
    until = parse_rfc3339(_text(value["until"]))
    return BreakGlass(
        _text(value["reason"]),
        _text(value["person"]),
        until,
        _texts(value.get("overrides", ["fail"])),
        _texts(value.get("findings", [])),
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r:.100} is no list of texts")
    return tuple(_text(item) for item in value)


def _version(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, dict):
        raise ValueError("what it says of its release is no object")
    return _text(value.get("version", ""))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.100} is no text")
    return value


def _malformed(problem: str) -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"seal: {problem}",
        hint="the seal is malformed and counts for nothing: release the image again",
    )

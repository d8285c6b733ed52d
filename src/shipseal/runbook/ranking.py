"""Which of all that a log proves are its failures, and which comes first."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shipseal.errors import Code
from shipseal.runbook.reading import Hit, Reading
from shipseal.runbook.rule import CLEAR, LIKELY, OWN

_BELIEVED = 40
_SOFTER, _QUIETER = 12, 20
"""What is tried again, or is a warning, counts that much less than the last word of a tool."""
_MOST = 8
"""Diagnoses in all."""

_MACHINE = frozenset({Code.DISK_FULL, Code.OUT_OF_MEMORY, Code.TOOL_MISSING})
_WAY = frozenset({
    Code.NETWORK_UNREACHABLE, Code.TLS_UNTRUSTED, Code.SERVICE_OUTAGE, Code.RATE_LIMITED, Code.REGISTRY_UNAUTHORIZED,
    Code.REGISTRY_DENIED,
})  # fmt: skip
_IMAGE = frozenset(
    {Code.IMAGE_NOT_FOUND, Code.PLATFORM_MISSING, Code.FORMAT_UNSUPPORTED, Code.DIGEST_MISMATCH}
)
_SIGNING = frozenset(
    {Code.OIDC_PERMISSION, Code.ATTESTATIONS_PERMISSION, Code.SBOM_TOO_LARGE, Code.ATTEST_CONFLICT}
)

_COMES_OF: Mapping[Code, frozenset[Code]] = {
    # A failure of the left, after one of the right, is what the first one led to.
    Code.CATALOG_FAILED: _MACHINE | _WAY | _IMAGE | {Code.SBOM_TIMEOUT},
    Code.SBOM_INCOMPLETE: _MACHINE | _WAY | _IMAGE | {Code.CATALOG_FAILED, Code.SBOM_TIMEOUT},
    Code.DB_UNAVAILABLE: _MACHINE | {Code.DB_STALE},
    Code.ATTEST_MISSING: _MACHINE
    | _WAY
    | _IMAGE
    | _SIGNING
    | {Code.ATTEST_INVALID, Code.IDENTITY_MISMATCH, Code.WRONG_SUBJECT},
    Code.IMAGE_NOT_FOUND: _MACHINE
    | _WAY
    | {Code.PLATFORM_MISSING, Code.FORMAT_UNSUPPORTED, Code.DIGEST_MISMATCH, Code.CONFIG_INVALID},
    Code.TOOL_CRASHED: frozenset(Code) - {Code.TOOL_CRASHED},
    Code.TOOL_MISSING: frozenset({Code.NETWORK_UNREACHABLE, Code.SERVICE_OUTAGE, Code.DISK_FULL}),
    Code.DIGEST_MISMATCH: frozenset({Code.DISK_FULL}),
    Code.FORMAT_UNSUPPORTED: frozenset(
        {Code.DISK_FULL, Code.NETWORK_UNREACHABLE, Code.SERVICE_OUTAGE}
    ),
    Code.GITHUB_DENIED: frozenset({Code.ATTESTATIONS_PERMISSION, Code.OIDC_PERMISSION}),
    Code.ATTESTATIONS_PERMISSION: frozenset({Code.OIDC_PERMISSION}),
    Code.OUT_OF_MEMORY: frozenset({Code.DISK_FULL}),
    Code.SERVICE_OUTAGE: frozenset({Code.DISK_FULL, Code.RATE_LIMITED}),
    Code.NETWORK_UNREACHABLE: frozenset({Code.DISK_FULL, Code.TLS_UNTRUSTED}),
}
_BOTH_WAYS: Mapping[Code, frozenset[Code]] = {
    # A failure of the left is what one of the right says less exactly, wherever it stands in the same step.
    Code.REGISTRY_UNAUTHORIZED: frozenset({Code.RATE_LIMITED, Code.ATTESTATIONS_PERMISSION}),
    Code.SERVICE_OUTAGE: frozenset({Code.DB_UNAVAILABLE, Code.NETWORK_UNREACHABLE}),
    Code.NETWORK_UNREACHABLE: frozenset({Code.DB_UNAVAILABLE}),
    Code.ATTEST_MISSING: frozenset(
        {Code.ATTEST_INVALID, Code.IDENTITY_MISMATCH, Code.WRONG_SUBJECT}
    ),
    Code.CATALOG_FAILED: frozenset({Code.SBOM_TIMEOUT, Code.DISK_FULL, Code.OUT_OF_MEMORY}),
    Code.DB_UNAVAILABLE: frozenset(
        {Code.DB_STALE, Code.RATE_LIMITED, Code.TLS_UNTRUSTED, Code.DISK_FULL}
    ),
    Code.TLS_UNTRUSTED: frozenset({Code.ATTEST_INVALID}),
    Code.FORMAT_UNSUPPORTED: frozenset({Code.PLATFORM_MISSING}),
}


class Group(msgspec.Struct):
    """Lines that prove one failure.

    Attributes:
        code: the failure.
        thing: host, image or path that it is about; may be empty.
        hits: in order.
    """

    code: Code
    thing: str
    hits: list[Hit]

    @property
    def weight(self) -> int:
        """How sure the surest line is."""
        return max(_weight(hit) for hit in self.hits)

    @property
    def first(self) -> int:
        """Number of the first line."""
        return self.hits[0].line.number

    @property
    def steps(self) -> set[int]:
        """The steps that it stands in."""
        return {hit.step for hit in self.hits}

    @property
    def best(self) -> Hit:
        """The line that says most."""
        return max(self.hits, key=lambda hit: (_weight(hit), len(hit.caught), -hit.line.number))


def _weight(hit: Hit) -> int:
    if hit.soft:
        return hit.weight - _SOFTER
    return hit.weight - (_QUIETER if hit.quiet else 0)


def ranked(reading: Reading) -> Sequence[Group]:
    """Return the failures of a log, the one to begin with first."""
    groups = grouped(_of_failed_steps(reading))
    groups = [
        group for group in groups if group.weight >= _BELIEVED and not _passed(group, reading)
    ]
    groups = _own_first([group for group in groups if not _follows(group, groups)])
    sure = [group for group in groups if group.weight >= CLEAR - 10] or groups
    sure.sort(
        key=lambda group: (
            group.weight < OWN,
            group.weight < LIKELY + 10,
            group.first,
            -group.weight,
        )
    )
    return sure[:_MOST]


def _own_first(groups: Sequence[Group]) -> list[Group]:
    """Return the groups without those that tell less exactly what shipseal itself said in the same step."""
    own = [group for group in groups if group.weight >= OWN]
    steps = {step for group in own for step in group.steps}
    return own + [group for group in groups if group not in own and not group.steps <= steps]


def _of_failed_steps(reading: Reading) -> Iterable[Hit]:
    """Return the hits that count: where the runner marks failed steps, those of other steps led to nothing."""
    hits = [hit for hit in reading.hits if not _of_tests(hit, reading)]
    failed = {number for number, step in enumerate(reading.steps) if step.failed}
    if not failed or not reading.marked:
        return hits
    return [hit for hit in hits if hit.step in failed]


def _of_tests(hit: Hit, reading: Reading) -> bool:
    """Return whether a test printed the line that failed, or a compiler was what failed after it.

    Tests of clients print what servers refuse; a script that goes on to compile has got over what was said before.
    """
    step = reading.steps[hit.step]
    if hit.line.number < step.compiled and hit.code not in {Code.DISK_FULL, Code.OUT_OF_MEMORY}:
        return True
    return hit.line.number <= step.tested and hit.code not in _MACHINE


def grouped(hits: Iterable[Hit]) -> list[Group]:
    """Return hits by what they say: the same code about the same thing, or about nothing in particular."""
    groups: list[Group] = []
    for hit in hits:
        thing = _thing(hit)
        for group in groups:
            if group.code is hit.code and (
                not thing or not group.thing or _same(thing, group.thing)
            ):
                group.hits.append(hit)
                group.thing = group.thing or thing
                break
        else:
            groups.append(Group(hit.code, thing, [hit]))
    return groups


def _thing(hit: Hit) -> str:
    names = ("image", "host", "repository", "path", "name", "node", "tool", "pushed")
    return next((hit.caught[name] for name in names if name in hit.caught), "")


def _same(one: str, other: str) -> bool:
    return one in other or other in one


def _passed(group: Group, reading: Reading) -> bool:
    """Return whether a failure went away: it was to be tried again, or told as a warning, and then it worked."""
    last = group.hits[-1].line.number
    if all(hit.quiet and not hit.soft for hit in group.hits) and reading.final:
        return True
    if not all(hit.soft for hit in group.hits):
        return False
    return reading.success > last or (reading.final < last and reading.final < reading.success)


def _follows(group: Group, groups: Sequence[Group]) -> bool:
    for other in groups:
        if other is group or other.code is group.code or other.weight < LIKELY <= group.weight:
            continue
        together = bool(other.steps & group.steps)
        if together and other.code in _BOTH_WAYS.get(group.code, ()):
            return True
        if (
            other.first <= group.first
            and other.code in _COMES_OF.get(group.code, ())
            and not _other_reading(group, other)
        ):
            return True
    return False


def _other_reading(group: Group, other: Group) -> bool:
    """Return whether two codes are readings of one and the same line."""
    return other.first == group.first

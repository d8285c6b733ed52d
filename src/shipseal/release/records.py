"""The shapes of journal lines, typed: what each kind of event says.

These are values of the wire: a journal of today must be readable by the shipseal of tomorrow, so members are added with
defaults and never renamed (``journal.SCHEMA`` counts up when that cannot be kept).
"""

from datetime import datetime
from typing import Any

import msgspec

from shipseal._internal.clock import parse_rfc3339, rfc3339
from shipseal.intoto.summary import BreakGlass


class Plan(msgspec.Struct, frozen=True):
    """``release.started``: what the release is about; fixed for its whole life.

    Attributes:
        release: its id.
        image: the image's name.
        version: what is released.
        config: sha256 digest of the effective configuration.
        platforms: required ones; empty for all that the image has.
        targets: names, in order.
        tags: ``(template, move)``; an empty move means the rule.
        signer: who signs; empty for a fork.
    """

    release: str
    image: str
    version: str
    config: str
    platforms: tuple[str, ...]
    targets: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    signer: str


class MaterialRecord(msgspec.Struct, frozen=True):
    """An input of the build."""

    uri: str
    digest: dict[str, str]
    name: str


class ImageRecord(msgspec.Struct, frozen=True):
    """``image.built``.

    Attributes:
        digest: of the root.
        platforms: platform to digest of its manifest.
        layout: folder with the bytes on this machine.
        builder: name and version of the tool.
        materials: base images and tools.
        warnings: sentences for a person.
        started: RFC 3339.
        finished: RFC 3339.
    """

    digest: str
    platforms: dict[str, str]
    layout: str
    builder: str
    materials: tuple[MaterialRecord, ...]
    warnings: tuple[str, ...]
    started: str
    finished: str


class CatalogueRecord(msgspec.Struct, frozen=True):
    """``sbom.made``: see :class:`shipseal.sbom.interface.Catalogue`."""

    platform: str
    subject: str
    spdx: str
    spdx_size: int
    native: str
    packages: int
    tool: str
    cached: bool
    seconds: float
    incomplete: tuple[str, ...]


class ScanRecord(msgspec.Struct, frozen=True):
    """``scan.done``.

    Attributes:
        platform: whose.
        sbom: digest of the SBOM that was scanned.
        results: digest of the compact results in the evidence folder.
        raw: digest of the scanner's own report there.
        counts: severity to number of findings.
        scanner: name and version.
        choice: why this scanner.
    """

    platform: str
    sbom: str
    results: str
    raw: str
    counts: dict[str, int]
    scanner: str
    choice: str


class GateRecord(msgspec.Struct, frozen=True):
    """``gate.decided``.

    Attributes:
        outcome: ``pass``, ``fail``, ``undecided``.
        report: digest of the whole report in the evidence folder.
        summary: one line for a person.
        sboms: digests of the SBOMs that it is about, sorted.
        policy: digest of the policy that decided.
    """

    outcome: str
    report: str
    summary: str
    sboms: tuple[str, ...]
    policy: str


class OverrideRecord(msgspec.Struct, frozen=True):
    """``gate.overridden``: a person's decision to publish in spite of what the gate has just decided.

    Attributes:
        reason: why.
        person: who.
        until: RFC 3339; after that it overrides nothing.
        overrides: the gate's answers that it overrides: ``fail``, ``undecided``.
        findings: what stood in the way; a finding that is not among them refuses again.
    """

    reason: str
    person: str
    until: str
    overrides: tuple[str, ...]
    findings: tuple[str, ...]

    def lasts(self, now: datetime) -> bool:
        """Return whether it still overrides."""
        return now < parse_rfc3339(self.until)

    def sealed(self) -> BreakGlass:
        """Return it as it stands in a seal."""
        return BreakGlass(
            self.reason, self.person, parse_rfc3339(self.until), self.overrides, self.findings
        )

    @classmethod
    def of(cls, sealed: BreakGlass) -> "OverrideRecord":
        """Return the record that a seal holds."""
        until = rfc3339(sealed.until)
        return cls(sealed.reason, sealed.person, until, sealed.overrides, sealed.findings)


class StatementRecord(msgspec.Struct, frozen=True):
    """``statement.made``: one statement, not signed yet; its bytes lie in the evidence folder.

    Attributes:
        key: its name within the release: ``provenance``, ``sbom linux/amd64``, …
        family: ``provenance``, ``sbom``, ``scan``, ``seal``.
        platform: of a platform's own evidence; empty for what is about the index or all.
        predicate_type: URI.
        statement: digest of its bytes.
        size: of its bytes.
        subjects: digests that it is about, and is stored for.
        note: what a person should know (what a trim dropped); may be empty.
    """

    key: str
    family: str
    platform: str
    predicate_type: str
    statement: str
    size: int
    subjects: tuple[str, ...]
    note: str = ""


class EvidenceRecord(msgspec.Struct, frozen=True):
    """``evidence.signed``: one attestation.

    Attributes:
        key: its name within the release: ``provenance``, ``sbom linux/amd64``, …
        family: ``provenance``, ``sbom``, ``scan``, ``seal``.
        platform: of a platform's own evidence; empty for what is about the index or all.
        predicate_type: URI.
        statement: digest of the statement within: another statement needs another signature.
        bundle: digest of the bundle in the evidence folder.
        subjects: digests that it is stored for.
        adopted: whether an earlier runner signed it, of which this machine has no journal.
    """

    key: str
    family: str
    platform: str
    predicate_type: str
    statement: str
    bundle: str
    subjects: tuple[str, ...]
    adopted: bool = False


class PlacementRecord(msgspec.Struct, frozen=True):
    """``evidence.placed``: one bundle or artifact at one store.

    Attributes:
        key: of the evidence, or ``full sbom linux/amd64``.
        subject: digest that it is stored for.
        store: where.
        where: how to find it there.
        answer: the store's answer.
        content: digest of what was stored.
    """

    key: str
    subject: str
    store: str
    where: str
    answer: str
    content: str


class TagRecord(msgspec.Struct, frozen=True):
    """``tag.moved``, ``tag.kept``, ``tag.held``, ``tag.restored``, ``tag.stuck``: one tag at one target.

    Attributes:
        target: where.
        tag: which.
        digest: what it names now.
        before: what it named before; None for nothing.
        reason: a sentence.
    """

    target: str
    tag: str
    digest: str | None
    before: str | None
    reason: str = ""


class PromotionRecord(msgspec.Struct, frozen=True):
    """``promotion.began``: what every tag named at every target before the first one moved."""

    before: dict[str, dict[str, str | None]]


class DepartureRecord(msgspec.Struct, frozen=True):
    """``release.rolled-back``, ``release.reinstated``: tags left the release, or came back to it.

    Attributes:
        rollback: id of the rollback.
        at: RFC 3339.
        by: who.
        reason: why; may be empty.
        version: of the release that the tags name since; empty when it is not known.
        digest: of that release.
        tags: ``(target, tag)`` of each.
    """

    rollback: str
    at: str
    by: str
    reason: str
    version: str
    digest: str
    tags: tuple[tuple[str, str], ...]


class ClosedRecord(msgspec.Struct, frozen=True):
    """``release.closed``: how this run of the release ended. A later run may go on unless the status is ``done``.

    Attributes:
        status: ``done``, ``pending``, ``refused``, ``failed``, ``partly-promoted``.
        code: failure code; empty when there is none.
        message: what failed.
        hint: what to do.
        retryable: whether trying again may help.
        exit: exit status of the command.
        retry_after: seconds that the other side asked to wait; 0 when it did not.
    """

    status: str
    code: str = ""
    message: str = ""
    hint: str = ""
    retryable: bool = False
    exit: int = 0
    retry_after: float = 0.0


def to_data(record: msgspec.Struct) -> dict[str, Any]:
    """Return ``record`` as the ``data`` of an event.

    Raises:
        TypeError: it is no object, which is a defect of the caller.
    """
    value = msgspec.to_builtins(record)
    if not isinstance(value, dict):
        raise TypeError(f"{type(record).__name__} is no object")
    return value

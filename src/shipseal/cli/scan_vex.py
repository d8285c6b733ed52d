"""VEX of others in `shipseal scan`: believed when somebody who is trusted signed it."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal.cli.scan_found import Found
from shipseal.cli.scan_rules import ScanRules
from shipseal.cli.scan_wish import ATTESTED, ScanWish
from shipseal.cli.verify_places import opened_place, resolve_place, split_place
from shipseal.cli.verify_rules import Asked, RuleBook, rule_book
from shipseal.errors import ConfigError
from shipseal.ignores.vex.document import ImageNames
from shipseal.ignores.vex.matching import apply_vex
from shipseal.ignores.vex.names import image_name
from shipseal.oci import parse_digest
from shipseal.wiring.trust import open_trust
from shipseal.wiring.vex import VexSources, documents_beside, documents_in

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter

BESIDE = "attested"
"""In place of a file: what was attested for the image, and lies beside it."""


def with_vex(
    wish: ScanWish, rules: ScanRules, found: Found, clock: Clock, reporter: "Reporter"
) -> ScanRules:
    """Return the rules with what statements of others take out.

    Args:
        wish: what is asked for, and who is trusted.
        rules: what is decided by.
        found: what the scanner said.
        clock: time.
        reporter: hears what was believed, and which statements take out nothing, with why.

    Raises:
        AttestError: a file is not signed by anybody who is trusted, or is about another image.
        ConfigError: a file holds no VEX, or nobody is trusted.
    """
    subject = found.materials.subject
    names = tuple(filter(None, (image_name(subject.name),)))
    image = ImageNames(names, (subject.digest,) if subject.digest else ())
    read = _read(wish, image, clock)
    for why in read.refused:
        reporter.note(f"VEX beside the image does not count: {why}")
    findings = [finding for report in found.reports for finding in report.findings]
    result = apply_vex(read.believed, findings, image, rules.ignores)
    for document in read.believed:
        signer = f"signed by {document.signer}" if document.signer else "which nobody signed"
        reporter.note(f"VEX {document.source}, {signer}")
    for one in result.unmatched:
        reporter.note(f"VEX {one.document.source}: {one.statement.label}: no effect: {one.why}")
    first = 1 + max((rule.index for rule in rules.ignores), default=-1)
    return replace(rules, ignores=(*rules.ignores, *result.rules(first)))


def _read(wish: ScanWish, image: ImageNames, clock: Clock) -> VexSources:
    files = [file for file in wish.vex if str(file) != BESIDE]
    book = _book(wish)
    trust = open_trust(book.trust, os.environ, clock).trust if book else None
    read = documents_in(
        files, trust, digests=image.digests, accept_unsigned=wish.accept_unsigned_vex
    )
    if len(files) == len(wish.vex):
        return read
    if book is None or trust is None or not image.digests:
        raise ConfigError(
            f"--vex {BESIDE}: needs an image whose digest is known, and somebody who is trusted",
            hint="name a key, --trust or --config, and scan an image",
        )
    name, reference = split_place(wish.source.removeprefix(ATTESTED))
    with opened_place(name, book.hosts, clock) as target:
        found = resolve_place(target, reference)
        digests = dict.fromkeys((found, *map(parse_digest, image.digests)))
        beside = documents_beside(target, tuple(digests), trust)
    return VexSources((*read.believed, *beside.believed), beside.refused)


def _book(wish: ScanWish) -> RuleBook | None:
    trusted = wish.trusted
    if not trusted.given and wish.config is None:
        return None
    asked = Asked(
        keys=trusted.keys,
        types=(),
        config=None if trusted.policy else wish.config,
        policy=trusted.policy,
        who=trusted.who,
        trusted_root=trusted.trusted_root,
        offline=trusted.offline,
    )
    return rule_book(asked)

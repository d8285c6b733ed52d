"""VEX of others in `shipseal scan`: believed when somebody who is trusted signed it."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal.cli.scan_found import Found
from shipseal.cli.scan_rules import ScanRules
from shipseal.cli.scan_wish import ScanWish
from shipseal.cli.verify_rules import Asked, rule_book
from shipseal.ignores.vex.document import ImageNames
from shipseal.ignores.vex.matching import apply_vex
from shipseal.ignores.vex.names import image_name
from shipseal.wiring.trust import open_trust
from shipseal.wiring.vex import documents_in

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter
    from shipseal.attest.interface import Trust


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
    read = documents_in(
        wish.vex,
        _trust(wish, clock),
        digests=image.digests,
        accept_unsigned=wish.accept_unsigned_vex,
    )
    findings = [finding for report in found.reports for finding in report.findings]
    result = apply_vex(read.believed, findings, image, rules.ignores)
    for document in read.believed:
        signer = f"signed by {document.signer}" if document.signer else "which nobody signed"
        reporter.note(f"VEX {document.source}, {signer}")
    for one in result.unmatched:
        reporter.note(f"VEX {one.document.source}: {one.statement.label}: no effect: {one.why}")
    first = 1 + max((rule.index for rule in rules.ignores), default=-1)
    return replace(rules, ignores=(*rules.ignores, *result.rules(first)))


def _trust(wish: ScanWish, clock: Clock) -> "Trust | None":
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
    return open_trust(rule_book(asked).trust, os.environ, clock).trust

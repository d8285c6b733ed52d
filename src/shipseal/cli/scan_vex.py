"""VEX of others in `shipseal scan`: what the configuration names, and what the command line adds to it."""

import os
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal.cli.scan_found import Found
from shipseal.cli.scan_rules import ScanRules
from shipseal.cli.scan_wish import ATTESTED, ScanWish
from shipseal.cli.verify_places import opened_place, resolve_place, split_place
from shipseal.cli.verify_rules import Asked, RuleBook, rule_book
from shipseal.errors import ConfigError
from shipseal.ignores.vex.document import ImageNames, Statements
from shipseal.ignores.vex.names import image_names
from shipseal.oci import parse_digest
from shipseal.wiring.trust import open_trust
from shipseal.wiring.vex import VexSources, documents_beside, documents_in
from shipseal.wiring.vex_documents import tell_documents

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter

BESIDE = "attested"
"""In place of a file: what was attested for the image, and lies beside it."""


def statements_of_others(
    wish: ScanWish, rules: ScanRules, found: Found, clock: Clock, reporter: "Reporter"
) -> Statements:
    """Return what is believed of others, and the image that it is held against.

    Args:
        wish: what is asked for, and who is trusted.
        rules: what is decided by, with the documents of the configuration.
        found: what the scanner said.
        clock: time.
        reporter: hears of what was believed on the command line.

    Raises:
        AttestError: a file is not signed by anybody who is trusted, or is about another image.
        ConfigError: a file holds no VEX, or nobody is trusted.
    """
    subject = found.materials.subject
    digests = (subject.digest, *found.materials.digests) if subject.digest else ()
    image = image_names(found.materials.called, digests)
    if not wish.vex:
        return Statements(rules.vex, image)
    read = _read(wish, image, clock)
    for why in read.refused:
        reporter.note(f"VEX beside the image does not count: {why}")
    tell_documents(read.believed, reporter)
    return Statements((*rules.vex, *read.believed), image)


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

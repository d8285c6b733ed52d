"""`shipseal scan attested:IMAGE`: the SBOMs that were attested for an image, once they are verified as `verify` does.

The full document is preferred to a trimmed one, which has not all that a scanner needs: it lies beside the image, and
its digest is signed with the trimmed one.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal._internal.durable import disk_errors
from shipseal._internal.leftovers import scratch_folder
from shipseal._internal.progress import Reporter
from shipseal.cli.scan_material import Complete, Material, Materials, empty_reasons
from shipseal.cli.scan_rules import ScanRules
from shipseal.cli.scan_wish import ATTESTED, ScanWish
from shipseal.cli.verify_places import PREFIX, opened_place, resolve_place, split_place
from shipseal.cli.verify_rules import Asked, RuleBook, rule_book
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.evidence.artifacts import find_artifacts
from shipseal.evidence.collect import collect
from shipseal.evidence.interface import Collected
from shipseal.intoto.predicates import REFERENCE_V01, Family
from shipseal.oci import Digest, PlatformImage, digest_of
from shipseal.oci import media_types as mt
from shipseal.registry.interface import Target
from shipseal.report.interface import ScanSubject
from shipseal.scan.interface import ScanReport
from shipseal.scan.origin import base_layers, with_origins
from shipseal.scan.read_inventory import read_inventory
from shipseal.scan.sbom_file import SBOM_FILE
from shipseal.verify.decide import decide
from shipseal.verify.policy import check_policy
from shipseal.verify.sbom_view import SbomView, sbom_in
from shipseal.verify.verdict import ItemCheck
from shipseal.verify.weigh import Genuine, genuine, weigh_all
from shipseal.wiring.bases import known_base, said_base
from shipseal.wiring.evidence import own_sources
from shipseal.wiring.sboms import connector
from shipseal.wiring.trust import open_trust

_HINT = "`shipseal verify --type sbom` with the same words explains it; scan the image itself to make a new SBOM"


@contextmanager
def attested(
    wish: ScanWish, rules: ScanRules, clock: Clock, reporter: Reporter
) -> Iterator[Materials]:
    """Give the attested SBOMs of an image for the time of a ``with`` block.

    Args:
        wish: what is asked for, and who is trusted.
        rules: not used beyond the configuration, which may say who is trusted.
        clock: for waiting, and what time it is.
        reporter: hears what was believed.

    Raises:
        AttestError: nothing that counts is there.
        ConfigError: nobody is trusted, or a file is wrong.
        ShipsealError: the image could not be reached.
    """
    text = wish.source.removeprefix(ATTESTED)
    if wish.trusted.offline and not text.startswith(PREFIX):
        raise ConfigError(
            f"{text}: lies in a registry, which cannot be reached with --offline",
            hint="name an OCI layout with the image and its evidence: attested:oci:DIR",
        )
    book = _rules(wish)
    trust = open_trust(book.trust, os.environ, clock).trust
    check_policy(book.policy, trust)
    name, reference = split_place(text)
    with opened_place(name, book.hosts, clock) as target, scratch_folder("attested") as work:
        digest = resolve_place(target, reference)
        collected = collect(target, digest, stores=own_sources(target))
        refuse_unverified(decide(book.policy, [collected], trust, now=clock.now()).checks)
        found = genuine(weigh_all([collected], trust)[collected.target])
        proof = _Proof(
            collected, {key[0]: items for key, items in found.items() if key[1] is Family.SBOM}
        )
        shelf = _Shelf(target, work)
        made = [shelf.material(wish, clock, proof, image) for image in _images(wish, collected)]
        for _, note in made:
            reporter.note(note)
        subject = ScanSubject(
            wish.source, "attested", name, _tag(reference), digest, wish.base or ""
        )
        yield Materials(
            subject,
            tuple(item for item, _ in made),
            tuple(note for _, note in made),
            tuple(str(image.digest) for image in _images(wish, collected)),
        )


def _rules(wish: ScanWish) -> RuleBook:
    trusted = wish.trusted
    asked = Asked(
        keys=trusted.keys,
        types=(str(Family.SBOM),),
        config=None if trusted.policy else wish.config,
        policy=trusted.policy,
        who=trusted.who,
        trusted_root=trusted.trusted_root,
        offline=trusted.offline,
    )
    book = rule_book(asked)
    one = wish.one_platform
    return replace(book, policy=replace(book.policy, platforms=(one,))) if one else book


def refuse_unverified(checks: tuple[ItemCheck, ...]) -> None:
    """Refuse what `shipseal verify` would refuse.

    An index's own SBOM is not scanned, so it is not asked for: each platform's must count.

    Raises:
        AttestError: with the code of the first that does not count.
    """
    wanted = [check for check in checks if check.platform != "index"]
    failed = [check for check in wanted if not check.passed]
    if not failed and wanted:
        return
    first = failed[0] if failed else None
    raise AttestError(
        first.standing.code if first else Code.ATTEST_MISSING,
        "attested SBOM: "
        + (
            "; ".join(_told(check) for check in failed)
            or "nothing was asked for, so nothing counts"
        ),
        hint=_HINT,
    )


def _told(check: ItemCheck) -> str:
    expected = f", expected {check.expected}" if check.expected else ""
    return f"{check.platform} {check.subject}: {check.standing}{expected}, got {check.got or 'nothing'}"


def _images(wish: ScanWish, collected: Collected) -> tuple[PlatformImage, ...]:
    one = wish.one_platform
    return tuple(
        image for image in collected.image.platforms if one is None or image.platform == one
    )


def _tag(reference: str) -> str:
    return "" if ":" in reference else reference


@dataclass(frozen=True, slots=True)
class _Proof:
    """What was verified: SBOM statements by their subject."""

    collected: Collected
    sboms: Mapping[Digest, tuple[Genuine, ...]]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where documents come from, and where they are put."""

    target: Target
    work: Path

    def material(
        self, wish: ScanWish, clock: Clock, proof: _Proof, image: PlatformImage
    ) -> tuple[Material, str]:
        """Return a platform's SBOM, and who vouches for it."""
        for one in proof.sboms.get(image.digest, ()):
            view = _view(one)
            if view is None or image.digest not in view.subjects:
                continue
            data, kind = self._document(image.digest, one, view)
            if data is None:
                continue
            path = self.work / f"{image.digest.replace(':', '-')}.json"
            with disk_errors(path, needed=len(data)):
                path.write_bytes(data)
            read = read_inventory(path)
            item = Material(
                platform=image.platform,
                sbom=path,
                digest=digest_of(data),
                inventory=read.inventory,
                incomplete=empty_reasons(read.inventory),
                complete=_complete(wish, clock, proof.collected, image),
            )
            return item, f"{image.platform}: {kind} SBOM, signed by {one.verified.signer}"
        raise AttestError(
            Code.ATTEST_MISSING,
            f"attested SBOM of {image.platform} {image.digest}: its document is not at {self.target.name}",
            hint=_HINT,
        )

    def _document(self, subject: Digest, one: Genuine, view: SbomView) -> tuple[bytes | None, str]:
        """Return the full document, whose digest is signed; else the one in the statement; else nothing."""
        statement = one.verified.statement
        inside = None if statement.predicate_type == REFERENCE_V01 else statement.predicate
        if inside is not None and digest_of(inside) in view.full:
            return inside, "full"
        for artifact in find_artifacts(self.target, subject, mt.SPDX_JSON):
            blob = artifact.content
            if blob.digest in view.full and blob.size <= SBOM_FILE.size:
                return b"".join(self.target.open_blob(blob)), "full"
        return inside, "trimmed"


def _view(one: Genuine) -> SbomView | None:
    try:
        return sbom_in(one.verified.statement)
    except AttestError:
        return None


def _complete(wish: ScanWish, clock: Clock, collected: Collected, image: PlatformImage) -> Complete:
    def complete(report: ScanReport) -> ScanReport:
        text = wish.base or said_base(collected.image, image)
        connect = connector(wish.config, clock)
        base = known_base(text, Path.cwd(), connect, image.platform) if text else None
        return with_origins(report, base_layers(image, base))

    return complete

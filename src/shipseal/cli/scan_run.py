"""`shipseal scan`: from words to an overview: what is scanned, by whom, and what the gate says of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal.cli.scan_found import Found, overview_of
from shipseal.cli.scan_material import Material, Materials, sbom_file, unpacked
from shipseal.cli.scan_rules import ScanRules, rules_of
from shipseal.cli.scan_wish import ATTESTED, SBOM, ScanWish
from shipseal.errors import ScanError, ShipsealError
from shipseal.report.entries import entries_of
from shipseal.report.interface import ScanOverview
from shipseal.scan.database_age import check_age
from shipseal.scan.engine import Engine
from shipseal.scan.interface import DatabasePolicy, Scanner, ScanReport
from shipseal.scan.read_request import ReadRequest
from shipseal.wiring.advice import advise
from shipseal.wiring.scan_engines import EngineWish, engines_for

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter

_HINT = "fetch newer data (shipseal db update, grype db update), or allow older with --max-age"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan came to.

    Attributes:
        overview: for every output.
        problem: what the command ends with after its outputs are written; None when it ends well.
    """

    overview: ScanOverview
    problem: ShipsealError | None = None


def scan(wish: ScanWish, clock: Clock, reporter: "Reporter") -> Scanned:
    """Scan what is asked for, and hold it against the gate where one is asked.

    Args:
        wish: what is asked for.
        clock: where the time comes from.
        reporter: hears of progress, and takes sentences for people.

    Raises:
        ConfigError: what is asked for cannot be.
        ShipsealError: it could not be read, catalogued or scanned.
    """
    rules = rules_of(wish, reporter)
    found = look(wish, rules, clock, reporter)
    if _waived(found, rules.engine):
        reporter.note(
            "the age of Grype's database is not looked at: GRYPE_DB_VALIDATE_AGE is false"
        )
    if rules.policy is None:
        if found.stale is not None:
            reporter.note(found.stale.message)
        entries = entries_of(found.reports, advise=advise)
        return Scanned(overview_of(found, entries, now=clock.now(), only=wish.only))
    vex = None
    if wish.vex or rules.vex:
        from shipseal.cli.scan_vex import statements_of_others  # noqa: PLC0415 - only where there is any

        vex = statements_of_others(wish, rules, found, clock, reporter)
    from shipseal.cli.scan_verdict import judged  # noqa: PLC0415 - only where something is decided

    return Scanned(*judged(wish, rules, found, clock.now(), vex))


def look(wish: ScanWish, rules: ScanRules, clock: Clock, reporter: "Reporter") -> Found:
    """Scan what is asked for, and decide nothing.

    Args:
        wish: what is asked for.
        rules: who scans.
        clock: where the time comes from.
        reporter: hears of progress, and takes sentences for people.

    Raises:
        ShipsealError: it could not be read, catalogued or scanned.
    """
    with _materials(wish, rules, clock, reporter) as materials:
        return _found(materials, rules, clock, listed=_lists_packages(wish))


@contextmanager
def _materials(
    wish: ScanWish, rules: ScanRules, clock: Clock, reporter: "Reporter"
) -> Iterator[Materials]:
    """Give what is scanned; what an image needs is not imported for a file."""
    if wish.source.startswith(SBOM):
        path = Path(wish.source.removeprefix(SBOM))
        with sbom_file(path, wish.source, wish.one_platform) as materials:
            yield materials
    elif wish.source.startswith(ATTESTED):
        from shipseal.cli.scan_attested import attested  # noqa: PLC0415

        with attested(wish, rules, clock, reporter) as materials:
            yield materials
    else:
        from shipseal.cli.scan_image import catalogued  # noqa: PLC0415

        with catalogued(wish, rules, clock, reporter) as materials:
            yield materials


def _lists_packages(wish: ScanWish) -> bool:
    return any(output.format == "cyclonedx" for output in wish.outputs)


def _found(materials: Materials, rules: ScanRules, clock: Clock, *, listed: bool) -> Found:
    engines = engines_for(rules.engine, os.environ, clock)
    scanner, *others = engines.scanners
    reports = tuple(_report(scanner, item) for item in materials.items)
    found = Found(
        materials=materials,
        reports=reports,
        choice=engines.reason,
        stale=_stale(reports, rules.engine, clock),
        packages=tuple(one.package for item in materials.items for one in item.inventory.packages)
        if listed
        else (),
    )
    return _with_other(found, others[0], rules, clock) if others else found


def _with_other(found: Found, scanner: Scanner, rules: ScanRules, clock: Clock) -> Found:
    """Let a second scanner look at the same: what either found counts."""
    from shipseal.cli.scan_both import compared  # noqa: PLC0415 - rarely asked for

    others = tuple(_report(scanner, item) for item in found.materials.items)
    reports, comparison = compared(found.reports, others)
    stale = found.stale or _stale(others, rules.engine, clock)
    return replace(found, reports=reports, comparison=comparison, stale=stale)


def _report(scanner: Scanner, item: Material) -> ScanReport:
    with unpacked(item) as plain:
        request = ReadRequest(
            item.platform, plain, item.digest, item.native, inventory=item.inventory
        )
        return item.complete(scanner.scan(request))


def _waived(found: Found, wish: EngineWish) -> bool:
    """Return whether Grype's data counts whatever its age, as Grype itself was told."""
    used = found.comparison or any(one.scanner == Engine.GRYPE for one in found.reports)
    return bool(used) and wish.grype_any_age


def _stale(reports: tuple[ScanReport, ...], wish: EngineWish, clock: Clock) -> ScanError | None:
    """Return why the data cannot be decided with: findings in it are shown all the same."""
    for report in reports:
        age = None if wish.grype_any_age and report.scanner == Engine.GRYPE else wish.max_age
        try:
            check_age(report.database, DatabasePolicy(age), clock.now(), hint=_HINT)
        except ScanError as error:
            return error
    return None

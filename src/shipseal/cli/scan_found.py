"""What the scanner of `shipseal scan` said, and the overview that is made of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shipseal import __version__
from shipseal.cli.scan_material import Materials
from shipseal.errors import ScanError
from shipseal.report.entries import of_origin, platform_name
from shipseal.report.interface import ComparisonView, FindingEntry, GateView, ScanOverview
from shipseal.scan.interface import Package, ScanReport

_ORIGINS = {"app": "application", "base": "base"}


@dataclass(frozen=True, slots=True)
class Found:
    """What the scanner said, before anything is decided.

    Attributes:
        materials: what was scanned.
        reports: one for each of them.
        choice: why this engine.
        stale: why the data is too old to decide with; None when it is not.
        notes: what a person should know, a sentence each.
        packages: all that were looked up, where an output lists them.
        comparison: where two scanners differ; None where one scanned.
    """

    materials: Materials
    reports: tuple[ScanReport, ...]
    choice: str
    stale: ScanError | None = None
    notes: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()
    comparison: ComparisonView | None = None

    def incomplete_by_name(self) -> tuple[tuple[str, str], ...]:
        """Return why the catalogues may not be whole: the name by which a policy accepts it, and a sentence."""
        return tuple(
            (
                reason.partition(": ")[0],
                f"{platform_name(item.platform)}: {reason}".removeprefix(": "),
            )
            for item in self.materials.items
            for reason in item.incomplete
        )


def overview_of(
    found: Found,
    entries: tuple[FindingEntry, ...],
    *,
    now: datetime,
    only: str | None = None,
    gate: GateView | None = None,
) -> ScanOverview:
    """Return the overview.

    Args:
        found: what the scanner said.
        entries: findings, judged where something was to be decided.
        now: when.
        only: ``app`` or ``base``: what is shown.
        gate: what was decided.
    """
    notes = [*found.notes, *found.materials.notes]
    if found.stale is not None:
        notes.append(found.stale.message)
    for report in found.reports:
        notes += [
            f"{platform_name(report.platform)}: {text}".removeprefix(": ")
            for text in (*report.gaps, *report.notes)
        ]
    if gate is not None:
        notes += [*gate.over, *(item.text for item in gate.without_effect)]
    shown = entries
    if only is not None:
        shown = of_origin(entries, _ORIGINS[only])
        notes.append(f"only {only} is shown; {len(entries) - len(shown)} finding(s) are not")
    return ScanOverview(
        subject=found.materials.subject,
        reports=found.reports,
        entries=shown,
        made=now,
        version=__version__,
        choice=found.choice,
        databases=_once(report.database.text(now) for report in found.reports),
        gate=gate,
        incomplete=tuple(text for _, text in found.incomplete_by_name()),
        notes=_once(notes),
        packages=found.packages,
        comparison=found.comparison,
    )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))

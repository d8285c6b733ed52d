"""How SBOM results are shown to people."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal.cli.columns import Column
from shipseal.cli.output import print_table, say, size_text
from shipseal.sbom.compare import Change, Comparison
from shipseal.sbom.size import SizeReport, StoreFit
from shipseal.sbom.store_limits import StoreLimit
from shipseal.spdx import Step, TrimResult

if TYPE_CHECKING:
    from shipseal.cli.sbom_generate import Outcome  # what makes SBOMs is slow to import

_SIZE = Column("size", right=True)


def print_outcome(outcome: "Outcome") -> None:
    """Print one line for each platform and where its files are."""
    rows = [
        (
            str(item.catalogue.platform),
            str(item.catalogue.packages),
            size_text(item.spdx.size),
            "cached" if item.catalogue.cached else f"{item.catalogue.seconds:.1f} s",
            str(item.spdx.path),
        )
        for item in outcome.sboms
    ]
    title = " ".join(part for part in (outcome.name, outcome.version, outcome.digest) if part)
    columns = (
        "platform",
        Column("packages", right=True),
        _SIZE,
        Column("time", right=True),
        "SPDX",
    )
    print_table(columns, rows, title=f"{title}, by {outcome.tool}")
    if outcome.index:
        say(f"index: {outcome.index.path}")


def print_trim(result: TrimResult, *, target: Path, limit: int, size: int) -> None:
    """Print what was dropped, and whether it fits now."""
    rows = [
        (str(item.step), item.section, str(item.count or ""), size_text(item.size))
        for item in result.dropped
    ]
    columns = ("step", "dropped", Column("items", right=True), _SIZE)
    print_table(
        columns,
        rows,
        title=f"{size_text(size)} to {size_text(result.size)}, limit {size_text(limit)}",
    )
    if not result.fits:
        return
    if not result.dropped:
        say(f"{target}: fits as it is ({size_text(size)} of {size_text(limit)})")
        return
    say(
        f"{target}: fits ({size_text(result.size)} of {size_text(limit)}); the full SBOM is {result.full}"
    )
    if result.overlaps_dropped:
        say(
            "ownership by overlap is gone: scan the full SBOM, scanners report some packages twice from this one"
        )


def print_comparison(found: Comparison) -> None:
    """Print every package that differs, and how the sections grew."""
    rows = [
        *(_change_row("added", change) for change in found.added),
        *(_change_row("removed", change) for change in found.removed),
        *(_change_row("changed", change) for change in found.changed),
    ]
    print_table(("change", "package", "type", "old", "new"), rows)
    say(
        f"{len(found.added)} added, {len(found.removed)} removed, {len(found.changed)} changed, {found.same} the same"
    )
    sections = [
        (growth.section, size_text(growth.old), size_text(growth.new), _signed(growth.delta))
        for growth in found.sections
        if growth.delta
    ]
    if sections:
        sections.append(
            (
                "total",
                size_text(found.old_size),
                size_text(found.new_size),
                _signed(found.new_size - found.old_size),
            )
        )
        growth = [Column(name, right=True) for name in ("old", "new", "growth")]
        print_table((Column("section"), *growth), sections)


def _change_row(kind: str, change: Change) -> tuple[str, ...]:
    return (kind, change.name, change.type, ", ".join(change.old), ", ".join(change.new))


def _signed(size: int) -> str:
    return f"{'+' if size > 0 else '-' if size < 0 else ''}{size_text(abs(size))}"


def print_size(report: SizeReport, *, top: int) -> None:
    """Print where the bytes are: sections, packages, layers, and what each store would need to go."""
    right = [Column(name, right=True) for name in ("items", "size", "share")]
    rows = [
        (item.name, str(item.count or ""), size_text(item.size), _share(item.size, report.size))
        for item in report.sections
    ]
    print_table(("section", *right), rows, title=f"{size_text(report.size)} ({report.size} bytes)")
    packages = [
        (
            item.name,
            item.version,
            str(item.files),
            size_text(item.size),
            _share(item.size, report.size),
        )
        for item in report.packages[:top]
    ]
    say()
    print_table(("package", "version", Column("files", right=True), *right[1:]), packages)
    _print_layers(report)
    say()
    print_table(
        ("store", Column("limit", right=True), "verdict"),
        [
            (fit.limit.store, size_text(fit.limit.predicate or 0), _verdict(fit))
            for fit in report.stores
        ],
    )


def _print_layers(report: SizeReport) -> None:
    if any(item.digest for item in report.layers):
        numbers = [Column(name, right=True) for name in ("packages", "size", "share")]
        columns = (Column("layer", right=True), Column("diff-id"), *numbers)
        rows = [
            (
                str(item.number or "-"),
                item.digest or "unknown",
                str(item.packages),
                size_text(item.size),
                _share(item.size, report.size),
            )
            for item in report.layers
        ]
        say()
        print_table(columns, rows)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _verdict(fit: StoreFit) -> str:
    if not fit.fits:
        return f"too large: {size_text(fit.size)} when all is trimmed; attested by reference"
    if not fit.dropped:
        return "fits as it is"
    gone = [step for step in fit.dropped if step != Step.COMPACT]
    return f"fits in {size_text(fit.size)} " + (
        f"without {', '.join(gone)}" if gone else "when compact"
    )


def print_limits(limits: Sequence[StoreLimit]) -> None:
    """Print the table of limits with their sources."""
    columns = (
        "store",
        "limit",
        _SIZE,
        "of the",
        Column("SBOM at most", right=True),
        "verified",
        "read",
        "source",
    )
    rows = [
        (
            item.store,
            item.name,
            size_text(item.size),
            str(item.counts),
            size_text(item.predicate) if item.predicate is not None else "any",
            "yes" if item.verified else "no",
            item.read.isoformat(),
            item.source,
        )
        for item in limits
    ]
    print_table(columns, rows)
    for item in limits:
        if item.note:
            say(f"{item.store}: {item.note}")

"""The scan of a release as pages beside its results: HTML for people, SARIF for code scanning."""

import msgspec

from shipseal import __version__
from shipseal._internal.durable import write_atomic
from shipseal.build.interface import BuiltImage
from shipseal.errors import Code
from shipseal.gate.report import GateReport
from shipseal.gate.views import gate_view, judgements
from shipseal.release.context import Context
from shipseal.report.entries import entries_of
from shipseal.report.html import html_page
from shipseal.report.interface import ScanOverview, ScanSubject
from shipseal.report.sarif import sarif_document

HTML = "scan-results.html"
SARIF = "scan-results.sarif"


def write_pages(
    ctx: Context, built: BuiltImage, gate: GateReport, choice: str, missing: tuple[str, ...]
) -> None:
    """Write both pages.

    Args:
        ctx: the release.
        built: its image.
        gate: the decision over all platforms.
        choice: why this scanner.
        missing: reasons why a catalogue cannot be trusted to be whole.

    Raises:
        ShipsealError: they cannot be written.
    """
    overview = ScanOverview(
        subject=ScanSubject(
            text=f"release {ctx.request.version}",
            kind="image",
            name=ctx.image_name,
            version=ctx.request.version,
            digest=built.image.digest,
        ),
        reports=gate.reports,
        entries=entries_of(gate.reports, judgements(gate), ctx.parts.advise),
        made=gate.decided,
        version=__version__,
        choice=choice,
        databases=tuple(
            dict.fromkeys(report.database.text(gate.decided) for report in gate.reports)
        ),
        gate=gate_view(gate, missing, Code.SBOM_INCOMPLETE if missing else None),
        incomplete=missing,
        notes=tuple(
            dict.fromkeys(
                f"{report.platform}: {text}"
                for report in gate.reports
                for text in (*report.gaps, *report.notes)
            )
        ),
    )
    results = ctx.folder / "results"
    write_atomic(results / HTML, html_page(overview, ctx.parts.later).encode())
    write_atomic(results / SARIF, msgspec.json.encode(sarif_document(overview)))

"""`shipseal scan -o FORMAT[=FILE]`: each output is made by its own module, which only that output imports."""

import sys
from collections.abc import Callable, Mapping, Sequence

from shipseal.cli.scan_wish import Output
from shipseal.report.interface import ScanOverview


def write_outputs(
    overview: ScanOverview, outputs: Sequence[Output], *, passed: bool = True
) -> None:
    """Write every output: files first, each whole or not at all; then what goes to standard output.

    Args:
        overview: what to write.
        outputs: in which formats, and where to.
        passed: whether a table lists what does not stand in the way.

    Raises:
        ShipsealError: a file cannot be written.
    """
    from shipseal._internal.redact import redact  # noqa: PLC0415

    for output in sorted(outputs, key=lambda output: output.file is None):
        if output.file is None and output.format == "table":
            from shipseal.cli.scan_table import print_overview  # noqa: PLC0415 - only where it is asked for

            print_overview(overview, passed=passed)
            continue
        text = redact(_RENDERERS[output.format](overview))
        if output.file is None:
            sys.stdout.write(text)
            continue
        from shipseal._internal.durable import write_output  # noqa: PLC0415 - as above

        write_output(output.file, text.encode())


def _json(overview: ScanOverview) -> str:
    from shipseal.cli.scan_document import scan_document  # noqa: PLC0415 - as above

    return _encoded(scan_document(overview))


def _grype(overview: ScanOverview) -> str:
    from shipseal.report.grype_json import grype_document  # noqa: PLC0415 - as above

    return _encoded(grype_document(overview))


def _sarif(overview: ScanOverview) -> str:
    from shipseal.report.sarif import sarif_document  # noqa: PLC0415 - as above

    return _encoded(sarif_document(overview))


def _cyclonedx(overview: ScanOverview) -> str:
    from shipseal.report.cyclonedx import cyclonedx_document  # noqa: PLC0415 - as above

    return _encoded(cyclonedx_document(overview))


def _vuln(overview: ScanOverview) -> str:
    from shipseal.report.vuln import vuln_document  # noqa: PLC0415 - as above

    return _encoded(vuln_document(overview))


def _html(overview: ScanOverview) -> str:
    from shipseal.report.html import html_page  # noqa: PLC0415 - as above
    from shipseal.wiring.versions import later  # noqa: PLC0415

    return html_page(overview, later)


def _markdown(overview: ScanOverview) -> str:
    from shipseal.report.scan_markdown import scan_markdown  # noqa: PLC0415 - as above
    from shipseal.wiring.versions import later  # noqa: PLC0415

    return scan_markdown(overview, later)


def _table(overview: ScanOverview) -> str:
    from shipseal.cli.scan_table import table_text  # noqa: PLC0415 - as above

    return table_text(overview)


def _encoded(document: object) -> str:
    import msgspec  # noqa: PLC0415 - as above

    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


_RENDERERS: Mapping[str, Callable[[ScanOverview], str]] = {
    "json": _json,
    "grype-json": _grype,
    "sarif": _sarif,
    "cyclonedx": _cyclonedx,
    "vuln": _vuln,
    "markdown": _markdown,
    "html": _html,
    "table": _table,
}

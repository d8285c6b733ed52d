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
        from shipseal._internal.durable import write_atomic  # noqa: PLC0415 - as above

        write_atomic(output.file, text.encode())


def _json(overview: ScanOverview) -> str:
    import msgspec  # noqa: PLC0415 - as above

    from shipseal.cli.scan_document import scan_document  # noqa: PLC0415

    data = msgspec.json.encode(scan_document(overview))
    return msgspec.json.format(data, indent=1).decode() + "\n"


_RENDERERS: Mapping[str, Callable[[ScanOverview], str]] = {
    "json": _json,
}

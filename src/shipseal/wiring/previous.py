"""What new findings are told by: a file that was named, or a release of this machine."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from shipseal._internal.limits import TOOL_OUTPUT, read_file
from shipseal.config.gate_model import Gate
from shipseal.errors import Code, ConfigError, ShipsealError
from shipseal.gate.previous import PastFinding, Previous
from shipseal.oci import parse_digest
from shipseal.release.folders import StateFolder
from shipseal.release.known import Known, all_known
from shipseal.release.previous import newest_done
from shipseal.scan.interface import ScanReport
from shipseal.scan.results_read import read_reports

_UNSTATED = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for times that nobody asks for."""


def since_configured(gate: Gate) -> Previous | None:
    """Return what ``gate.since`` names; None when it names nothing, or nothing asks for it.

    Raises:
        ConfigError: see :func:`since_file`.
    """
    return since_file(gate.since) if gate.since and gate.new_only else None


def since_file(path: Path) -> Previous:
    """Return what the scan in a file had.

    Raises:
        ConfigError: there is no such file, or it holds no results of a scan.
    """
    reports = reports_in(path, now=_UNSTATED)
    return Previous.of(path.name, _past(reports))


def reports_in(path: Path, *, now: datetime) -> tuple[ScanReport, ...]:
    """Return the reports in a file.

    Raises:
        ConfigError: there is no such file, or it holds no results of a scan.
    """
    try:
        data = read_file(path, TOOL_OUTPUT)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="name a file with results of a scan",
            context={"file": str(path)},
        ) from error
    return read_reports(data, what=str(path), now=now)


def reports_of(release: Known, state: StateFolder, *, now: datetime) -> tuple[ScanReport, ...]:
    """Return the kept results of a release, one for each platform.

    Raises:
        ConfigError: it was not scanned, or its results are not kept any more.
    """
    reports: list[ScanReport] = []
    for record in release.state.scans.values():
        try:
            data = state.blobs.read(parse_digest(record.results))
        except ShipsealError as error:
            raise ConfigError(
                f"release {release.identifier}: the results of its scan are not there any more: {error.message}",
                hint="scan the image again: shipseal scan",
                code=Code.CONFIG_INVALID,
            ) from error
        reports += read_reports(data, what=f"results of {record.platform}", now=now)
    return tuple(reports)


def earlier(state: StateFolder, image: str, version: str) -> Previous | None:
    """Return what the newest release of ``image`` on this machine had; None when there is none of another version."""
    found = newest_done(all_known(state), image, version)
    if found is None or found.state.plan is None:
        return None
    label = f"release {found.state.plan.version} ({found.identifier})"
    return Previous.of(label, _past(reports_of(found, state, now=_UNSTATED)))


def _past(reports: Iterable[ScanReport]) -> Iterable[PastFinding]:
    for report in reports:
        for finding in report.findings:
            yield PastFinding(
                platform=str(report.platform),
                ids=frozenset((finding.id, *finding.aliases)),
                type=finding.package.type,
                package=finding.package.name,
            )

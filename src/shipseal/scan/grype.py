"""Grype as scanner: one process per SBOM, with our own configuration and environment.

Grype reads ``.grype.yaml`` and ``GRYPE_*`` by itself, and one rule there can turn all matches into none; so it runs in
an empty folder, with a configuration file of ours and a clean environment. It is never given a threshold: what it says
is read from its JSON, and the gate decides. How it ended is told apart like this:

- a report on standard output, status 0 (or 2, its own threshold): the scan is done;
- 1: it could not work; what it said on standard error tells whether its database is missing or bad;
- 2 without a report: Go's status for a panic;
- 100: its database is not the newest.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec

from shipseal._internal.budget import Need
from shipseal._internal.clock import Clock, rfc3339
from shipseal._internal.durable import disk_errors
from shipseal._internal.leftovers import scratch_folder
from shipseal._internal.limits import CONFIG_FILE, MIB, read_limited
from shipseal._internal.process import ToolResult, find_tool, run_tool, tool_environment
from shipseal._internal.progress import Reporter, SilentReporter
from shipseal._internal.tool_words import DISK_FULL, OUT_OF_MEMORY
from shipseal._internal.turns import Errand, Turns, Waiting
from shipseal.errors import Code, ScanError, ShipsealError, ToolError
from shipseal.scan.database_age import check_age
from shipseal.scan.grype_json import (
    GrypeReport,
    GrypeVersion,
    built_at,
    database_of,
    decode_report,
    decode_status,
    findings_of,
    stated_version,
)
from shipseal.scan.interface import Database, DatabasePolicy, Scanner, ScanReport, ScanRequest
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.readiness import Readiness

URI = "https://github.com/anchore/grype"
_UPDATE_HINT = "run `grype db update`, or allow older data with scan.max_age in shipseal.yaml"
_INSTALL_HINT = "install Grype, name it with scan.grype, or set scan.engine: builtin"
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_STAMP = re.compile(r"^\[\d+\]\s+")
_PANIC = re.compile(r"^(panic: |fatal error: |runtime: |SIG[A-Z]+: )", re.MULTILINE)
_QUICK = 60.0
# Measured with Grype 0.121 (docs/performance.md); what it takes here is learned.
_LEAST_MEMORY = 128 * MIB
_MEMORY_PER_BYTE = 8
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class GrypeOptions:
    """How Grype is run.

    Attributes:
        binary: a path, or a name on PATH.
        cache_dir: where its database is (``GRYPE_DB_CACHE_DIR``); None for its own default.
        policy: how old the database may be.
    """

    binary: str = "grype"
    cache_dir: Path | None = None
    policy: DatabasePolicy = field(default_factory=DatabasePolicy)


class GrypeScanner(Scanner):
    """Scans SPDX documents with Grype.

    Args:
        options: see :class:`GrypeOptions`.
        clock: where the time comes from; the database's age is judged by it, not by Grype.
        reporter: hears of each scan, and now and then that it still runs.
        turns: the budget that runs share; default: no limit.
    """

    name = "grype"

    def __init__(
        self,
        options: GrypeOptions,
        clock: Clock,
        reporter: Reporter | None = None,
        *,
        turns: Turns | None = None,
    ) -> None:
        self._options = options
        self._reporter = reporter or SilentReporter()
        self._clock = clock
        self._turns = turns or Turns(clock=clock)
        self._lock = threading.Lock()
        self._version: str | None = None

    def scan(self, request: ScanRequest) -> ScanReport:
        """See :meth:`Scanner.scan`."""
        native = NativeCatalogue.read(request.native)
        started = self._clock.now()
        report, result = self._scanned(request)
        database = replace(
            database_of(report.status, _checksum_beside(report.status.path)),
            kev=report.captured("kev"),
            epss=report.captured("epss"),
        )
        check_age(database, self._options.policy, self._clock.now(), hint=_UPDATE_HINT)
        return ScanReport(
            platform=request.platform,
            sbom_digest=request.sbom_digest,
            scanner=self.name,
            scanner_version=report.version,
            scanner_uri=URI,
            database=database,
            findings=findings_of(report, native),
            started=started,
            finished=self._clock.now(),
            raw=result.stdout,
            notes=_notes(report, result),
        )

    def _scanned(self, request: ScanRequest) -> tuple[GrypeReport, ToolResult]:
        """Run Grype within the budget, and tell how long it takes."""
        progress = Waiting(self._turns.clock)
        transfer = self._reporter.transfer(f"scan {request.platform}", None, left=progress.left)
        arguments = [f"sbom:{request.sbom.absolute()}", "-o", "json"]
        try:
            errand = self._errand(request)
            with self._turns.turn(errand, self._reporter.note) as turn, progress.during(turn):
                limits = turn.environment()
                result = self._run(arguments, timeout=request.timeout, limits=limits)
                report = report_of(result)
                turn.used(peak=result.peak, seconds=result.seconds)
        finally:
            transfer.done()
        return report, result

    def _errand(self, request: ScanRequest) -> Errand:
        size = request.sbom.stat().st_size
        least = _LEAST_MEMORY + _MEMORY_PER_BYTE * size
        guess = Need(least, 2 * least, f"a guess from {size // MIB} MiB of SBOM")
        # Whoever chooses a scanner has asked for its version; it is not worth another process.
        return Errand(
            f"grype {self._version or 'unknown'}", f"scan {request.platform}", size, guess
        )

    def version(self) -> str:
        """Return Grype's version, ``unknown`` for a build without one; asked once.

        Raises:
            ToolError: ``tool.missing``, ``tool.crashed``.
        """
        with self._lock:
            if self._version is None:
                result = self._run(["version", "-o", "json"], timeout=_QUICK)
                try:
                    found = msgspec.json.decode(result.stdout, type=GrypeVersion)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    raise _crashed(result, "did not say its version") from error
                self._version = stated_version(found.version)
            return self._version

    def readiness(self) -> Readiness:
        """Return whether Grype is installed with a database that may be used, and why not; never raises for that."""
        try:
            version = self.version()
            result = self._run(["db", "status", "-o", "json"], timeout=_QUICK)
        except ShipsealError as error:
            return Readiness(False, error.message)
        status = decode_status(result.stdout)
        if status is None or status.error or not status.valid:
            reason = status.error if status and status.error else _last_line(result)
            return Readiness(False, f"grype {version} has no usable database: {reason}")
        built = built_at(status)
        try:
            check_age(
                Database(status.source or status.path, "", built, str(status.schemaVersion)),
                self._options.policy,
                self._clock.now(),
                hint=_UPDATE_HINT,
            )
        except ScanError as error:
            return Readiness(False, error.message, stale=True)
        return Readiness(True, f"grype {version} with {_database_text(built)}")

    def _run(
        self, arguments: list[str], *, timeout: float, limits: Mapping[str, str] | None = None
    ) -> ToolResult:
        binary = find_tool(self._options.binary, hint=_INSTALL_HINT).absolute()
        with scratch_folder("grype") as folder:
            config = folder / "grype.json"
            with disk_errors(config):
                config.write_bytes(msgspec.json.encode(self._config()))
            return run_tool(
                [binary, "-c", config, *arguments],
                timeout=timeout,
                env=tool_environment({"NO_COLOR": "1", **(limits or {})}),
                cwd=folder,
                waiting=self._waiting,
            )

    def _waiting(self, seconds: float) -> None:
        self._reporter.note(f"grype has been running for {seconds:.0f} s")

    def _config(self) -> Mapping[str, object]:
        """Return Grype's configuration (JSON is YAML): nothing ignored, nothing fetched, no age judged."""
        db: dict[str, object] = {
            "auto-update": False,
            "validate-age": False,
            "validate-by-hash-on-start": True,
        }
        if self._options.cache_dir is not None:
            db["cache-dir"] = str(self._options.cache_dir.absolute())
        return {"check-for-app-update": False, "ignore": [], "fail-on-severity": "", "db": db}


def report_of(result: ToolResult) -> GrypeReport:
    """Return the report of a run of Grype that has one.

    Raises:
        ScanError: ``scan.db-unavailable``, ``scan.db-stale``.
        ToolError: ``tool.crashed``, ``resource.out-of-memory``, ``resource.disk-full``.
    """
    report = decode_report(result.stdout)
    if report is not None and result.status in (0, 2):
        if report.status.error or not report.status.valid:
            raise _unavailable(str(report.status.error or "it is not valid"), result)
        return report
    raise _failure(result)


def _failure(result: ToolResult) -> ShipsealError:
    text = plain(result.stderr)
    if OUT_OF_MEMORY.search(text):
        return _tool_error(Code.OUT_OF_MEMORY, "ran out of memory", result)
    if DISK_FULL.search(text):
        return _tool_error(Code.DISK_FULL, "found no space left on the device", result)
    if result.status == 100:
        return ScanError(
            Code.DB_STALE,
            "grype: a newer vulnerability database is available",
            hint=_UPDATE_HINT,
            context=_context(result),
        )
    panic = _PANIC.search(text)
    if panic is not None:
        lines = text[panic.start() :].splitlines()[:_SHOWN_LINES]
        return _crashed(result, "crashed: " + " | ".join(line.strip() for line in lines if line))
    if "failed to load vulnerability db" in text or "database does not exist" in text:
        return _unavailable(_last_line(result), result)
    if result.status == 0:
        return _crashed(result, "ended well and printed no report")
    return _crashed(result, f"ended with status {result.status}: {_last_line(result)}")


def _unavailable(reason: str, result: ToolResult) -> ScanError:
    return ScanError(
        Code.DB_UNAVAILABLE,
        f"grype: no usable vulnerability database: {reason}",
        hint="run `grype db update` or `grype db import FILE`, or point GRYPE_DB_CACHE_DIR at one",
        context=_context(result),
    )


def _crashed(result: ToolResult, what: str) -> ToolError:
    return _tool_error(Code.TOOL_CRASHED, what, result)


def _tool_error(code: Code, what: str, result: ToolResult) -> ToolError:
    hints = {
        Code.OUT_OF_MEMORY: "give the job more memory, or scan fewer platforms at once",
        Code.DISK_FULL: "free some space and run the same command again",
    }
    return ToolError(
        code,
        f"grype: {what}",
        hint=hints.get(
            code, "run the same scan by hand; if it fails there too, report it to Grype"
        ),
        context=_context(result),
        retryable=code is not Code.TOOL_CRASHED,
    )


def _context(result: ToolResult) -> dict[str, str]:
    tail = "\n".join(plain(result.stderr).splitlines()[-20:])
    return {"tool": result.argv[0], "status": str(result.status), "stderr": tail}


def plain(text: str) -> str:
    """Return a tool's messages without colours and without its own clock."""
    return "\n".join(_STAMP.sub("", line) for line in _STYLE.sub("", text).splitlines())


def _last_line(result: ToolResult) -> str:
    lines = [line.strip() for line in plain(result.stderr).splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR ") if lines else "it said nothing"


def _notes(report: GrypeReport, result: ToolResult) -> tuple[str, ...]:
    notes = [
        "grype: " + line.removeprefix("WARN").strip()
        for line in plain(result.stderr).splitlines()
        if line.startswith("WARN")
    ]
    if report.ignoredMatches:
        notes.append(
            f"grype left out {len(report.ignoredMatches)} match(es) by its own rules for kernel headers, which hold "
            "no code that runs"
        )
    return tuple(dict.fromkeys(notes))


def _checksum_beside(path: str) -> str:
    """Return the checksum that Grype keeps beside its database (``import.json``), or nothing."""
    metadata = Path(path).parent / "import.json"
    if not path or not metadata.is_file():
        return ""
    with metadata.open("rb") as stream:
        data = read_limited(stream, CONFIG_FILE, what=str(metadata))
    try:
        digest = msgspec.json.decode(data, type=dict[str, object]).get("digest")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return digest if isinstance(digest, str) else ""


def _database_text(built: datetime | None) -> str:
    return f"a database built {rfc3339(built)}" if built else "a database of unknown age"

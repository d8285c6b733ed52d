"""Faults at home: tools, disks, memory and clocks.

Each group has a test module in ``tests/faults/home`` with one case for each key; a test holds keys and cases together.
"""

from collections.abc import Mapping, Sequence

from shipseal.errors import Code, Exit
from tests.faults.rows import Row


def _row(
    fault: str, step: str, outcome: str, code: Code | None, exit_: Exit, note: str = ""
) -> Row:
    return Row("home", fault, step, outcome, code, exit_, note)


def _survived(fault: str, step: str, note: str = "") -> Row:
    return _row(fault, step, "done", None, Exit.OK, note)


def _broken(fault: str, step: str, code: Code, note: str = "", *, pending: bool = False) -> Row:
    return _row(fault, step, "pending" if pending else "failed", code, Exit.OUTSIDE, note)


_THRICE = "three tries, with growing waits"
_CATALOGUE, _SCAN, _PREFLIGHT = "catalogue", "scan", "preflight"

SYFT: Mapping[str, Row] = {
    "missing": _broken("Syft is not there", _PREFLIGHT, Code.TOOL_MISSING),
    "no-program": _broken("Syft is a file that is no program", _PREFLIGHT, Code.TOOL_MISSING),
    "hangs": _broken(
        "Syft hangs",
        _CATALOGUE,
        Code.SBOM_TIMEOUT,
        f"{_THRICE}; with it ends all that it started",
        pending=True,
    ),
    "version-hangs": _broken(
        "Syft hangs when asked for its version", _PREFLIGHT, Code.TOOL_CRASHED, pending=True
    ),
    "killed": _broken(
        "Syft is killed by somebody", _CATALOGUE, Code.TOOL_CRASHED, _THRICE, pending=True
    ),
    "killed-once": _survived("Syft is killed by somebody, once", _CATALOGUE, "the second try"),
    "out-of-memory": _broken(
        "Syft says that memory ran out", _CATALOGUE, Code.OUT_OF_MEMORY, _THRICE, pending=True
    ),
    "disk-full": _broken(
        "Syft finds no space", _CATALOGUE, Code.DISK_FULL, "one try", pending=True
    ),
    "panic": _broken("Syft panics (status 2)", _CATALOGUE, Code.CATALOG_FAILED, "its own words"),
    "secret": _broken(
        "Syft complains with a password", _CATALOGUE, Code.CATALOG_FAILED, "taken out everywhere"
    ),
    **{
        key: _broken(f"Syft writes {what}", _CATALOGUE, Code.CATALOG_FAILED)
        for key, what in {
            "nothing": "no file",
            "empty": "empty files",
            "text": "text that is no JSON",
            "cut": "JSON that is cut short",
            "other": "another document",
            "deep": "JSON nested 200,000 levels",
            "huge": "a number of 5,000 digits",
            "binary": "bytes that are no text",
        }.items()
    },
    "endless": _broken(
        "Syft writes without end", _CATALOGUE, Code.TOOL_CRASHED, "ended at the limit of a document"
    ),
    "flood": _broken(
        "Syft complains without end", _CATALOGUE, Code.SBOM_TIMEOUT, "its end is kept", pending=True
    ),
    "version": _survived(
        "Syft's version is not one", _PREFLIGHT, "`syft unknown`; cached by the binary's digest"
    ),
}

GRYPE: Mapping[str, Row] = {
    "missing": _broken("Grype is not there", _PREFLIGHT, Code.TOOL_MISSING),
    "hangs": _broken("Grype hangs", _SCAN, Code.TOOL_CRASHED, "one try", pending=True),
    "killed": _broken("Grype is killed by somebody", _SCAN, Code.TOOL_CRASHED, pending=True),
    "out-of-memory": _broken(
        "Grype says that memory ran out (status 2)", _SCAN, Code.OUT_OF_MEMORY, pending=True
    ),
    "panic": _broken(
        "Grype panics (status 2)", _SCAN, Code.TOOL_CRASHED, "no report, so no verdict"
    ),
    "gate-status": _survived(
        "Grype ends with status 2 and a report", _SCAN, "the report counts, not the status"
    ),
    "secret": _broken(
        "Grype complains with a password", _SCAN, Code.TOOL_CRASHED, "taken out everywhere"
    ),
    **{
        key: _broken(f"Grype prints {what}", _SCAN, Code.TOOL_CRASHED)
        for key, what in {
            "nothing": "nothing",
            "text": "text that is no JSON",
            "cut": "a report that is cut short",
            "other": "another document",
            "deep": "JSON nested 200,000 levels",
            "huge": "a number of 5,000 digits",
            "binary": "bytes that are no text",
        }.items()
    },
    "endless": _broken(
        "Grype prints without end", _SCAN, Code.TOOL_CRASHED, "ended at the limit of a report"
    ),
    "invalid-database": _row(
        "Grype's database is damaged", _SCAN, "refused", Code.DB_UNAVAILABLE, Exit.UNDECIDED
    ),
    "version": _survived("Grype's version is not stated", _PREFLIGHT, "`unknown`"),
    "no-version": _broken("Grype prints no version at all", _PREFLIGHT, Code.TOOL_CRASHED),
}

_AGAIN = "with space, the same command ends as if nothing had been"

DISK: Mapping[str, Row] = {
    "state": _broken(
        "the disk is full, at each page and each file",
        "state folder: lock, journal, blobs, results",
        Code.DISK_FULL,
        _AGAIN,
        pending=True,
    ),
    "target": _broken(
        "the disk is full, at each page and each file",
        "layout target: blobs, index, tags",
        Code.DISK_FULL,
        f"{_AGAIN}; a tag that moved goes back, or the release is partly promoted",
        pending=True,
    ),
    "temporary": _broken(
        "the disk is full, at each page and each file",
        "temporary files",
        Code.DISK_FULL,
        _AGAIN,
        pending=True,
    ),
    "cache": _survived(
        "the disk is full, at each page and each file", "cache", "said; nothing is kept"
    ),
    "fsync": _broken(
        "the disk is full when data are made durable, at each time",
        "whole release",
        Code.DISK_FULL,
        _AGAIN,
        pending=True,
    ),
    "file-size": _broken(
        "no file may become that large (ulimit -f)",
        "state folder",
        Code.DISK_FULL,
        _AGAIN,
        pending=True,
    ),
    "key": _broken(
        "the disk is full, at each page and each file",
        "shipseal key generate",
        Code.DISK_FULL,
        "no half pair, no old key lost",
    ),
    "init": _broken(
        "the disk is full, at each page and each file",
        "shipseal init",
        Code.DISK_FULL,
        "no half file",
    ),
    "trim": _broken(
        "the disk is full, at each page and each file",
        "shipseal sbom trim",
        Code.DISK_FULL,
        "no half file",
    ),
    "outputs": _broken(
        "the disk is full", "outputs of a job", Code.DISK_FULL, "what other steps wrote stays whole"
    ),
    "stdout": _broken(
        "the disk is full",
        "standard output",
        Code.DISK_FULL,
        "the release is done; the same command prints it again",
    ),
}


def _unusable(fault: str, step: str, note: str = "") -> Row:
    return _row(fault, step, "failed", Code.CONFIG_INVALID, Exit.USAGE, note)


READ_ONLY: Mapping[str, Row] = {
    "state": _unusable("read-only", "state folder", "before anything is done"),
    "target": _unusable("read-only", "layout target", "before anything is uploaded"),
    "temporary": _unusable("read-only", "temporary files", "no other folder is taken in silence"),
    "cache": _survived("read-only", "cache", "said; nothing is kept"),
    "home": _survived("read-only", "home folder", "said; nothing is kept"),
    "state-later": _unusable("becomes read-only while it runs", "state folder"),
}

MEMORY: Mapping[str, Row] = {
    "group": _broken(
        "the kernel kills Syft at the control group's limit",
        _CATALOGUE,
        Code.OUT_OF_MEMORY,
        "the kernel's own count says so; the limit is named",
        pending=True,
    ),
    "real-syft": _broken(
        "the real Syft under `ulimit -v`", _CATALOGUE, Code.OUT_OF_MEMORY, "", pending=True
    ),
    "python": _broken(
        "shipseal itself under `ulimit -v`", _CATALOGUE, Code.OUT_OF_MEMORY, "", pending=True
    ),
}

MACHINE: Mapping[str, Row] = {
    "clock-jumps": _survived(
        "the clock jumps by hours and years, at every look", "whole release", "one look counts"
    ),
    "clock-hours": _survived("the clock was set by hours, either way", "resume", "nothing twice"),
    "clock-ahead": _row(
        "the clock was set years ahead",
        "resume, before the scan",
        "refused",
        Code.DB_STALE,
        Exit.UNDECIDED,
        "the data are older than allowed; set right, it goes on",
    ),
    "clock-back": _row(
        "the clock was set years back",
        "resume, before the scan",
        "refused",
        Code.DB_STALE,
        Exit.UNDECIDED,
        "the data are from the future; set right, it goes on",
    ),
    "epoch": _row(
        "SOURCE_DATE_EPOCH is no time",
        "before everything",
        "failed",
        Code.CONFIG_INVALID,
        Exit.USAGE,
    ),
    "no-home": _survived("HOME is a folder that cannot be", "whole release", "no cache; said"),
    "nobody": _survived(
        "a user without name and HOME", "whole release", "no cache; no folder named ~"
    ),
    "no-tmpdir": _unusable("TMPDIR is a folder that is not there", _PREFLIGHT, "before the build"),
    "stdin-closed": _survived("standard input is closed", "whole release"),
    "streams-closed": _survived("all standard streams are closed", "whole release"),
    "reader-left": _survived(
        "whoever reads the result has left (`| head`)", "whole release", "no complaint"
    ),
    "progress-left": _survived("whoever reads the progress has left", "whole release"),
    "progress-full": _survived("the disk for the progress is full", "whole release"),
    "locale": _survived("locale C, and names beyond ASCII", "whole release"),
    "long-path": _survived("a path of 2,500 characters", "whole release"),
    "too-long": _unusable("a name of 300 characters", "state folder", "before anything is done"),
    "other-disk": _survived("the state folder is on other disks", "twice in a row"),
}

IMAGE: Mapping[str, Row] = {
    "base-gone": _broken("the base image is gone (404)", "build", Code.IMAGE_NOT_FOUND),
    "base-layer-gone": _broken(
        "a layer of the base image is gone (404)", "build, after its manifest", Code.IMAGE_NOT_FOUND
    ),
    "blob-gone": _broken(
        "a blob of a prebuilt image is gone", "between build and upload", Code.IMAGE_NOT_FOUND
    ),
    "blob-gone-later": _broken(
        "a blob of a prebuilt image is gone",
        "resume",
        Code.IMAGE_NOT_FOUND,
        "said before it is built",
    ),
}

GROUPS: Mapping[str, Mapping[str, Row]] = {
    "syft": SYFT,
    "grype": GRYPE,
    "disk": DISK,
    "read-only": READ_ONLY,
    "memory": MEMORY,
    "machine": MACHINE,
    "image": IMAGE,
}
ROWS: Sequence[Row] = tuple(row for group in GROUPS.values() for row in group.values())

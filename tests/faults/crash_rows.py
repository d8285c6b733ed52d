"""Crashes: a release that is killed, and goes on.

Every row has a key, and a test in ``tests/faults/crash`` that says with ``proves`` which rows it produces; a test holds
both together.
"""

from collections.abc import Mapping, Sequence

from shipseal.errors import Code, Exit
from tests.faults.rows import Row

_ANY, _START = "everywhere", "start"


def _survived(fault: str, step: str = _ANY, note: str = "") -> Row:
    return Row("crash", fault, step, "done", None, Exit.OK, note)


def _refused(fault: str, code: Code, exit_: Exit, note: str = "") -> Row:
    return Row("crash", fault, _START, "failed", code, exit_, note)


def _interrupted(fault: str, note: str = "") -> Row:
    return Row("crash", fault, "catalogue", "pending", None, Exit.INTERRUPTED, note)


KILLS: Mapping[str, Row] = {
    "line": _survived(
        "killed before, in or after any line of the journal",
        note="on the same machine or on a fresh one",
    ),
    "moment": _survived("killed at any moment, up to three times in a row", note="likewise"),
    "second-run": _survived(
        "killed in a second run of a finished release", note="the account of the first run stays"
    ),
    "tools": _survived(
        "killed while Syft runs",
        "catalogue",
        "Syft ends within seconds; the next run removes its temporary files",
    ),
    "machine": _survived(
        "everything on the machine is killed at once", "catalogue", "the next run removes the files"
    ),
}
POWER: Mapping[str, Row] = {
    "lost": _survived("power cut: whatever was not synced is gone"),
    "torn": _survived("power cut, and half of the last line is there"),
    "zeros": _survived("power cut, and the last line is zeros"),
    "whole": _survived("power cut, and the last line is there before it was synced"),
    "journal": _survived(
        "the journal ends anywhere, or its last block is missing or zeros",
        note="what is cut off is kept in journal.damaged",
    ),
}
LOCKS: Mapping[str, Row] = {
    "held": _refused(
        "a second process, while one runs",
        Code.RELEASE_LOCKED,
        Exit.OUTSIDE,
        "told: process, host, since when, what to do",
    ),
    "other-host": _refused(
        "a second process, while another host of a shared folder runs one",
        Code.RELEASE_LOCKED,
        Exit.OUTSIDE,
        "likewise",
    ),
    "stale": _survived(
        "a lock file that names a dead process, a reused number or a dead host, or is torn",
        _START,
        "a lock ends with its process",
    ),
    "killed": _survived("the process that holds the lock is killed", _START, "free at once"),
    "two-machines": _survived(
        "two machines release the same at once",
        note="one may end with 3 or 5; repeated, both are done",
    ),
}
SIGNALS: Mapping[str, Row] = {
    "SIGINT": _interrupted("SIGINT (Ctrl-C)"),
    "SIGTERM": _interrupted("SIGTERM (a job is cancelled)"),
    "SIGHUP": _interrupted("SIGHUP (a connection breaks)"),
    "terminal": _interrupted("the terminal is closed"),
    "nohup": _survived("SIGHUP to what was started with nohup", note="goes on"),
}
JOURNALS: Mapping[str, Row] = {
    "older": _survived("a journal of an older shipseal of this schema"),
    "later": _survived("a journal with members and kinds of a later shipseal of this schema"),
    "too-old": _refused(
        "a journal of a schema that is read no more", Code.CONFIG_INVALID, Exit.USAGE
    ),
    "too-new": _refused("a journal of a newer schema", Code.CONFIG_INVALID, Exit.USAGE),
    "pipe": _refused("shipseal.yaml is a pipe", Code.CONFIG_INVALID, Exit.USAGE, "at once"),
}
GROUPS: Sequence[Mapping[str, Row]] = (KILLS, POWER, LOCKS, SIGNALS, JOURNALS)
ROWS: Sequence[Row] = tuple(row for group in GROUPS for row in group.values())

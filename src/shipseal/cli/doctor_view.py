"""How an examination is shown: one line for each thing, then what is wrong, the proof, and what to do."""

import re

from shipseal.checks import Outcome, Status
from shipseal.cli.columns import Column
from shipseal.cli.given import as_given
from shipseal.cli.output import has_room, print_table, say, say_wrapped
from shipseal.doctor.examination import Examined, Report

_BAD = (Status.FAIL, Status.UNKNOWN)
_VERDICTS = {
    Outcome.PASS: "nothing stands in the way of a release, as far as can be seen from here",
    Outcome.FAIL: "a release would fail",
    Outcome.UNDECIDED: "it cannot be told whether a release would get through",
}
_EVIDENCE = 6
_COLUMNS = (
    Column("check", fixed=True),
    Column("about"),
    Column("state", fixed=True),
    Column("found"),
)
_STATE = len("skipped ")
# Enough of a digest to know it again; JSON has all of it.
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_NAME = 12


def print_report(report: Report) -> None:
    """Print everything that was looked at; what is wrong comes last, where it is seen."""
    rows = [
        (one.check.name, one.check.subject or "-", str(one.check.status), _found(one))
        for one in report.examined
    ]
    if has_room(_COLUMNS, rows):
        print_table(_COLUMNS, rows)
    else:
        for check, about, state, found in rows:
            say_wrapped(f"{state:<{_STATE}}{check} {about}: {found}", indent=_STATE)
    for one in report.examined:
        if one.check.status in _BAD:
            _print_bad(one)
    remarks = [one for one in report.examined if one.check.status is Status.PASS and one.remedy]
    if remarks:
        say()
    for one in remarks:
        say_wrapped(f"note: {one.check.name} {one.check.subject}: {as_given(one.remedy)}")
    say()
    say_wrapped(_VERDICTS[report.outcome])


def _found(one: Examined) -> str:
    check = one.check
    if check.status in _BAD:
        return one.code or "see below"
    told = "; ".join(filter(None, (check.got, check.reason))) or "-"
    return _DIGEST.sub(r"\1…", told)


def _print_bad(one: Examined) -> None:
    check = one.check
    say()
    code = f": {one.code}" if one.code else ""
    say_wrapped(f"{check.status} {check.name} {check.subject}".rstrip() + code)
    told = [
        ("expected", check.expected),
        ("got", check.got),
        ("reason", check.reason),
        *(("evidence", text) for text in one.evidence[:_EVIDENCE]),
        ("do", as_given(one.remedy)),
    ]
    for name, text in told:
        if text:
            say_wrapped(f"  {name:<{_NAME - 2}}{text}", indent=_NAME)


def report_json(report: Report) -> dict[str, object]:
    """Return all that :func:`print_report` prints, and more (schema ``doctor.schema.json``)."""
    return {
        "outcome": str(report.outcome),
        "exit": int(report.exit),
        "checks": [
            {
                "check": one.check.name,
                "about": one.check.subject,
                "status": str(one.check.status),
                "expected": one.check.expected,
                "got": one.check.got,
                "reason": one.check.reason,
                "code": one.code,
                "evidence": list(one.evidence),
                "remedy": one.remedy,
                "seconds": one.seconds,
            }
            for one in report.examined
        ],
    }

"""How a rollback is shown to a person: from what to what, what was verified, what the scan said, what to do next."""

from collections.abc import Sequence

from shipseal.cli.columns import Column
from shipseal.cli.given import as_given
from shipseal.cli.output import duration_text, print_table, say, say_wrapped
from shipseal.cli.places import place_text, short_digest
from shipseal.release.rollback.known import RollbackStatus
from shipseal.release.rollback.result import (
    NOTHING,
    PLANNED,
    Place,
    RollbackResult,
    RollbackSummary,
    ScanTold,
)

_HEADLINES = {
    RollbackStatus.DONE: "rolled back to {to}",
    RollbackStatus.FAILED: "not rolled back: every tag is as it was",
    RollbackStatus.PARTLY: "partly rolled back to {to}",
    RollbackStatus.UNRECORDED: "rolled back to {to}, and not recorded",
    RollbackStatus.INTERRUPTED: "interrupted",
}


def print_plan(result: RollbackResult) -> None:
    """Print what would be done, before anybody agrees to it; nothing when there is nothing to do."""
    if result.to is None:
        return
    if result.rollback:
        say(f"going on with {result.rollback}, which was cut short")
    _print_steps(result)
    _print_remarks("stays", [(one.name, one.reason) for one in result.staying])
    _print_remarks("passed over", [(one.name, one.reason) for one in result.passed_over])
    say()
    count = len(result.targets)
    places = "one target" if count == 1 else f"each of {count} targets"
    say(f"verified  {_name(result.to)}: {result.verified} items of evidence, at {places}")
    say_wrapped(f"scan      {_scan(result.scan)}")
    if result.scan and result.scan.critical:
        say_wrapped(f"warning   critical in it: {_few(result.scan.critical)}")
    if result.scan and result.scan.too_old:
        say_wrapped(f"warning   its scan is too old, and that is allowed: {result.scan.too_old}")
    say()


def print_rollback(result: RollbackResult) -> None:
    """Print what it came to."""
    if result.status == NOTHING:
        say(f"nothing to do: {result.message}")
        say(as_given("to go further back, say where to: shipseal release rollback --to VERSION"))
        return
    if result.status == PLANNED:
        say("nothing was moved: this was a dry run")
        return
    to = _name(result.to) if result.to else ""
    told = _HEADLINES.get(result.status, result.status).format(to=to)
    say(f"{told}  [{result.rollback}]")
    if result.message:
        say_wrapped(f"{result.code + ': ' if result.code else ''}{result.message}")
    if result.hint:
        say_wrapped(f"next: {as_given(result.hint)}")
    elif result.status == RollbackStatus.DONE:
        say(
            "next: release the fixed version under a higher number; it takes the tags forward again"
        )


def print_summaries(rollbacks: Sequence[RollbackSummary]) -> None:
    """Print one line for each rollback of this machine; nothing when there is none."""
    rows = [
        (
            one.rollback,
            one.status,
            ", ".join(map(_name, one.left)) or "-",
            _name(one.to),
            ", ".join(one.tags),
            one.at,
            one.by,
            one.reason or "-",
        )
        for one in rollbacks
    ]
    if rows:
        say()
        columns = (
            Column("rollback", fixed=True),
            Column("status", fixed=True),
            Column("from", spare=1),
            Column("to", fixed=True),
            Column("tags", spare=2),
            Column("at", fixed=True),
            Column("by", spare=3),
            "reason",
        )
        print_table(columns, rows)


def _print_steps(result: RollbackResult) -> None:
    rows = [
        (
            place_text(target.target),
            step.tag,
            _full(step.before),
            _full(step.after),
            step.action if step.action == "move" else f"{step.action}: {step.reason}",
        )
        for target in result.targets
        for step in target.tags
    ]
    columns = (
        "target",
        Column("tag", fixed=True),
        Column("names", fixed=True),
        Column("will name", fixed=True),
        "what",
    )
    print_table(columns, rows)


def _print_remarks(title: str, rows: Sequence[tuple[str, str]]) -> None:
    for name, reason in rows:
        say_wrapped(f"{title:<13}{name}: {reason}")


def _full(place: Place | None) -> str:
    if place is None:
        return "nothing"
    return f"{place.version or 'no release'} {short_digest(place.digest)}"


def _name(place: Place) -> str:
    return place.version or short_digest(place.digest)


def _scan(scan: ScanTold | None) -> str:
    if scan is None:
        return "there is none, and the policy asks for none"
    counts = ", ".join(f"{number} {severity}" for severity, number in scan.counts.items())
    age = duration_text(scan.age_seconds) if scan.age_seconds < 86400 else _days(scan.age_seconds)
    return f"{age} old ({scan.finished}), gate {scan.gate or 'not told'}: {counts or 'no findings'}; not scanned again"


def _days(seconds: int) -> str:
    days = seconds // 86400
    return f"{days} day{'' if days == 1 else 's'}"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more

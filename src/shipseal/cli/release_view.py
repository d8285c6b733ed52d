"""How a release is shown to a person: what it came to, what stands where, what to do next."""

from collections.abc import Sequence
from typing import Any

import msgspec

from shipseal.cli.columns import Column
from shipseal.cli.given import as_given
from shipseal.cli.output import duration_text, print_table, say, say_wrapped, size_text, tell
from shipseal.cli.places import place_text, short_digest
from shipseal.cli.release_budget import print_budget
from shipseal.cli.release_findings import print_findings, print_passed
from shipseal.cli.release_holds import print_holds
from shipseal.cli.release_timeline import print_diagnosis, print_timeline
from shipseal.errors import Exit
from shipseal.release.diagnosis import diagnose
from shipseal.release.folders import StateFolder
from shipseal.release.known import Known, Survey
from shipseal.release.result import ReleaseResult, Status
from shipseal.release.state import ReleaseState
from shipseal.release.timeline import timeline

_FINDINGS = 10


def print_result(result: ReleaseResult) -> None:
    """Print what a release came to: a headline, why and what next, platforms, tags."""
    say_wrapped(_headline(result))
    if result.message:
        say_wrapped(f"{result.code + ': ' if result.code else ''}{result.message}")
    if result.hint:
        say_wrapped(f"next: {as_given(result.hint)}")
    print_holds(result)
    _print_rolled_back(result)
    _print_break_glass(result)
    _print_platforms(result)
    _print_tags(result)
    _print_stores(result)


def _print_rolled_back(result: ReleaseResult) -> None:
    gone = result.rolled_back
    if gone is None:
        return
    to = gone.version or short_digest(gone.digest)
    say(f"rolled back: {', '.join(gone.tags)} went to {to} at {gone.at}, by {gone.by}")
    say(f"reason: {gone.reason or 'none was given'}")


def _print_break_glass(result: ReleaseResult) -> None:
    glass = result.break_glass
    if glass is None:
        return
    say(f"break-glass: the gate is overridden, by {glass.person}, until {glass.until}")
    say(f"reason: {glass.reason}")
    shown, more = glass.findings[:_FINDINGS], len(glass.findings) - _FINDINGS
    say(f"in spite of: {', '.join(shown)}{f', and {more} more' if more > 0 else ''}")


def print_what_stays(result: ReleaseResult) -> None:
    """Print what a release that was given up leaves at the targets."""
    say(f"{result.version}  [{result.release}] is given up: it will not be resumed")
    rows = [
        (
            place_text(target.target),
            f"{short_digest(result.digest)}, by digest only" if target.staged else "nothing",
            ", ".join(tag.tag for tag in target.tags if tag.digest == result.digest) or "none",
        )
        for target in result.targets
    ]
    _block(("target", "image that stays", "tags that name it"), rows)


def print_list(there: Survey) -> None:
    """Print one line for each release, the newest last; then those that cannot be read, and why."""
    if not there.releases and not there.unreadable:
        say(as_given("no releases on this machine yet: shipseal release --version V"))
        return
    rows = [
        (
            release.identifier,
            release.state.plan.image if release.state.plan else "-",
            result.version,
            _status(release, result),
            short_digest(result.digest),
            ", ".join(result.tags) or "-",
            release.state.started,
        )
        for release in there.releases
        for result in (release.result(),)
    ]
    rows += [(one.release, "-", "-", "unreadable", "-", "-", "-") for one in there.unreadable]
    columns = (
        Column("release", fixed=True),
        Column("image", spare=3),
        Column("version", fixed=True, spare=2),
        Column("status", fixed=True),
        Column("digest", fixed=True, spare=1),
        "tagged as",
        Column("started", fixed=True),
    )
    _block(columns, rows)
    for one in there.unreadable:
        say()
        say_wrapped(f"unreadable: {one.release}: {one.reason}")
        say_wrapped(f"next: {as_given(one.hint)}")


def tell_unreadable(there: Survey) -> None:
    """Say on standard error which releases were left out, because their journals cannot be read."""
    for one in there.unreadable:
        tell(f"note: release {one.release} is left out: {one.reason}")


def survey_json(there: Survey) -> dict[str, Any]:
    """Return all releases, and those that cannot be read (schema ``release-list.schema.json``)."""
    return {
        "releases": [release.result().to_json() for release in there.releases],
        "unreadable": [
            {
                "release": one.release,
                "status": "unreadable",
                "journal": str(one.journal),
                "reason": one.reason,
                "hint": one.hint,
            }
            for one in there.unreadable
        ],
    }


def _status(release: Known, result: ReleaseResult) -> str:
    if release.holder:
        return "running"
    return "rolled-back" if result.rolled_back else result.status


def print_known(release: Known, state: StateFolder) -> None:
    """Print one release with its timeline and where its files are."""
    results = state.release(release.identifier) / "results"
    result = release.result()
    print_result(result)
    print_findings(results)
    print_passed(results)
    _print_evidence(result)
    runs = timeline(release.events)
    print_timeline(runs)
    _print_sboms(release.state)
    print_budget(result)
    running = release.holder is not None
    print_diagnosis(diagnose(result, runs, running=running, damage=release.damage))
    say()
    say(f"journal   {state.journal(release.identifier)}")
    if results.is_dir():
        say(f"results   {results}")


def known_json(release: Known) -> dict[str, Any]:
    """Return one release with its timeline and diagnosis (schema ``release-show.schema.json``)."""
    result, runs = release.result(), timeline(release.events)
    running = release.holder is not None
    found = diagnose(result, runs, running=running, damage=release.damage)
    return {
        **result.to_json(),
        "running": running,
        "timeline": msgspec.to_builtins(runs),
        "diagnosis": msgspec.to_builtins(found),
    }


def _block(
    columns: Sequence[Column | str], rows: Sequence[Sequence[str]], *, title: str = ""
) -> None:
    """Print a table with an empty line before it, when it has rows."""
    if rows:
        say()
        print_table(columns, rows, title=title)


def _headline(result: ReleaseResult) -> str:
    words = {
        Status.DONE: "is public",
        Status.PENDING: "is held",
        Status.REFUSED: "is refused: no tag moved, nothing was signed",
        Status.FAILED: "failed: it is not public",
        Status.PARTLY_PROMOTED: "is partly promoted",
    }
    if result.exit == Exit.UNDECIDED:
        words[Status.REFUSED] = "is undecided: no tag moved, nothing was signed"
    state = (
        "passed the dry run"
        if result.dry_run and not result.code
        else words.get(result.status, result.status)
    )
    digest = f" {result.digest}" if result.digest else ""
    return f"{result.version}{digest} {state}  [{result.release}]"


def _print_platforms(result: ReleaseResult) -> None:
    rows = [
        (
            one.platform,
            short_digest(one.digest),
            "-" if one.packages is None else str(one.packages),
            _counts(one.findings),
        )
        for one in result.platforms
    ]
    columns = (
        Column("platform", fixed=True),
        Column("digest", fixed=True),
        Column("packages", right=True),
        "findings",
    )
    _block(columns, rows)


def _counts(findings: dict[str, int] | None) -> str:
    if findings is None:
        return "-"
    return ", ".join(f"{count} {severity}" for severity, count in findings.items()) or "none"


def _print_tags(result: ReleaseResult) -> None:
    """Print one line for each tag that stands alike at all targets, and one for each place where it does not."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for target in result.targets:
        for tag in target.tags:
            key = (tag.tag, short_digest(tag.digest), tag.reason)
            places.setdefault(key, []).append(place_text(target.target))
    rows = [
        (tag, names, ", ".join(where), as_given(why)) for (tag, names, why), where in places.items()
    ]
    _block((Column("tag", fixed=True), Column("names", fixed=True), "at", "why"), rows)


def _print_evidence(result: ReleaseResult) -> None:
    rows = [
        (
            one.family,
            one.platform or "all",
            short_digest(one.digest),
            str(len(one.stores)),
            one.predicate_type,
        )
        for one in result.evidence
    ]
    columns = (
        Column("evidence", fixed=True),
        Column("platform", fixed=True),
        Column("bundle", fixed=True),
        Column("stores", right=True, spare=1),
        Column("predicate type", fixed=True, spare=2),
    )
    _block(columns, rows)


def _print_stores(result: ReleaseResult) -> None:
    rows = [
        (
            place_text(one.store),
            str(one.bundles),
            ", ".join(f"{count} {answer}" for answer, count in one.answers.items()),
        )
        for one in result.stores
    ]
    _block(("evidence at", Column("bundles", right=True), "answered"), rows)


def _print_sboms(state: ReleaseState) -> None:
    rows = [
        (
            record.platform,
            short_digest(record.spdx),
            size_text(record.spdx_size),
            record.tool,
            "cache" if record.cached else duration_text(record.seconds),
        )
        for record in state.catalogues.values()
    ]
    columns = (
        Column("SBOM", fixed=True),
        Column("digest", fixed=True),
        Column("size", right=True),
        Column("tool", spare=1),
        Column("from", fixed=True),
    )
    _block(columns, rows)

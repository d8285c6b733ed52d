"""``shipseal ignore assess``: what is known of one vulnerability, before anybody decides about it (S37)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal.cli.ignore_source import (
    SourceWish,
    assessed,
    checked_id,
    look_at,
    rules_of_others,
)
from shipseal.cli.output import printable, say
from shipseal.exceptions.local_file import LocalFile
from shipseal.ignores.read import read_ignores
from shipseal.wiring.ignores import ignores_path


def assessment(
    asked: str,
    source: SourceWish,
    file: Path | None,
    *,
    env: Mapping[str, str],
    clock: Clock,
    reporter: Reporter,
) -> dict[str, Any]:
    """Return what is known (schema ``ignore-assessment.schema.json``).

    Args:
        asked: the id of a vulnerability.
        source: what is looked at.
        file: of ignores; None for the configuration's.
        env: the environment.
        clock: time.
        reporter: hears of progress.

    Raises:
        ConfigError: it is no id, or there is no such source.
        ShipsealError: the source could not be read or scanned.
    """
    checked_id(asked)
    kept = LocalFile.read(ignores_path(file, source.config, env))
    rules = read_ignores(kept.text, name=str(kept.path)).rules
    looked = look_at(source, env, clock, reporter)
    said = rules_of_others(source.config, looked, rules, env, clock)
    found, unread = assessed(asked, looked, (*rules, *said), clock)
    document = found.to_json()
    return document | {"notes": [*found.notes, *unread]}


def print_assessment(document: Mapping[str, Any]) -> None:
    """Print an assessment for people.

    Args:
        document: see ``ignore-assessment.schema.json``.
    """
    others = ", ".join(document["ids"][1:])
    _line(document["vulnerability"] + (f" (also {others})" if others else ""))
    _line(f"in {document['source']}: {_platforms(document['platforms'])}")
    if not document["found"]:
        _line("no finding has this id, nor as an alias")
    else:
        _facts(document)
        _matches(document["matches"])
    _block("Releases of this machine that have it", map(_release, document["releases"]))
    _block("Ignores", map(_ignore, document["ignores"]))
    _block("Data", document["databases"])
    _block("Notes", document["notes"])


def _facts(document: Mapping[str, Any]) -> None:
    kev, epss = document["kev"], document["epss"]
    due = f", due {kev['due']}" if kev and kev["due"] else ""
    _line(f"Severity   {document['severity']}")
    if document["description"]:
        _line(f"What       {document['description']}")
    _line(f"Upstream   {document['fix']}")
    _line(f"Exploited  {'known since ' + kev['added'] + due if kev else 'not known to be'}")
    _line(f"EPSS       {format(epss['probability'], '.1%') if epss else 'not known'}")
    if document["url"]:
        _line(f"Advisory   {document['url']}")


def _matches(matches: list[Mapping[str, Any]]) -> None:
    for one in matches:
        say()
        _line(
            f"{one['package']} {one['version']} ({one['type']}), {one['severity']}, as {one['id']}"
        )
        origin = {"base": "the base image", "application": "the application"}
        _line(f"  from       {origin.get(one['origin'], 'base image or application: not known')}")
        if one["locations"]:
            _line(f"  at         {', '.join(one['locations'])}")
        if one["platforms"]:
            _line(f"  platforms  {', '.join(one['platforms'])}")
        if one["advice"]:
            _line(f"  to fix     {one['advice']}")


def _release(one: Mapping[str, Any]) -> str:
    where = ", ".join(one["platforms"])
    return (
        f"{one['image']} {one['version']} ({one['status']}), {where}: {', '.join(one['packages'])}"
    )


def _ignore(one: Mapping[str, Any]) -> str:
    end = f", until {one['until']}" if one["until"] else ""
    owner = f", owner {one['owner']}" if one["owner"] else ""
    return f"line {one['line']}: {one['rule']}, {one['state']}{end}{owner}"


def _platforms(names: list[str]) -> str:
    known = [name for name in names if not name.startswith("unknown")]
    return ", ".join(known) or "of a platform that nobody names"


def _block(title: str, lines: Any) -> None:
    kept = list(lines)
    if kept:
        say()
        _line(title)
        for line in kept:
            _line(f"  {line}")


def _line(text: str) -> None:
    say(printable(text))

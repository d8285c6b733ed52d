"""``shipseal status-pages``: whether those who run the services that a release needs say that something is wrong."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal._internal.redact import redact_url
from shipseal.cli.columns import Column
from shipseal.cli.output import print_json, print_table, say, say_wrapped

if TYPE_CHECKING:
    from shipseal.status.outlook import Outlook

app = typer.Typer(help="Say what the status pages of the services say that a release needs.")


@app.command()
def status_pages(
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml, if any."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Look at all known pages, whatever is configured.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at the status pages of the services that a release of this configuration needs; of all without one.

    Exit status: 0 when nothing is wrong with what matters here, 2 when something is, 5 when a page cannot be read.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - as for every command
    from shipseal.cli.working import working  # noqa: PLC0415
    from shipseal.wiring.status_pages import outlooks, wanted_pages  # noqa: PLC0415

    wanted = wanted_pages(config, os.environ, every=every)
    with working("look at status pages"):
        found = outlooks(wanted, SystemClock())
    if as_json:
        print_json(outlooks_json(found))
    else:
        _print(found)
    raise typer.Exit(_exit(found))


def outlooks_json(found: "tuple[Outlook, ...]") -> dict[str, object]:
    """Return what pages say (schema ``status-pages.schema.json``)."""
    return {"pages": [_outlook_json(one) for one in found]}


def _outlook_json(one: "Outlook") -> dict[str, object]:
    page = one.interest.page
    return {
        "page": page.name,
        "url": page.home,
        "asked": redact_url(page.json),
        "hosts": list(one.interest.hosts),
        "status": str(one.check.status),
        "state": str(one.state),
        "components": [{"name": part.name, "state": str(part.state)} for part in one.components],
        "incidents": [
            {
                "title": incident.title,
                "impact": incident.impact,
                "since": incident.since,
                "url": incident.url,
                "components": list(incident.components),
            }
            for incident in one.incidents
        ],
        "problem": one.problem,
        "code": one.code,
    }


def _print(found: "tuple[Outlook, ...]") -> None:
    from shipseal.status.interface import State  # noqa: PLC0415 - as above

    if not found:
        say_wrapped(
            "none of the services that this configuration needs has a status page that is known: name one with "
            "status.pages"
        )
        return
    rows: list[tuple[str, ...]] = []
    for one in found:
        page = one.interest.page
        if one.problem:
            rows.append((page.name, ", ".join(one.interest.hosts), "unknown", one.problem))
            continue
        # Many components that are all well are told in one line.
        bad = [part for part in one.components if part.state is not State.OPERATIONAL]
        told = [(part.name, str(part.state)) for part in bad]
        rest = len(one.components) - len(bad)
        if rest:
            names = ", ".join(part.name for part in one.components if part not in bad)
            told.append((names if rest <= 3 else f"{rest} components", str(State.OPERATIONAL)))
        incidents = "; ".join(incident.title for incident in one.incidents)
        for number, (name, state) in enumerate(told):
            rows.append((page.name, name, state, incidents if not number else ""))
    print_table((Column("page", fixed=True), "what matters here", "state", "incident"), rows)
    incidents_of = [(one, incident) for one in found for incident in one.incidents]
    if incidents_of:
        say()
    for one, incident in incidents_of:
        say_wrapped(f"{one.interest.page.name}: {incident}")


def _exit(found: "tuple[Outlook, ...]") -> int:
    from shipseal.checks import Status  # noqa: PLC0415 - as above
    from shipseal.errors import Exit, most_urgent  # noqa: PLC0415

    exits = {Status.FAIL: Exit.REFUSED, Status.UNKNOWN: Exit.OUTSIDE}
    return most_urgent(exits.get(one.check.status, Exit.OK) for one in found)

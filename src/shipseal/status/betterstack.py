"""Better Stack's ``index.json``: a JSON:API document whose ``included`` holds resources and reports."""

from collections.abc import Iterator, Mapping
from typing import Any

from shipseal.status.interface import Component, Incident, Page, PageAddress, State
from shipseal.status.shape import members, text_of, worst
from shipseal.status.words import MOST_COMPONENTS, MOST_INCIDENTS, clean, moment

_STATES = {
    "operational": State.OPERATIONAL,
    "maintenance": State.MAINTENANCE,
    "degraded": State.DEGRADED,
    "downtime": State.MAJOR,
}
_IMPACTS = {"maintenance": "maintenance", "degraded": "minor", "downtime": "major"}
_OVER = frozenset({"resolved", "operational"})
_UNWATCHED = "not_monitored"


def read_betterstack(document: Mapping[str, Any], page: PageAddress) -> Page:
    """Return what a status page says; what nobody watches there is left out."""
    names: dict[str, str] = {}
    components: list[Component] = []
    for identifier, told in _included(document, "status_page_resource"):
        names[identifier] = clean(told.get("public_name"))
        status = text_of(told, "status")
        if status != _UNWATCHED and len(components) < MOST_COMPONENTS:
            components.append(Component(names[identifier], _STATES.get(status, State.UNKNOWN)))
    attributes = document["data"].get("attributes")
    stated = text_of(attributes, "aggregate_state") if isinstance(attributes, dict) else ""
    return Page(
        page,
        _STATES.get(stated) or worst(components),
        tuple(components),
        tuple(_incidents(document, names, page))[:MOST_INCIDENTS],
    )


def _included(document: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in members(document, "included"):
        attributes = one.get("attributes")
        if one.get("type") == kind and isinstance(attributes, dict):
            yield str(one.get("id", "")), attributes


def _incidents(
    document: Mapping[str, Any], names: Mapping[str, str], page: PageAddress
) -> Iterator[Incident]:
    for _, told in _included(document, "status_report"):
        state = text_of(told, "aggregate_state")
        # A maintenance that is over, or has not begun, has its resources operational.
        if state in _OVER:
            continue
        affected = (
            str(part.get("status_page_resource_id", ""))
            for part in members(told, "affected_resources")
        )
        yield Incident(
            title=clean(told.get("title")) or "an incident without a name",
            impact=_IMPACTS.get(state, ""),
            since=moment(told.get("starts_at")),
            url=page.home,
            components=tuple(names[one] for one in affected if one in names),
        )

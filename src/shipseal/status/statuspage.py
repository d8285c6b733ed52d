"""Statuspage's ``summary.json`` (version 2 of its public API), which incident.io's pages answer with, too."""

from collections.abc import Iterator, Mapping
from typing import Any

from shipseal.status.interface import Component, Incident, Page, PageAddress, State
from shipseal.status.shape import members, text_of, worst
from shipseal.status.words import MOST_COMPONENTS, MOST_INCIDENTS, address, clean, moment

_STATES = {
    "operational": State.OPERATIONAL,
    "under_maintenance": State.MAINTENANCE,
    "degraded_performance": State.DEGRADED,
    "partial_outage": State.PARTIAL,
    "major_outage": State.MAJOR,
    "full_outage": State.MAJOR,
}
_INDICATORS = {
    "none": State.OPERATIONAL,
    "maintenance": State.MAINTENANCE,
    "minor": State.DEGRADED,
    "major": State.PARTIAL,
    "critical": State.MAJOR,
}
_OVER = frozenset({"resolved", "postmortem", "completed", "scheduled"})


def read_statuspage(document: Mapping[str, Any], page: PageAddress) -> Page:
    """Return what a summary says."""
    # A group has the worst state of its members, which stand beside it.
    listed = [one for one in members(document, "components") if one.get("group") is not True]
    components = tuple(
        Component(clean(one.get("name")), _STATES.get(text_of(one, "status"), State.UNKNOWN))
        for one in listed[:MOST_COMPONENTS]
    )
    status = document.get("status")
    indicator = text_of(status, "indicator") if isinstance(status, dict) else ""
    state = _INDICATORS.get(indicator) or worst(components)
    return Page(page, state, components, tuple(_incidents(document, page))[:MOST_INCIDENTS])


def _incidents(document: Mapping[str, Any], page: PageAddress) -> Iterator[Incident]:
    for key, usual in (("incidents", ""), ("scheduled_maintenances", "maintenance")):
        for one in members(document, key):
            if text_of(one, "status") in _OVER:
                continue
            yield Incident(
                title=clean(one.get("name")) or "an incident without a name",
                impact=usual or clean(one.get("impact")),
                since=moment(one.get("started_at"))
                or moment(one.get("scheduled_for"))
                or moment(one.get("created_at")),
                url=address(one.get("shortlink"), "") or address(one.get("url"), page.home),
                components=tuple(clean(part.get("name")) for part in members(one, "components")),
            )

"""Status.io's public status API: codes of three digits, and containers (regions) below each component."""

from collections.abc import Iterator, Mapping
from typing import Any

from shipseal.status.interface import Component, Incident, Page, PageAddress, State
from shipseal.status.shape import members
from shipseal.status.words import MOST_COMPONENTS, MOST_INCIDENTS, clean, moment

_STATES = {
    100: State.OPERATIONAL,
    200: State.MAINTENANCE,
    300: State.DEGRADED,
    400: State.PARTIAL,
    500: State.MAJOR,
    600: State.MAJOR,
}
_IMPACTS = {200: "maintenance", 300: "minor", 400: "major", 500: "critical", 600: "security"}


def read_statusio(document: Mapping[str, Any], page: PageAddress) -> Page:
    """Return what a status says."""
    result: Mapping[str, Any] = document["result"]
    components = tuple(
        Component(clean(one.get("name")), _state(one.get("status_code")))
        for one in members(result, "status")[:MOST_COMPONENTS]
    )
    state = _state(result["status_overall"].get("status_code"))
    return Page(page, state, components, tuple(_incidents(result, page))[:MOST_INCIDENTS])


def _state(code: object) -> State:
    return _STATES.get(code, State.UNKNOWN) if isinstance(code, int) else State.UNKNOWN


def _incidents(result: Mapping[str, Any], page: PageAddress) -> Iterator[Incident]:
    for one in members(result, "incidents"):
        yield _incident(one, page, "")
    maintenance = result.get("maintenance")
    if isinstance(maintenance, dict):
        for one in members(maintenance, "active"):
            yield _incident(one, page, "maintenance")


def _incident(one: Mapping[str, Any], page: PageAddress, impact: str) -> Incident:
    codes = [each.get("status") for each in members(one, "messages")]
    last = codes[-1] if codes else None
    return Incident(
        title=clean(one.get("name")) or "an incident without a name",
        impact=impact or (_IMPACTS.get(last, "") if isinstance(last, int) else ""),
        since=moment(one.get("datetime_open")) or moment(one.get("datetime_planned_start")),
        url=page.home,
        components=tuple(clean(part.get("name")) for part in members(one, "components_affected")),
    )

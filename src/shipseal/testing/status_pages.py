"""Status pages on a loopback port, of three products, whose state tests set; and what can go wrong with a page.

with StatusPageServer() as pages:
    pages.trouble("Packages", title="Packages cannot be pulled")
    address = pages.url("statuspage")          # or "statusio", "betterstack"
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shipseal._internal.limits import MIB
from shipseal.testing.http_server import Exchange, Reply
from shipseal.testing.simulator import Simulator

PATHS = {
    "statuspage": "/api/v2/summary.json",
    "statusio": "/1.0/status/0123456789abcdef01234567",
    "betterstack": "/index.json",
}
SINCE = "2026-03-04T05:06:07Z"
_JSON = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(slots=True)
class Trouble:
    """What is wrong with a component.

    Attributes:
        component: its name.
        title: of the incident.
        over: whether it is over.
    """

    component: str
    title: str
    over: bool = False


@dataclass(slots=True)
class ServedPage:
    """What the pages say.

    Attributes:
        components: names, in order.
        troubles: what is going on.
    """

    components: list[str] = field(default_factory=lambda: ["API Requests", "Packages", "Actions"])
    troubles: list[Trouble] = field(default_factory=list)

    def bad(self, name: str) -> bool:
        """Return whether something is wrong with a component now."""
        return any(one.component == name and not one.over for one in self.troubles)

    def statuspage(self, url: str) -> dict[str, Any]:
        """Return it as Statuspage says it."""
        going_on = any(not one.over for one in self.troubles)
        parts = [
            {
                "id": str(number),
                "name": name,
                "status": "major_outage" if self.bad(name) else "operational",
                "group": False,
            }
            for number, name in enumerate(self.components)
        ]
        incidents = [
            {
                "name": one.title,
                "status": "resolved" if one.over else "investigating",
                "impact": "major",
                "created_at": "2026-03-04T06:06:07.000+01:00",
                "shortlink": f"{url}/incidents/1",
                "components": [part for part in parts if part["name"] == one.component],
            }
            for one in self.troubles
        ]
        return {
            "page": {"id": "0", "name": "Made for a test", "url": url},
            "status": {"indicator": "critical" if going_on else "none", "description": "-"},
            "components": parts,
            "incidents": incidents,
            "scheduled_maintenances": [],
        }

    def statusio(self, _url: str) -> dict[str, Any]:
        """Return it as Status.io says it."""
        going_on = [one for one in self.troubles if not one.over]
        status = [
            {"id": name, "name": name, "status_code": 500 if self.bad(name) else 100}
            for name in self.components
        ]
        incidents = [
            {
                "_id": "1",
                "name": one.title,
                "datetime_open": SINCE,
                "messages": [{"details": "-", "state": 100, "status": 400}],
                "components_affected": [{"_id": one.component, "name": one.component}],
            }
            for one in going_on
        ]
        return {
            "result": {
                "status_overall": {"status_code": 500 if going_on else 100},
                "status": status,
                "incidents": incidents,
                "maintenance": {"active": [], "upcoming": []},
            }
        }

    def betterstack(self, _url: str) -> dict[str, Any]:
        """Return it as Better Stack says it."""
        included: list[dict[str, Any]] = [
            {
                "id": name,
                "type": "status_page_resource",
                "attributes": {
                    "public_name": name,
                    "status": "downtime" if self.bad(name) else "operational",
                },
            }
            for name in self.components
        ]
        included += [
            {
                "id": str(number),
                "type": "status_report",
                "attributes": {
                    "title": one.title,
                    "starts_at": SINCE,
                    "aggregate_state": "resolved" if one.over else "downtime",
                    "affected_resources": [
                        {"status_page_resource_id": one.component, "status": "downtime"}
                    ],
                },
            }
            for number, one in enumerate(self.troubles)
        ]
        state = "downtime" if any(map(self.bad, self.components)) else "operational"
        return {
            "data": {"id": "0", "type": "status_page", "attributes": {"aggregate_state": state}},
            "included": included,
        }


class StatusPageServer(Simulator):
    """Serves the pages until it is closed; a context manager.

    Attributes:
        page: what it says.
        asked: paths in the order in which they were asked for.
        answer: answers in place of the page; None lets the page answer. See :data:`FAULTS`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.page = ServedPage()
        self.asked: list[str] = []
        self.answer: Callable[[Exchange], None] | None = None
        self._lock = threading.Lock()
        self.base = self._serve(self._respond).url

    def url(self, product: str = "statuspage") -> str:
        """Return the address of the page of one product."""
        return self.base + PATHS[product]

    def trouble(self, component: str, title: str = "It does not answer") -> None:
        """Let something be wrong with a component."""
        self.page.troubles.append(Trouble(component, title))

    def resolve(self) -> None:
        """Let all troubles be over."""
        for one in self.page.troubles:
            one.over = True

    def _respond(self, exchange: Exchange) -> None:
        with self._lock:
            self.asked.append(exchange.path)
        if self.answer is not None:
            self.answer(exchange)
            return
        product = next((name for name, path in PATHS.items() if path == exchange.path), None)
        if product is None:
            exchange.reply(404, b"<html>no such page</html>", {"Content-Type": "text/html"})
            return
        document = getattr(self.page, product)(self.base)
        exchange.reply(200, json.dumps(document).encode(), _JSON)


def _web_page(exchange: Exchange) -> None:
    exchange.reply(200, b"<!doctype html><title>All is well</title>", {"Content-Type": "text/html"})


def _cut(exchange: Exchange) -> None:
    exchange.reply(200, b'{"page": {"id": "0"}, "compon', _JSON)


def _broken_off(exchange: Exchange) -> None:
    exchange.reply(200, b'{"page": {}', _JSON, length=5000)


def _endless(exchange: Exchange) -> None:
    exchange.send(Reply(200, (("Content-Type", "application/json"),), _spaces(), None))


def _spaces() -> Any:
    for _ in range(64):
        yield b" " * MIB


def _circle(exchange: Exchange) -> None:
    exchange.reply(302, b"", {"Location": exchange.target})


def _to_a_file(exchange: Exchange) -> None:
    exchange.reply(302, b"", {"Location": "file:///etc/passwd"})


FAULTS: dict[str, Callable[[Exchange], None]] = {
    "web page": _web_page,
    "cut": _cut,
    "broken off": _broken_off,
    "endless": _endless,
    "circle": _circle,
    "file": _to_a_file,
    "down": lambda exchange: exchange.reply(503, b"down"),
    "nothing": lambda exchange: exchange.reply(200, b"", _JSON),
    "a list": lambda exchange: exchange.reply(200, b"[1, 2]", _JSON),
    "deep": lambda exchange: exchange.reply(200, b"[" * 100_000, _JSON),
    "of another product": lambda exchange: exchange.reply(200, b'{"ok": true}', _JSON),
    "no answer": lambda exchange: exchange.drop(),
}
"""What a page may answer in place of what it should."""

"""What a status page says, whichever product it is made with.

A page is read to tell a person whether others have the outage, too. It is never believed about anything else: a
release goes on when the service answers, whatever its page says, and a page that cannot be read holds nobody up.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from shipseal.errors import Code, ShipsealError


class State(StrEnum):
    """How a component is, the worst last."""

    OPERATIONAL = "operational"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    PARTIAL = "partial-outage"
    MAJOR = "major-outage"
    UNKNOWN = "unknown"


ORDER = tuple(State)
"""The states from the best to the worst; a state that nobody knows is never better than one that is known."""


@dataclass(frozen=True, slots=True)
class PageAddress:
    """A status page that can be asked.

    Attributes:
        name: of the service, for people: ``github``; of a page that the configuration names, its host.
        home: for a browser.
        json: what is asked; Statuspage, Status.io and Better Stack are understood.
    """

    name: str
    home: str
    json: str


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a service.

    Attributes:
        name: as the page has it.
        state: how it is now.
    """

    name: str
    state: State


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that is going on.

    Attributes:
        title: in the words of those who run the service, one line.
        impact: likewise: ``minor``, ``major``, ``critical``, ``maintenance``; may be empty.
        since: RFC 3339 in UTC; empty when the page does not say.
        url: for a browser; the page itself where the incident has no address of its own.
        components: names of what it affects; empty when the page does not say.
    """

    title: str
    impact: str
    since: str
    url: str
    components: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in one line."""
        told = ", ".join(filter(None, (self.impact, f"since {self.since}" if self.since else "")))
        return f"{self.title}{f' ({told})' if told else ''}: {self.url}"


@dataclass(frozen=True, slots=True)
class Page:
    """A status page as it was read.

    Attributes:
        address: which.
        state: of the whole service.
        components: in the page's order.
        incidents: those that are not over, the newest first; maintenance that is going on counts.
    """

    address: PageAddress
    state: State
    components: tuple[Component, ...]
    incidents: tuple[Incident, ...]


class StatusPageError(ShipsealError):
    """A status page could not be read: nothing is known of the service then, neither good nor bad."""

    def __init__(self, address: PageAddress, problem: str, *, code: Code) -> None:
        super().__init__(
            code,
            f"status page of {address.name}: {problem}",
            hint=f"look at {address.home} with a browser, or name another address in status.pages",
            context={"page": address.home},
            retryable=True,
        )


class StatusPages(ABC):
    """Reads status pages. Safe to use from several threads."""

    @abstractmethod
    def read(self, address: PageAddress) -> Page:
        """Return what a page says now; asked once, and answered or given up within seconds.

        Raises:
            StatusPageError: ``service.outage``, ``network.unreachable``, ``tls.untrusted``: it does not answer, or not
                with a status page.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""

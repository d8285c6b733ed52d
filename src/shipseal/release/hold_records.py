"""The shapes of journal lines about outages that hold a release; see :mod:`shipseal.release.records`."""

import msgspec


class HoldRecord(msgspec.Struct, frozen=True):
    """``release.held``: somebody else's outage holds the release, and what the status page says of that.

    It is written again, with the same ``since``, when the page says something else later.

    Attributes:
        since: RFC 3339.
        code: failure code.
        message: what failed.
        host: that it is about; empty when that is not known.
        page: its status page, for a browser; empty where it has none.
        state: of what matters there; empty where nobody looked.
        incident: title of the newest incident; empty when there is none.
        impact: of it.
        incident_since: when it began, RFC 3339; may be empty.
        incident_url: for a browser.
        problem: why the page could not be read; empty when it could.
    """

    since: str
    code: str
    message: str
    host: str = ""
    page: str = ""
    state: str = ""
    incident: str = ""
    impact: str = ""
    incident_since: str = ""
    incident_url: str = ""
    problem: str = ""

    @property
    def trouble(self) -> bool:
        """Whether the status page says that there is some."""
        return not self.problem and self.state not in ("", "operational", "unknown")

    @property
    def says(self) -> str:
        """What the status page says, as a sentence."""
        if not self.page:
            return "no status page is known for it"
        if self.problem:
            return f"{self.page} cannot be read: {self.problem}"
        if not self.incident:
            return f"{self.page} says {self.state}, and names no incident"
        told = ", ".join(
            filter(
                None, (self.impact, f"since {self.incident_since}" if self.incident_since else "")
            )
        )
        return (
            f"{self.page} says: {self.incident}{f' ({told})' if told else ''}, {self.incident_url}"
        )


class WaitedRecord(msgspec.Struct, frozen=True):
    """``release.waited``: how a wait ended.

    Attributes:
        since: of the hold.
        seconds: that it took.
        outcome: ``resumed``: it was tried again; ``given-up``: the budget was spent; ``interrupted``: by a signal.
    """

    since: str
    seconds: float
    outcome: str

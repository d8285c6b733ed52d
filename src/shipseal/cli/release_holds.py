"""Outages that held a release: whose, since when, what its status page said, and how long was waited."""

from collections.abc import Sequence

from shipseal.cli.output import duration_text, say_wrapped
from shipseal.release.result import HoldResult, ReleaseResult

_FIRST_AND_LAST = 5


def print_holds(result: ReleaseResult) -> None:
    """Print the outages that held a release, the last one last; of many the last few."""
    more = len(result.holds) - _FIRST_AND_LAST
    if more > 0:
        say_wrapped(f"held: {more} times before")
    for hold in result.holds[-_FIRST_AND_LAST:]:
        say_wrapped(hold_line(hold))


def hold_line(hold: HoldResult) -> str:
    """Return one hold as a sentence."""
    told: Sequence[str] = (
        f"held {hold.since} by {hold.host or 'the network'}: {hold.code}",
        _waited(hold),
        hold.says,
    )
    return "; ".join(filter(None, told))


def _waited(hold: HoldResult) -> str:
    if hold.seconds is None:
        return ""
    how = {
        "resumed": f"tried again after {duration_text(hold.seconds)}",
        "given-up": "not waited for any longer",
        "interrupted": f"interrupted after {duration_text(hold.seconds)}",
    }
    return how.get(hold.outcome, hold.outcome)

"""Ask several pages at once; one that cannot be read says nothing, and stops nobody."""

from collections.abc import Sequence

from shipseal._internal.threads import thread_pool
from shipseal.errors import ShipsealError
from shipseal.status.interface import State, StatusPages
from shipseal.status.outlook import Outlook, outlook
from shipseal.status.services import Interest

_AT_ONCE = 8


def look(pages: StatusPages, interest: Interest) -> Outlook:
    """Return what one page says, or why it could not be read; nothing is raised."""
    try:
        return outlook(pages.read(interest.page), interest)
    except ShipsealError as error:
        return Outlook(interest, State.UNKNOWN, problem=error.message, code=str(error.code))


def look_at_all(pages: StatusPages, wanted: Sequence[Interest]) -> tuple[Outlook, ...]:
    """Return what the pages say, in the order in which they are wanted."""
    if not wanted:
        return ()
    with thread_pool(min(_AT_ONCE, len(wanted)), "status page") as pool:
        return tuple(pool.map(lambda one: look(pages, one), wanted))

"""Outside programs: which one is taken, why that one, and its version."""

from collections.abc import Callable, Iterator, Sequence

from shipseal.doctor.examination import Examined, of_error, passed, skipped
from shipseal.errors import ShipsealError

TOOLS = "tools"
Find = Callable[[], tuple[str, str, str]]
"""Returns path, version and why this one; raises what a release would."""


def tool_check(name: str, find: Find, *, without: str = "") -> Iterator[Examined]:
    """Look for one program.

    Args:
        name: of the program.
        find: finds it as a release does.
        without: what happens without it, where that is no failure.
    """
    try:
        path, version, why = find()
    except ShipsealError as error:
        yield (
            skipped(TOOLS, name, f"{error.message}: {without}")
            if without
            else of_error(TOOLS, name, error)
        )
        return
    yield passed(TOOLS, name, f"{version or 'unknown version'} at {path}", evidence=(why,))


def tool_checks(wanted: Sequence[tuple[str, Find, str]]) -> Iterator[Examined]:
    """Look for several programs; see :func:`tool_check`."""
    for name, find, without in wanted:
        yield from tool_check(name, find, without=without)

"""Lists that come in pages: what a ``Link`` header leads to is asked too."""

from collections.abc import Iterator, Mapping

from shipseal._internal.limits import Limit
from shipseal._internal.links import next_page
from shipseal.errors import Code, RegistryError
from shipseal.registry.answers import Answer
from shipseal.registry.errors import shown
from shipseal.registry.scopes import repository_scope
from shipseal.registry.session import Request, Session

_PAGES_MAX = 10_000


def pages(
    session: Session,
    url: str,
    *,
    expect: frozenset[int],
    limit: Limit,
    headers: Mapping[str, str],
) -> Iterator[Answer]:
    """Yield the answer to ``url`` and all that its ``Link`` headers lead to.

    Raises:
        RegistryError: the registry refuses or does not answer, or the pages lead elsewhere or in a circle.
    """
    scopes = (repository_scope(session.repository, "pull"),)
    seen: set[str] = set()
    while url:
        if url in seen or len(seen) >= _PAGES_MAX or not session.is_own(url):
            raise no_list(session, url, "its pages lead elsewhere, or have no end")
        seen.add(url)
        answer = session.call(Request("GET", url, scopes, expect, headers, limit=limit))
        yield answer
        following = next_page(answer.links)
        url = session.resolve(answer.url, following) if following else ""


def no_list(session: Session, url: str, problem: str) -> RegistryError:
    """Return the error that says that an answer is not the list that was asked for."""
    return RegistryError(
        Code.SERVICE_OUTAGE,
        f"{session.target}: GET {shown(url)}: not the list that was asked for: {problem}",
        hint="the registry, or a proxy before it, does not follow the distribution specification",
        context={"target": session.target},
    )

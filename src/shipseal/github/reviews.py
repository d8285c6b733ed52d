"""Who approved the pull request that a commit came with.

Sources: GitHub's documentation, "REST API endpoints for commits" (pull requests of a commit) and "for pull request
reviews": reviews come in the order in which they were made; a comment neither gives an approval nor takes one back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import MIB, Limit
from shipseal.github.hosts import Repository
from shipseal.github.refusals import nonsense, shown
from shipseal.github.rest import GitHubRest

_PULLS = Limit("pull requests of a commit", 8 * MIB, "100 entries with bodies of 65,536 characters")
_REVIEWS = Limit("reviews", 32 * MIB, "100 entries with bodies of 65,536 characters")
_PER_PAGE = 100
_MOST_PAGES = 10
_DECIDING = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A pull request that was merged, and who had approved it.

    Attributes:
        number: of the pull request.
        approved_by: logins of those whose last word was an approval that nobody dismissed, in the order of their first
            review.
    """

    number: int
    approved_by: tuple[str, ...]


class _User(msgspec.Struct):
    login: str


class _Pull(msgspec.Struct):
    number: int
    merged_at: str | None = None


class _Review(msgspec.Struct):
    state: str
    user: _User | None = None


class GitHubReviews:
    """Asks one repository for reviews.

    Args:
        rest: asks GitHub.
        repository: which.
    """

    def __init__(self, rest: GitHubRest, repository: Repository) -> None:
        self._rest = rest
        self._url = f"{rest.host.api}/repos/{repository}"

    def of_commit(self, commit: str) -> Reviewed | None:
        """Return the merged pull request that a commit came with; None when GitHub knows of none.

        Args:
            commit: its whole id.

        Raises:
            ShipsealError: nobody could look.
        """
        pulls = self._listed(f"/commits/{commit}/pulls?per_page={_PER_PAGE}", list[_Pull], _PULLS)
        merged = next((one for one in pulls or () if one.merged_at), None)
        return Reviewed(merged.number, self._approvers(merged.number)) if merged else None

    def close(self) -> None:
        """Close all connections."""
        self._rest.close()

    def _approvers(self, number: int) -> tuple[str, ...]:
        last: dict[str, str] = {}
        for review in self._reviews(number):
            # Whoever left GitHub has no name any more, and vouches for nothing.
            if review.user is not None and review.state in _DECIDING:
                last[review.user.login] = review.state
        return tuple(login for login, state in last.items() if state == "APPROVED")

    def _reviews(self, number: int) -> Iterator[_Review]:
        for page in range(1, _MOST_PAGES + 1):
            path = f"/pulls/{number}/reviews?per_page={_PER_PAGE}&page={page}"
            listed = self._listed(path, list[_Review], _REVIEWS) or []
            yield from listed
            if len(listed) < _PER_PAGE:
                return
        raise nonsense(
            shown("GET", f"{self._url}/pulls/{number}/reviews"), "more reviews than are read"
        )

    def _listed(self, path: str, type_: type[_T], limit: Limit) -> _T | None:
        url = self._url + path
        # 422: a commit that was never pushed.
        none = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
        answer = self._rest.get(url, limit, final=none)
        if answer.status in none:
            return None
        try:
            found: Any = msgspec.json.decode(answer.body, type=type_)
        except NOT_JSON as error:
            raise nonsense(shown("GET", url), str(error)) from error
        return found  # type: ignore[no-any-return]

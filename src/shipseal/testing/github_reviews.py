"""Reviews of pull requests, and which pull request a commit came with, as GitHub's API lists them."""

from dataclasses import dataclass, field

from shipseal.testing.http_server import Exchange

Reply = tuple[int, object]
_WORDS = 3


@dataclass(slots=True)
class ServedReview:
    """A review.

    Attributes:
        login: who; empty for an account that is gone.
        state: ``APPROVED``, ``CHANGES_REQUESTED``, ``COMMENTED``, ``DISMISSED`` or ``PENDING``.
    """

    login: str
    state: str


@dataclass(slots=True)
class ServedReviews:
    """The reviews of one repository; change them at will.

    Attributes:
        pulls: pull requests by the id of a commit that came with them: their numbers, and whether they were merged.
        reviews: by the number of the pull request, in the order in which they were made.
    """

    pulls: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    reviews: dict[int, list[ServedReview]] = field(default_factory=dict)

    def answer(self, exchange: Exchange, words: list[str]) -> Reply | None:
        """Return the answer to a request below the repository; None for what is not about this.

        Args:
            exchange: the request.
            words: the path after the repository, decoded.
        """
        if exchange.method != "GET" or len(words) != _WORDS:
            return None
        match words:
            case ["commits", commit, "pulls"]:
                return self._pulls_of(commit)
            case ["pulls", number, "reviews"] if number.isdecimal():
                return self._reviews_of(int(number), exchange)
        return None

    def _pulls_of(self, commit: str) -> Reply:
        if commit not in self.pulls:
            return 422, {"message": f"No commit found for SHA: {commit}", "status": "422"}
        return 200, [
            {
                "number": number,
                "state": "closed" if merged else "open",
                "merged_at": "2026-01-02T00:00:00Z" if merged else None,
                "body": None,
            }
            for number, merged in self.pulls[commit]
        ]

    def _reviews_of(self, number: int, exchange: Exchange) -> Reply:
        if number not in self.reviews:
            return 404, {"message": "Not Found", "status": "404"}
        size = min(int(exchange.query.get("per_page", ["30"])[0]), 100)
        first = (int(exchange.query.get("page", ["1"])[0]) - 1) * size
        listed = [
            {
                "id": position,
                "user": {"login": one.login, "type": "User"} if one.login else None,
                "body": "",
                "state": one.state,
                "submitted_at": "2026-01-01T00:00:00Z",
                "commit_id": "c" * 40,
            }
            for position, one in enumerate(self.reviews[number])
        ]
        return 200, listed[first : first + size]

"""Why a bundle counts for nothing, in one place: the sentences that all checks of bundles begin with."""

from shipseal.attest.bundle_wire import unreadable
from shipseal.attest.interface import RejectedError, Rejection

__all__ = ["unreadable", "untrusted"]


def untrusted(
    problem: str, *, expected: str = "", got: str = "", hint: str = "", claims: str = ""
) -> RejectedError:
    """Return the error that says that nobody who is trusted stands behind a bundle.

    Args:
        problem: what does not hold.
        expected: what would have been accepted.
        got: what was there; by default the problem itself.
        hint: what to do.
        claims: the predicate type that the bundle claims.
    """
    return RejectedError(
        Rejection.UNTRUSTED,
        f"Sigstore bundle: {problem}",
        hint=hint or "do not use what it is about, unless you know why this is so",
        expected=expected,
        got=got or problem,
        claims=claims,
    )

"""The statement in a bundle: believed when its signature was verified, shown when it was not."""

from shipseal.attest.interface import RejectedError, Rejection
from shipseal.errors import AttestError
from shipseal.intoto.statement import Statement, parse_statement


def statement_in(payload: bytes) -> Statement:
    """Return the statement in bytes that somebody who is trusted signed.

    Raises:
        RejectedError: unreadable.
    """
    try:
        return parse_statement(payload)
    except AttestError as error:
        raise RejectedError(Rejection.UNREADABLE, error.message, hint=error.hint) from error


def claimed_type(payload: bytes) -> str:
    """Return the predicate type that bytes claim, although nobody who is trusted signed them; empty for none."""
    try:
        return parse_statement(payload).predicate_type
    except AttestError:
        return ""

"""The statement in a bundle: believed when its signature was verified, shown when it was not."""

from shipseal.attest.bundle import Envelope
from shipseal.attest.dsse import pae
from shipseal.attest.interface import RejectedError, Rejection
from shipseal.attest.rejections import unreadable
from shipseal.errors import AttestError
from shipseal.intoto.statement import PAYLOAD_TYPE, Statement, parse_statement


def message_of(envelope: Envelope) -> bytes:
    """Return what the signatures of an envelope with a statement are over.

    Raises:
        RejectedError: unreadable: it says that it holds something else.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise unreadable(f"its payload is {envelope.payload_type[:200]!r}, no in-toto statement")
    return pae(envelope.payload_type, envelope.payload)


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

"""A bundle is read and verified, and every step of that is kept: for one that is genuine as for one that is not."""

from collections.abc import Callable

from shipseal.attest.bundle import Bundle, parse_bundle
from shipseal.attest.interface import RejectedError, VerifiedStatement
from shipseal.attest.trail import Trail


def followed(
    raw: bytes, verify_parsed: Callable[[Bundle, Trail], VerifiedStatement]
) -> VerifiedStatement:
    """Return the statement of the bundle in ``raw``, with the steps that led to it.

    Args:
        raw: any bytes.
        verify_parsed: verifies a bundle that was read.

    Raises:
        RejectedError: as ``verify_parsed``, with the steps up to the one that did not hold.
    """
    trail = Trail()
    try:
        # Step 3: the bundle is read, strictly.
        bundle = parse_bundle(raw)
        trail.add("3", "bundle", f"v{bundle.version}")
        return verify_parsed(bundle, trail)
    except RejectedError as error:
        error.steps = trail.ended(error.got or error.message, error.expected)
        raise

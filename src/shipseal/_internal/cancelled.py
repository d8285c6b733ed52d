"""Work that was called off, as an exception."""


class CancelledError(Exception):
    """The work was called off; it is not a failure of its own."""

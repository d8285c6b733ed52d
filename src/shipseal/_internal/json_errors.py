"""What decoding JSON from outside may raise: not all of it is the decoder's own kind of error."""

import msgspec

NOT_JSON: tuple[type[Exception], ...] = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""A damaged document, text within it that is not UTF-8, lists in lists beyond what a stack holds."""

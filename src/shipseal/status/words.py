"""Texts and times of a page, made safe: strangers write them, and they end up in terminals, logs and journals."""

import unicodedata
from urllib.parse import urlsplit

from shipseal._internal.clock import parse_rfc3339, rfc3339
from shipseal._internal.redact import redact

MOST_TEXT = 200
MOST_COMPONENTS = 500
MOST_INCIDENTS = 50
_MOST_URL = 500


def clean(text: object) -> str:
    """Return ``text`` as one short line without control and formatting characters, and without secrets."""
    if not isinstance(text, str):
        return ""
    words = " ".join(text[: 4 * MOST_TEXT].split())
    plain = "".join(
        char for char in words if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    plain = redact(plain)
    return plain if len(plain) <= MOST_TEXT else f"{plain[: MOST_TEXT - 1]}…"


def moment(text: object) -> str:
    """Return a time as RFC 3339 in UTC; empty for what is none."""
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        return ""
    try:
        return rfc3339(parse_rfc3339(text))
    except ValueError:
        return ""


def address(text: object, otherwise: str) -> str:
    """Return a web address that a person may be sent to, else ``otherwise``."""
    if not isinstance(text, str) or len(text) > _MOST_URL or clean(text) != text[:MOST_TEXT]:
        return otherwise
    try:
        parts = urlsplit(text)
    except ValueError:
        return otherwise
    good = parts.scheme in ("https", "http") and parts.hostname and "@" not in parts.netloc
    return text if good and text.isascii() and " " not in text else otherwise

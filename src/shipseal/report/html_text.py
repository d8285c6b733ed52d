"""Make text from outside safe to stand in a page: nothing in it is markup, an address of another kind, or invisible."""

from html import escape

from shipseal.report.text import printable

SEVERITIES = ("critical", "high", "medium", "low", "negligible", "unknown")


def e(text: object, limit: int = 500) -> str:
    """Return ``text`` for the content of an element or for a quoted attribute."""
    return escape(printable(str(text), limit), quote=True)


def link(address: str, text: str) -> str:
    """Return a link that opens beside the page, or the text alone where there is no address of the web."""
    if not address.startswith(("https://", "http://")):
        return e(text)
    return f'<a href="{e(address, 2000)}" rel="noopener noreferrer nofollow" target="_blank">{e(text)}</a>'


def chip(severity: str, text: str = "") -> str:
    """Return a severity as a coloured word."""
    word = severity if severity in SEVERITIES else "unknown"
    return f'<span class="chip {word}">{e(text or word)}</span>'


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``1 package``, ``3 packages``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"

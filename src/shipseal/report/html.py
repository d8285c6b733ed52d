"""The scan as one page that works by itself: no network, no other file, no script but its own.

Package names and advisories are written by strangers, so everything is escaped, and besides, a content security policy
lets run only what this module wrote, by its hash.
"""

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files

from shipseal._internal.clock import rfc3339
from shipseal.report.fixes import Later
from shipseal.report.html_findings import findings_html
from shipseal.report.html_parts import (
    blocking_html,
    differences_html,
    facts_html,
    fixes_html,
    head_html,
    origins_html,
    totals_html,
)
from shipseal.report.html_text import e
from shipseal.report.interface import ScanOverview

_FOLDER = "page"


def html_page(overview: ScanOverview, later: Later) -> str:
    """Return the page.

    Args:
        overview: the scan.
        later: the order of versions.
    """
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    body = "".join(_body(overview, later))
    subject = overview.subject
    title = f"{subject.name}:{subject.version}" if subject.version else subject.name
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>Vulnerabilities of {e(title, 200)}</title><style>{style}</style></head>\n"
        '<body><button type="button" id="theme" aria-label="Switch between light and dark">◐</button>'
        f"<main>{body}</main>\n<footer>Written by shipseal {e(overview.version)} at {rfc3339(overview.made)}.</footer>"
        f"<script>{script}</script></body></html>\n"
    )


def _body(overview: ScanOverview, later: Later) -> Iterator[str]:
    yield from head_html(overview)
    yield from totals_html(overview)
    yield from blocking_html(overview)
    yield from fixes_html(overview, later)
    yield from origins_html(overview)
    yield from findings_html(overview)
    yield from differences_html(overview)
    yield from facts_html(overview)


def _asset(name: str) -> str:
    return files("shipseal.report").joinpath(_FOLDER, name).read_text("utf-8").strip()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

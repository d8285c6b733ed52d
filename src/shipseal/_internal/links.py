"""``Link``: where the next page of a list is (RFC 8288, section 3)."""

import re
from collections.abc import Iterable

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*))", re.IGNORECASE)


def next_page(headers: Iterable[str]) -> str:
    """Return the target of the first link with relation ``next``, as it stands there; empty when there is none."""
    for header in headers:
        for match in _LINK.finditer(header):
            relation = _RELATION.search(match[2])
            # Relation types are compared without case, and there may be several.
            if relation and "next" in (relation[1] or relation[2] or "").lower().split():
                return match[1].strip()
    return ""

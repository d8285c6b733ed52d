"""The words of tracking issues and pull requests (S38, S40, S41). Pure.

What findings say comes from advisories and SBOMs, which anybody can write: it is quoted as code, so that it can neither
mention people nor close other issues.
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from shipseal._internal.clock import rfc3339
from shipseal.exceptions.assess import Assessment
from shipseal.ignores.render import day_or_moment
from shipseal.ignores.rules import IgnoreRule

LABEL = "vulnerability-ignore"
_UNSAFE = re.compile(r"[`\r\n|]+")
_ISSUE = re.compile(r"/([^/]+/[^/]+)/issues/(\d+)")
_BRANCH = re.compile(r"[^a-z0-9._-]+")
_MOST = 500
_MOST_NAME = 80
_MOST_HITS = 50


def mark(vulnerability: str) -> str:
    """Return what marks the issue of a vulnerability, so that it is found again; nobody sees it."""
    return f"<!-- shipseal:ignore:{_plain(vulnerability.upper())} -->"


def branch_name(action: str, vulnerabilities: Iterable[str]) -> str:
    """Return the name of the branch for a change; the same change has the same one."""
    names = [_BRANCH.sub("-", name.lower()).strip("-.") for name in vulnerabilities]
    whole = "-".join(filter(None, names)) or "rules"
    shown = whole[:_MOST_NAME].strip("-.")
    if shown != whole:
        # Of many, the first say too little: another change begins with the same.
        shown = f"{shown}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
    return f"shipseal/{action}-{shown}"


def issue_title(rule: IgnoreRule, severity: str) -> str:
    """Return the title of the tracking issue."""
    what = _plain(rule.description) or "a vulnerability"
    return f"Ignored for now: {_plain(rule.vulnerability)} ({severity}): {what}"[:200]


def issue_body(rule: IgnoreRule, found: Assessment) -> str:
    """Return the body of the tracking issue: id, severity, component, impact, upstream fix status, and what is hit."""
    first = found.first
    severity = str(first.severity) if first else "unknown"
    rows = [
        ("Vulnerability", ", ".join(map(code, found.ids))),
        ("Severity", severity),
        ("Description", code(rule.description)),
        ("Affected component", code(rule.component)),
        ("Impact", code(rule.impact)),
        ("Upstream fix", code(found.fix)),
        ("Upstream", link(rule.tracking)),
        ("Known to be exploited", _kev(found)),
        ("Exploitation within 30 days", _epss(found)),
        ("Remove when", code(rule.remove_when)),
        ("Ends", rfc3339(rule.until) if rule.until else "no end is set"),
        ("Owner", code(rule.owner)),
    ]
    table = "\n".join(f"| {name} | {text} |" for name, text in rows if text)
    hits = [
        f"- {code(hit.image)} {code(hit.version)} ({', '.join(hit.platforms)}): {code(', '.join(hit.packages))}"
        for hit in found.releases
    ]
    if len(hits) > _MOST_HITS:
        # The mark at the end must not be cut off.
        hits = [*hits[:_MOST_HITS], f"- and {len(hits) - _MOST_HITS} more"]
    hit = "\n\n**Releases that have it**\n\n" + "\n".join(hits) if hits else ""
    return f"| | |\n| --- | --- |\n{table}{hit}\n\n{mark(rule.vulnerability)}\n"


def add_title(rule: IgnoreRule) -> str:
    """Return the title of the pull request, and of its commit; the day is the one that stands in the entry."""
    end = f" until {day_or_moment(rule.until)}" if rule.until else ""
    return f"Ignore {_plain(rule.vulnerability)}{end}"


def add_body(rule: IgnoreRule, issue: str, project: str) -> str:
    """Return the body of the pull request that adds an ignore; it refers to the issue and does not close it.

    Args:
        rule: what is added.
        issue: address of the tracking issue; empty when there is none.
        project: address of the repository that the pull request is in.
    """
    lines = [
        f"Refs {issue_reference(issue, project)}" if issue else "",
        f"Takes {code(rule.label)} out of the gate.",
        f"- Impact: {code(rule.impact)}" if rule.impact else "",
        f"- Component: {code(rule.component)}" if rule.component else "",
        f"- Remove when: {code(rule.remove_when)}" if rule.remove_when else "",
        f"- Ends: {rfc3339(rule.until)}" if rule.until else "- Ends: no end is set",
        f"- Owner: {code(rule.owner)}" if rule.owner else "",
    ]
    return "\n\n".join(filter(None, (*lines[:2], "\n".join(filter(None, lines[2:]))))) + "\n"


def issue_reference(issue: str, project: str) -> str:
    """Return an issue as GitHub's words for it, ``#12`` or ``org/app#12``, where that is known; else its address."""
    found = _ISSUE.search(urlsplit(issue).path)
    if not found or urlsplit(issue).netloc != urlsplit(project).netloc:
        return link(issue)
    same = project.rstrip("/").lower().endswith(f"/{found[1].lower()}")
    return f"#{found[2]}" if same else f"{found[1]}#{found[2]}"


def issue_number(issue: str, project: str) -> int | None:
    """Return the number of an issue of this repository; None for any other."""
    reference = issue_reference(issue, project) if issue else ""
    return int(reference[1:]) if re.fullmatch(r"#\d{1,9}", reference) else None


def code(text: str) -> str:
    """Return text in which nothing means anything to Markdown or GitHub; empty for none."""
    plain = " ".join(_UNSAFE.sub(" ", text).split())[:_MOST]
    return f"`{plain}`" if plain else ""


def link(text: str) -> str:
    """Return an address that becomes a link; anything else as code."""
    return f"<{text}>" if re.fullmatch(r"https?://[^\s<>`|]{1,400}", text) else code(text)


def _plain(text: str) -> str:
    """Return text for a title: one line, nobody mentioned."""
    return " ".join(text.replace("@", "(at)").replace("#", "").replace("--", "-").split())


def _kev(found: Assessment) -> str:
    kev = found.first.kev if found.first else None
    return f"since {kev.added.isoformat()}" if kev else ""


def _epss(found: Assessment) -> str:
    epss = found.first.epss if found.first else None
    return f"{epss.probability:.1%} likely (EPSS)" if epss else ""

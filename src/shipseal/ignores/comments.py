"""The comment block above an entry (S26): which part of the justification each of its lines is.

::

    # CVE-2026-0001: reads past the end of a buffer
    # Impact assessment: the parser is not reachable from outside
    # Affected component: libfoo, in the base image
    # Tracking: https://example.org/upstream/1
    # Issue: https://example.org/own/2
    # TODO: Remove when libfoo >= 1.2.3 is in the base image

A line without a label goes on with the one before it; an empty comment line ends that.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from shipseal.ignores.keys import OWN_KEYS, plain_key

VULNERABILITY = re.compile(
    r"(?:CVE-\d{4}-\d{3,}|GHSA(?:-[0-9a-z]{4}){3}|[A-Z][A-Za-z]{1,15}-\d{4}[-:]\d+|GO-\d{4}-\d+)",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"(?P<label>[A-Za-z][A-Za-z _-]{0,40}?)\s*[:=]\s*(?P<value>.*)")
_DASHES = "\u2013\u2014"
_TO_DO = rf"(?:(?:TODO|FIXME)(?:\s*\([^)]*\))?\s*[:{_DASHES}-]?\s*)?"
_REMOVE_IT = r"remov(?:e|al|ed)\s+(?:(?:this|the|it|entry|rule|ignore)\s+)*"
_REMOVE = re.compile(
    rf"{_TO_DO}{_REMOVE_IT}(?:when|once|if|as soon as)\s+(?P<value>.+)", re.IGNORECASE
)
_REMOVE_AT = re.compile(
    rf"{_TO_DO}{_REMOVE_IT}(?P<value>(?:after|on|by|until|in|with)\s+.+)", re.IGNORECASE
)
_TODO = re.compile(r"(?:TODO|FIXME)\b", re.IGNORECASE)
_ABOUT = re.compile(
    rf"(?P<id>{VULNERABILITY.pattern})\s*(?:[:={_DASHES}]|-(?=\s)|$)\s*(?P<value>.*)", re.I
)
_BULLET = re.compile(r"^[-*•]\s+")
_WAS_ENTRY = re.compile(
    r"-\s+\{?\s*[\"']?vulnerability[\"']?\s*:\s*[\"']?(?P<id>CVE-\d{4}-\d+)", re.I
)
_OWN_LABELS = {"cve": "description", "vulnerability": "description", "see": "tracking"}


def parts_of(comment: str) -> Mapping[str, str]:
    """Return the parts that ``comment`` states, by field of a rule.

    Args:
        comment: lines without their ``#``.
    """
    found: dict[str, str] = {}
    for field, value in _statements(comment.splitlines()):
        if value and field not in found:
            found[field] = value
    return found


def own_lines(comment: str, vulnerability: str) -> str:
    """Return ``comment`` without what it says of another CVE: that justifies nothing here.

    It comes there with an entry that was copied, or that was commented out above this one. Ids of other kinds may be
    names of the same.

    Args:
        comment: lines without their ``#``.
        vulnerability: id of the entry's own.
    """
    mine = vulnerability.upper()
    if not mine.startswith("CVE-"):
        return comment
    lines = comment.splitlines()
    out = [number for number, line in enumerate(lines) if _was_entry_of(line) not in ("", mine)]
    lines = lines[out[-1] + 1 :] if out else lines
    heads = [
        (number, head["id"].upper())
        for number, line in enumerate(lines)
        if (head := _ABOUT.match(_bare(line))) and head["id"].upper().startswith("CVE-")
    ]
    if not heads:
        return "\n".join(lines)
    own = next((number for number, name in heads if name == mine), len(lines))
    return "\n".join([*lines[: heads[0][0]], *lines[own:]])


def about(comment: str) -> tuple[str, ...]:
    """Return the vulnerabilities that lines of ``comment`` begin with."""
    heads = (_ABOUT.match(_bare(line)) for line in comment.splitlines())
    return tuple(found["id"] for found in heads if found)


def _was_entry_of(line: str) -> str:
    """Return the CVE of an entry that was commented out; empty for any other line."""
    found = _WAS_ENTRY.match(line)
    return found["id"].upper() if found else ""


def _statements(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    field, words = "", [""]
    for line in lines:
        bare = _bare(line)
        stated = _statement(bare)
        if stated is None and bare and field:
            words.append(bare)
            continue
        if field:
            yield field, " ".join(filter(None, words))
        field, words = (stated[0], [stated[1]]) if stated else ("", [""])
    if field:
        yield field, " ".join(filter(None, words))


def _statement(line: str) -> tuple[str, str] | None:
    """Return the field that a line begins, and its value; no field for what is nobody's; None when it goes on."""
    removal = _REMOVE.fullmatch(line) or _REMOVE_AT.fullmatch(line)
    if removal:
        return "remove_when", removal["value"].strip()
    if _TODO.match(line):
        return "", line
    if head := _ABOUT.fullmatch(line):
        return "description", head["value"].strip()
    labelled = _LABELLED.fullmatch(line)
    if labelled:
        key = plain_key(labelled["label"])
        field = OWN_KEYS.get(key) or _OWN_LABELS.get(key)
        if field:
            return field, _without_id(field, labelled["value"].strip())
    return None


def _without_id(field: str, value: str) -> str:
    """Return what ``# CVE: CVE-2026-0001: text`` says beside the id."""
    head = _ABOUT.fullmatch(value) if field == "description" else None
    return head["value"].strip() if head else value


def _bare(line: str) -> str:
    return _BULLET.sub("", line.strip())

"""A rule as text of a ``.grype.yaml``: the runbook's comment block (S26), then the keys."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from shipseal._internal.clock import rfc3339
from shipseal.ignores.rules import IgnoreRule, PackageCondition

_BARE = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")


def entry_lines(rule: IgnoreRule) -> list[str]:
    """Return the lines of an entry in block form, from the left edge: comments, then the keys behind a dash.

    Args:
        rule: what it says; index, line, comment and problem do not count.
    """
    keys = list(_key_lines(rule))
    return [*comment_lines(rule), *(f"{'  ' if n else '- '}{line}" for n, line in enumerate(keys))]


def comment_lines(rule: IgnoreRule) -> list[str]:
    """Return the justification as comment lines."""
    head = rule.vulnerability or "Description"
    labelled = (
        (head, rule.description),
        ("Impact assessment", rule.impact),
        ("Affected component", rule.component),
        ("Tracking", rule.tracking),
        ("Issue", rule.issue),
    )
    found = [f"# {label}: {text}" for label, said in labelled if (text := _line(said))]
    removal = _line(rule.remove_when)
    return [*found, f"# TODO: {_removal(removal)}"] if removal else found


def flow_lines(rule: IgnoreRule) -> list[str]:
    """Return the lines of an entry in braces: comments, then one line of keys."""
    pairs = []
    for key, value in _keys(rule):
        pairs.append(f"{key}: {value}")
    if package := list(_package(rule.package)):
        inner = ", ".join(f"{key}: {value}" for key, value in package)
        pairs.append(f"package: {{{inner}}}")
    return [*comment_lines(rule), f"{{{', '.join(pairs)}}}"]


def day_or_moment(until: datetime) -> str:
    """Return an end as people write it: the last day on which the rule counts, or the moment."""
    until = until.astimezone(UTC)
    if until.time() == time():
        return (until - timedelta(days=1)).date().isoformat()
    return rfc3339(until)


def _key_lines(rule: IgnoreRule) -> Iterator[str]:
    for key, value in _keys(rule):
        yield f"{key}: {value}"
    if package := list(_package(rule.package)):
        yield "package:"
        for key, value in package:
            yield f"  {key}: {value}"


def _keys(rule: IgnoreRule) -> Iterator[tuple[str, str]]:
    if rule.vulnerability:
        yield "vulnerability", _scalar(rule.vulnerability)
    if rule.include_aliases:
        yield "include-aliases", "true"
    for key, text in (
        ("reason", rule.reason),
        ("namespace", rule.namespace),
        ("fix-state", rule.fix_state),
        ("match-type", rule.match_type),
        ("vex-status", rule.vex_status),
        ("vex-justification", rule.vex_justification),
        ("owner", rule.owner),
    ):
        if text:
            yield key, _scalar(text)
    if rule.until:
        end = day_or_moment(rule.until)
        yield "expires", end if _DAY.fullmatch(end) else f'"{end}"'


def _package(package: PackageCondition) -> Iterator[tuple[str, str]]:
    for key, text in (
        ("name", package.name),
        ("version", package.version),
        ("language", package.language),
        ("type", package.type),
        ("location", package.location),
        ("upstream-name", package.upstream_name),
    ):
        if text:
            yield key, _scalar(text)


def _scalar(text: str) -> str:
    """Return ``text`` as YAML: bare where that is surely a text, else in double quotes."""
    if _BARE.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _removal(text: str) -> str:
    word = text.split(" ", 1)[0].lower()
    return f"Remove {text}" if word in ("after", "on", "by", "until") else f"Remove when {text}"

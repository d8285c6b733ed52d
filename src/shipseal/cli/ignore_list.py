"""``shipseal ignore list``: every rule with its end, its owner and its reason."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from shipseal._internal.clock import Clock, SystemClock, rfc3339
from shipseal.cli.columns import Column
from shipseal.cli.output import print_table, say
from shipseal.ignores.justification import IgnoreTerms
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule
from shipseal.wiring.ignores import ignores_asked, terms_asked

_COLUMNS = (
    Column("line", fixed=True),
    Column("rule"),
    Column("state", fixed=True),
    Column("ends", fixed=True),
    Column("owner"),
    Column("reason"),
)


def list_document(
    file: Path | None, config: Path | None, clock: Clock | None = None
) -> dict[str, Any]:
    """Return the rules as JSON.

    Args:
        file: with the rules; None for the one of the configuration.
        config: the configuration; None for the one in this folder, if there is one.
        clock: says what has ended; default: the system's.

    Raises:
        ConfigError: a file that was named is not there, or is no file of rules.
    """
    path, text = ignores_asked(file, config, os.environ)
    from shipseal.ignores.read import read_ignores  # noqa: PLC0415 - slow to import

    now = (clock or SystemClock()).now()
    terms, _ = terms_asked(config, os.environ)
    rules = read_ignores(text, name=str(path)).rules
    return {"file": str(path), "rules": [_rule(rule, terms, now) for rule in rules]}


def state_of(rule: IgnoreRule, terms: IgnoreTerms, now: datetime) -> str:
    """Return whether a rule ignores, or why not, in a word.

    Args:
        rule: which.
        terms: what it owes.
        now: when.
    """
    if RuleMatcher(rule).problem:
        return "acts through VEX" if rule.vex_status and not rule.problem else "unusable"
    if rule.expired(now):
        return "ended"
    return "unjustified" if terms.refused(rule) else "in force"


def _rule(rule: IgnoreRule, terms: IgnoreTerms, now: datetime) -> dict[str, Any]:
    return {
        "index": rule.index,
        "line": rule.line,
        "rule": rule.label,
        "vulnerability": rule.vulnerability,
        "state": state_of(rule, terms, now),
        "problem": RuleMatcher(rule).problem,
        "missing": [str(part) for part in terms.lacking(rule)],
        "until": rfc3339(rule.until) if rule.until else None,
        "owner": rule.owner,
        "reason": rule.why,
        "tracking": rule.tracking,
        "issue": rule.issue,
    }


def print_list(document: Mapping[str, Any]) -> None:
    """Print the rules as a table."""
    rows = [
        [
            str(item["line"]),
            item["rule"],
            item["state"],
            item["until"] or "",
            item["owner"],
            item["reason"],
        ]
        for item in document["rules"]
    ]
    if not rows:
        say(f"{document['file']}: no rules")
        return
    print_table(_COLUMNS, rows)

"""``shipseal ignore explain``: what the rules say of one vulnerability."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shipseal._internal.clock import Clock, rfc3339
from shipseal._internal.vulnerability_ids import vulnerability_id
from shipseal.cli.ignore_lint import LintWish, findings_of
from shipseal.cli.ignore_list import state_of
from shipseal.cli.output import say, say_wrapped
from shipseal.errors import ConfigError
from shipseal.ignores.conditions import met_by
from shipseal.ignores.found import Found
from shipseal.ignores.justification import IgnoreTerms
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.nearest import why_nothing
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding
from shipseal.wiring.ignores import ignores_asked, terms_asked
from shipseal.wiring.orders import compare_packages

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter


def explained(
    asked: str, wish: LintWish, env: Mapping[str, str], clock: Clock, reporter: "Reporter"
) -> dict[str, Any]:
    """Return what the rules say of a vulnerability, as JSON.

    Args:
        asked: its id, in any case.
        wish: the file of rules, and what was found.
        env: the environment.
        clock: says what has ended.
        reporter: hears of progress.

    Raises:
        ConfigError: that is no id, or a file cannot be read.
        ShipsealError: what was named could not be scanned.
    """
    try:
        vulnerability_id(asked)
    except ValueError as error:
        raise ConfigError(f"{asked!r}: {error}", hint="write it as advisories do") from error
    path, text = ignores_asked(wish.file, wish.config, env)
    rules = read_ignores(text, name=str(path)).rules
    terms, _ = terms_asked(wish.config, env)
    found = findings_of(wish, clock, reporter)
    about = [one for one in found or () if asked.upper() in _names(one)]
    names = {asked.upper()}.union(*map(_names, about))
    matchers = [matcher for rule in rules if _speaks(matcher := RuleMatcher(rule), names, about)]
    return {
        "file": str(path),
        "vulnerability": asked,
        "scanned": found is not None,
        "rules": [_rule(matcher, about, terms, clock) for matcher in matchers],
        "findings": [_finding(one, matchers) for one in about],
    }


def _names(finding: Finding) -> set[str]:
    return {name.upper() for name in (finding.id, *finding.aliases)}


def _speaks(matcher: RuleMatcher, names: set[str], about: Sequence[Finding]) -> bool:
    named = matcher.rule.vulnerability.upper() in names
    return named or any(map(matcher.holds, about))


def _rule(
    matcher: RuleMatcher, about: Sequence[Finding], terms: IgnoreTerms, clock: Clock
) -> dict[str, Any]:
    rule = matcher.rule
    held = [finding for finding in about if matcher.holds(finding)]
    return {
        "index": rule.index,
        "line": rule.line,
        "rule": rule.label,
        "state": _state(rule, held, terms, clock),
        "missing": [str(part) for part in terms.lacking(rule)],
        "problem": matcher.problem,
        "holds": len(held),
        "why": "" if held or not about or matcher.problem else why_nothing(matcher, Found(about)),
        "reason": rule.why,
        "impact": rule.impact,
        "component": rule.component,
        "tracking": rule.tracking,
        "issue": rule.issue,
        "removeWhen": rule.remove_when,
        "met": met_by(compare_packages, clock.now())(rule, held),
        "owner": rule.owner,
        "until": rfc3339(rule.until) if rule.until else None,
    }


def _state(rule: IgnoreRule, held: Sequence[Finding], terms: IgnoreTerms, clock: Clock) -> str:
    state = state_of(rule, terms, clock.now())
    if state == "ended" or not terms.ends_when_met:
        return state
    return "over" if met_by(compare_packages, clock.now())(rule, held) else state


def _finding(finding: Finding, matchers: Sequence[RuleMatcher]) -> dict[str, Any]:
    return {
        "id": finding.id,
        "aliases": list(finding.aliases),
        "package": finding.package.name,
        "version": finding.package.version,
        "severity": str(finding.severity),
        "fix": ", ".join(finding.fix_versions) or str(finding.fix_state),
        "ignoredBy": [matcher.rule.index for matcher in matchers if matcher.holds(finding)],
    }


def print_explained(document: Mapping[str, Any]) -> None:
    """Print what the rules say of a vulnerability.

    Args:
        document: as :func:`explained` returns it.
    """
    asked, rules = document["vulnerability"], document["rules"]
    if not rules:
        say_wrapped(f"{document['file']}: no rule is about {asked}")
    for rule in rules:
        for line in _lines(rule):
            say_wrapped(line)
    if not document["scanned"]:
        say_wrapped("what they take out is known with --results, --sbom or --image")
        return
    if not document["findings"]:
        say(f"{asked} was not found")
    for item in document["findings"]:
        by = ", ".join(f"rule {index + 1}" for index in item["ignoredBy"])
        package = f"{item['package']} {item['version']}"
        state = f"held by {by}" if by else "held by no rule"
        say_wrapped(f"{item['id']} ({item['severity']}) in {package}, fix {item['fix']}: {state}")


def _lines(rule: Mapping[str, Any]) -> Iterator[str]:
    yield f"rule {rule['index'] + 1}, line {rule['line']}: {rule['rule']}: {rule['state']}"
    end = rule["until"] or "no end"
    yield f"  owner {rule['owner'] or 'not named'}, {'until ' if rule['until'] else ''}{end}"
    for key, label in (
        ("reason", "reason"),
        ("impact", "impact"),
        ("component", "component"),
        ("tracking", "upstream"),
        ("issue", "issue"),
        ("removeWhen", "remove when"),
    ):
        if rule[key]:
            yield f"  {label}: {rule[key]}"
    if rule["met"]:
        yield f"  what it waited for has come about: {rule['met']}"
    if rule["missing"]:
        yield f"  lacks {', '.join(rule['missing'])}"
    if rule["problem"]:
        yield f"  does not ignore: {rule['problem']}"
    if rule["why"]:
        yield f"  takes out nothing: {rule['why']}"

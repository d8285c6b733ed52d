"""``shipseal ignore lint``: what each rule owes and lacks, and whether it does what it was meant to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal._internal.clock import Clock
from shipseal.cli.output import say, say_wrapped, tell
from shipseal.errors import ConfigError
from shipseal.ignores.justification import HOW_TO, IgnoreTerms
from shipseal.ignores.lint import DEFECTS, Against, LintedRule, LintReport, lint
from shipseal.ignores.read import read_ignores
from shipseal.wiring.ignores import ignores_asked, terms_asked

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter
    from shipseal.scan.interface import Finding, ScanReport


@dataclass(frozen=True, slots=True)
class LintWish:
    """What a command line asks for.

    Attributes:
        file: with the rules; None for that of the configuration.
        config: the configuration; None for the one in this folder, if there is one.
        results: file with results of a scan.
        sbom: file with an SBOM, to be scanned.
        image: image, to be catalogued and scanned.
        db: advisory database for that.
        engine: what scans; None leaves it to the configuration.
    """

    file: Path | None = None
    config: Path | None = None
    results: Path | None = None
    sbom: Path | None = None
    image: str | None = None
    db: Path | None = None
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class Linted:
    """What a lint found.

    Attributes:
        path: the file.
        report: what is wrong with it.
        terms: what was required.
    """

    path: Path
    report: LintReport
    terms: IgnoreTerms


def linted(wish: LintWish, env: Mapping[str, str], clock: Clock, reporter: "Reporter") -> Linted:
    """Return what is wrong with the rules.

    Args:
        wish: what is asked for.
        env: the environment.
        clock: says what has ended.
        reporter: hears of progress.

    Raises:
        ConfigError: a file cannot be read, or is none of its kind.
        ShipsealError: what was named could not be scanned.
    """
    path, text = ignores_asked(wish.file, wish.config, env)
    file = read_ignores(text, name=str(path))
    terms, soon = terms_asked(wish.config, env)
    findings = findings_of(wish, clock, reporter)
    from shipseal.ignores.conditions import met_by  # noqa: PLC0415 - only where rules are read
    from shipseal.wiring.orders import compare_packages  # noqa: PLC0415

    now = clock.now()
    against = Against(now, timedelta(seconds=soon), findings, met_by(compare_packages, now))
    return Linted(path, lint(file, against, terms), terms)


def findings_of(wish: LintWish, clock: Clock, reporter: "Reporter") -> "tuple[Finding, ...] | None":
    """Return what rules are held against; None when nothing is named.

    Raises:
        ConfigError: several things are named, or one is not there.
        ShipsealError: it could not be scanned.
    """
    named = [name for name in ("results", "sbom", "image") if getattr(wish, name) is not None]
    if len(named) > 1:
        raise ConfigError(
            f"--{named[0]} and --{named[1]}: rules are held against one thing",
            hint="name one of them",
        )
    if wish.results is not None:
        from shipseal.wiring.previous import reports_in  # noqa: PLC0415 - only where it is named

        reports = reports_in(wish.results, now=clock.now())
    elif named:
        reports = _scanned(wish, clock, reporter)
    else:
        return None
    return tuple(finding for report in reports for finding in report.findings)


def _scanned(wish: LintWish, clock: Clock, reporter: "Reporter") -> "tuple[ScanReport, ...]":
    from shipseal.cli.scan_rules import rules_of  # noqa: PLC0415 - only where something is scanned
    from shipseal.cli.scan_run import look  # noqa: PLC0415
    from shipseal.cli.scan_wish import SBOM, Output, ScanWish, checked  # noqa: PLC0415

    asked = checked(
        ScanWish(
            source=wish.image or f"{SBOM}{wish.sbom}",
            outputs=(Output("json"),),
            engine=wish.engine,
            db=wish.db,
            config=wish.config,
        )
    )
    return look(asked, rules_of(asked, reporter), clock, reporter).reports


def print_lint(found: Linted, *, against: bool) -> None:
    """Print what is wrong, a rule at a time, and the decision in one line.

    Args:
        found: what a lint found.
        against: whether the rules were held against findings.
    """
    report = found.report
    for item in report.rules:
        for line in _rule_lines(item, found.terms):
            say_wrapped(line)
    lacking = sum(bool(item.lacking) for item in report.rules)
    broken = sum(any(one.kind in DEFECTS for one in item.problems) for item in report.rules)
    count = len(report.rules)
    held = ", held against what was found" if against else ""
    if not report.refused:
        say(f"{found.path}: {count} rule(s), all justified{held}")
        return
    told = [f"{lacking} not justified"] if lacking else []
    told += [f"{broken} not what was meant"] if broken else []
    say(f"{found.path}: {count} rule(s), {' and '.join(told)}{held}")


def _rule_lines(item: LintedRule, terms: IgnoreTerms) -> Iterator[str]:
    rule = item.rule
    if not item.missing and not item.problems:
        return
    yield f"line {rule.line}: {rule.label}"
    for part in item.missing:
        need = "" if part in terms.require else " (not required)"
        yield f"  lacks {part}{need}: {HOW_TO[part]}"
    for problem in item.problems:
        yield f"  {problem}"


def tell_remarks(found: Linted) -> None:
    """Tell of the file what is about no rule, on standard error."""
    for remark in found.report.remarks:
        tell(f"{found.path}:{remark.line}: {remark.text}")

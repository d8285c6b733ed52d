"""What `shipseal gate explain` explains: a decision that was kept, or one that is made now."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipseal._internal.clock import Clock
from shipseal.checks import Status
from shipseal.cli.scan_rules import ScanRules, rules_of
from shipseal.cli.scan_run import look
from shipseal.cli.scan_wish import ATTESTED, SBOM, Output, ScanWish, checked
from shipseal.errors import ConfigError, ShipsealError
from shipseal.gate.decision import decide, explain
from shipseal.ignores.vex.document import ImageNames, Statements
from shipseal.ignores.vex.names import image_names
from shipseal.oci import parse_digest
from shipseal.release.folders import StateFolder
from shipseal.release.known import Known, find, survey
from shipseal.scan.interface import ScanReport
from shipseal.wiring.advice import advise
from shipseal.wiring.image_names import names_of
from shipseal.wiring.orders import compare_packages
from shipseal.wiring.previous import reports_in, reports_of
from shipseal.wiring.state import FILE_NAME, state_folder

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter

SCHEMA = "urn:shipseal:schema:gate-explanation:1"
_LATER: Mapping[str, Any] = {
    "rules": [],
    "previous": None,
    "mustFix": [],
    "notes": [],
    "met": [],
    "vex": [],
    "withoutEffect": [],
}
"""What the reports of an older shipseal have not."""
_NO_ADVICE = {"command": "", "version": "", "note": ""}


@dataclass(frozen=True, slots=True)
class ExplainWish:
    """What a command line asks for.

    Attributes:
        what: release, version, file, or ``sbom:FILE``; None for the latest release.
        policy: file with the keys of ``gate`` at its top.
        config: a configuration.
        again: whether a release is held against today's configuration.
        ignores: file of ignore rules.
        must_fix: vulnerabilities that must be gone.
        since: file with an earlier scan.
        engine: what scans an SBOM.
        db: advisory database for that.
        finding: only this vulnerability.
        status: only findings that were judged so.
    """

    what: str | None = None
    policy: Path | None = None
    config: Path | None = None
    again: bool = False
    ignores: Path | None = None
    must_fix: tuple[str, ...] = ()
    since: Path | None = None
    engine: str | None = None
    db: Path | None = None
    finding: str | None = None
    status: str | None = None

    @property
    def decides(self) -> bool:
        """Whether a release is to be held against something else than it was."""
        return bool(self.again or self.policy or self.must_fix or self.since or self.ignores)


def explanation(
    wish: ExplainWish, env: Mapping[str, str], clock: Clock, reporter: "Reporter"
) -> dict[str, Any]:
    """Return the explanation (schema ``gate-explanation.schema.json``).

    Args:
        wish: what is asked for.
        env: the environment, for where releases are.
        clock: where the time comes from.
        reporter: hears of progress.

    Raises:
        ConfigError: what is asked for is not there, or is held against nothing.
        ShipsealError: it could not be read or scanned.
    """
    if wish.status is not None and wish.status not in set(Status) - {Status.SKIPPED}:
        raise ConfigError(
            f"--status {wish.status!r}: no such word", hint="known are fail, unknown, pass, ignored"
        )
    document = _document(wish, env, clock, reporter)
    document["findings"] = [item for item in document["findings"] if _is_asked_for(item, wish)]
    return document


def _document(
    wish: ExplainWish, env: Mapping[str, str], clock: Clock, reporter: "Reporter"
) -> dict[str, Any]:
    text = wish.what or ""
    if text.startswith((SBOM, ATTESTED)):
        rules = _rules(wish, reporter, source=text)
        found = look(_scan_wish(wish, text), rules, clock, reporter)
        subject = found.materials.subject
        digests = (subject.digest, *found.materials.digests)
        return _decided(found.reports, rules, clock, text, image_names((subject.name,), digests))
    if text and Path(text).is_file():
        rules = _rules(wish, reporter, source=text)
        reports = reports_in(Path(text), now=clock.now())
        return _decided(reports, rules, clock, text, ImageNames())
    state = state_folder(wish.config, env)
    release = find(state, text) if text else survey(state).latest()
    if not wish.decides:
        return _kept(release, state)
    rules = _rules(wish, reporter, source="")
    reports = reports_of(release, state, now=clock.now())
    called = f"{_called(release)}, decided again"
    return _decided(reports, rules, clock, called, names_of(release))


def _rules(wish: ExplainWish, reporter: "Reporter", *, source: str) -> ScanRules:
    rules = rules_of(_scan_wish(wish, source), reporter)
    if rules.policy is None:
        raise ConfigError(
            "nothing says what refuses",
            hint="name a policy with --policy or --config",
        )
    return rules


def _scan_wish(wish: ExplainWish, source: str) -> ScanWish:
    """Return the same as a scan asks it, so that both are decided by the same rules."""
    config = wish.config
    if not source and config is None:
        config = Path(FILE_NAME)  # a release is decided by the configuration
    return checked(
        ScanWish(
            source=source or SBOM + "release",
            outputs=(Output("json"),),
            engine=wish.engine,
            db=wish.db,
            policy=wish.policy,
            config=None if wish.policy else config,
            ignores=wish.ignores,
            must_fix=wish.must_fix,
            since=wish.since,
        )
    )


def _decided(
    reports: tuple[ScanReport, ...],
    rules: ScanRules,
    clock: Clock,
    source: str,
    image: ImageNames,
) -> dict[str, Any]:
    """Decide now, and tell every step."""
    if rules.policy is None:
        raise AssertionError("rules without a policy were refused")
    report = decide(
        reports,
        rules.policy,
        rules.ignores,
        now=clock.now(),
        previous=rules.previous,
        vex=Statements(rules.vex, image),
        compare=compare_packages,
    )
    document = report.to_json(advise) | {"schema": SCHEMA, "source": source}
    steps = explain(report, rules.previous)
    for item, taken in zip(_findings(document), steps, strict=True):
        item["steps"] = [
            {"key": step.key, "text": step.text, "decides": step.status and str(step.status)}
            for step in taken
        ]
    return document


def _kept(release: Known, state: StateFolder) -> dict[str, Any]:
    """Return the decision as it was made, with the step that decided about each finding."""
    record = release.state.gate
    if record is None:
        raise ConfigError(
            f"release {release.identifier}: its gate has not decided yet",
            hint="shipseal release resume goes on with it",
        )
    try:
        document: dict[str, Any] = json.loads(state.blobs.read(parse_digest(record.report)))
    except (ShipsealError, ValueError) as error:
        raise ConfigError(
            f"release {release.identifier}: the report of its gate is not there any more: {error}",
            hint="scan the image again: shipseal scan",
        ) from error
    document |= {"schema": SCHEMA, "source": _called(release)}
    for name, value in _LATER.items():
        document.setdefault(name, value)
    for item in _findings(document):
        item.setdefault("decidedBy", _key_in(item["rule"]))
        item.setdefault("advice", _NO_ADVICE)
        step = {"key": item["decidedBy"], "text": item["rule"], "decides": item["status"]}
        item["steps"] = [step]
    return document


def _called(release: Known) -> str:
    plan = release.state.plan
    return f"release {plan.version} ({release.identifier})" if plan else release.identifier


def _findings(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return document["findings"]  # type: ignore[no-any-return]


def _key_in(rule: str) -> str:
    """Return the key that a rule's text names: reports of an older shipseal have the text alone."""
    if rule.startswith("ignored by"):
        return "ignores"
    return rule.removeprefix("below ").partition(":")[0] or "gate"


def _is_asked_for(item: Mapping[str, Any], wish: ExplainWish) -> bool:
    if wish.status and item["status"] != wish.status:
        return False
    if wish.finding is None:
        return True
    names = {name.upper() for name in (item["id"], *item["aliases"])}
    return wish.finding.upper() in names

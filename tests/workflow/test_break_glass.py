"""A person publishes in spite of the gate: what that overrides, for how long, and what it never overrides."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shipseal.errors import Code, Exit, RegistryError
from shipseal.evidence.collect import collect
from shipseal.intoto.predicates import Family
from shipseal.intoto.statement import parse_statement
from shipseal.intoto.summary import parse_summary
from shipseal.oci import parse_digest
from shipseal.release.context import GlassWish, Mode
from shipseal.release.folders import StateFolder
from shipseal.release.journal import read_journal
from shipseal.release.result import ReleaseResult
from shipseal.release.session import Setup
from shipseal.release.state import replay
from shipseal.scan.interface import Finding, Package, Severity
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import Standing, Verdict
from tests.support.release_bench import CRITICAL, Bench

FOUND = "CVE-2099-0001 in left 1.0"
OTHER = Finding(
    "CVE-2099-0002", Severity.CRITICAL, Package("right", "1.0", "npm", "pkg:npm/right@1.0")
)


class Glass:
    """A bench whose gate refuses, and a person.

    Attributes:
        bench: the release.
        wish: what the person says; None for nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.bench.findings = (CRITICAL,)
        self.bench.adjust = self._adjust
        until = self.bench.clock.now() + timedelta(days=7)
        self.wish: GlassWish | None = GlassWish("INC-42", "ada", until)

    def _adjust(self, setup: Setup) -> Setup:
        rules = replace(setup.rules, glass=self.wish)
        return replace(setup, rules=rules)

    def events(self, kind: str) -> list[dict[str, object]]:
        """Return the data of the journal's events of a kind."""
        journal = StateFolder(self.bench.folder / self.bench.state).journal(self.bench.release)
        return [dict(event.data) for event in read_journal(journal) if event.kind == kind]

    def verdict(self, days: float = 0, *, accept: bool = True) -> Verdict:
        """Return what a consumer is told after ``days``."""
        bench = self.bench
        found = [collect(target, bench.sample.digest) for target in bench.targets]
        now = bench.clock.now() + timedelta(days=days)
        return decide(
            VerifyPolicy(accept_break_glass=accept), found, bench.setup().rules.trust, now=now
        )

    def seals(self) -> list[bytes]:
        """Return the predicates of all seals at the first target."""
        found = collect(self.bench.targets[0], self.bench.sample.digest)
        trust = self.bench.setup().rules.trust
        statements = [
            trust.verify(item.raw).statement for item in found.evidence[self.bench.sample.digest]
        ]
        return [one.predicate for one in statements if "verification_summary" in one.predicate_type]


@pytest.fixture
def glass(tmp_path: Path) -> Glass:
    return Glass(tmp_path)


def test_it_overrides_the_gate_and_everybody_is_told(glass: Glass) -> None:
    result = glass.bench.run()
    assert (result.status, result.exit) == ("done", Exit.OK)
    assert result.break_glass is not None
    assert (result.break_glass.person, result.break_glass.findings) == ("ada", (FOUND,))
    assert set(glass.bench.tags_at(0)) == set(glass.bench.tags_at(1)) == {"1.0.0", "latest"}
    (predicate,) = glass.seals()
    record = parse_summary(predicate).break_glass
    assert record is not None
    assert (record.reason, record.person, record.findings) == ("INC-42", "ada", (FOUND,))
    (noted,) = glass.events("gate.overridden")
    assert noted["overrides"] == ["fail"]


def test_consumers_see_it_may_refuse_it_and_it_ends(glass: Glass) -> None:
    glass.bench.run()
    shown = glass.verdict()
    assert shown.passed
    notes = " ".join(check.note for check in shown.checks)
    assert "break-glass by ada until 2026-01-09" in notes
    assert FOUND in notes
    refused = glass.verdict(accept=False)
    assert {check.standing for check in refused.failures()} == {Standing.REFUSED}
    ended = glass.verdict(days=7)
    assert not ended.passed
    assert Standing.TOO_OLD in {check.standing for check in ended.failures()}


def test_without_it_nothing_changes(glass: Glass) -> None:
    glass.wish = None
    result = glass.bench.run()
    assert (result.status, result.exit, result.break_glass) == ("refused", Exit.REFUSED, None)
    assert glass.bench.signer.signed == []


def test_one_that_is_not_needed_is_not_signed(glass: Glass) -> None:
    glass.bench.findings = ()
    result = glass.bench.run()
    assert (result.status, result.break_glass) == ("done", None)
    assert glass.events("gate.overridden") == []
    assert parse_summary(glass.seals()[0]).break_glass is None


def test_an_undecided_gate_is_overridden_only_in_so_many_words(glass: Glass) -> None:
    bench = glass.bench
    bench.findings = ()
    gaps = ("2 packages were not looked up",)
    plain = bench.adjust
    assert plain is not None

    def with_gaps(setup: Setup) -> Setup:
        bench.scanner.gaps = gaps
        return plain(setup)

    bench.adjust = with_gaps
    assert bench.run().exit == Exit.UNDECIDED
    assert bench.signer.signed == []
    assert glass.wish is not None
    glass.wish = replace(glass.wish, undecided=True)
    result = bench.run()
    assert result.status == "done"
    assert result.break_glass is not None
    assert result.break_glass.overrides == ("undecided",)
    assert glass.verdict().passed


def test_a_catalogue_that_may_not_be_whole_is_no_gate(glass: Glass) -> None:
    glass.bench.incomplete = ("no packages",)
    result = glass.bench.run()
    assert (result.code, result.exit) == ("sbom.incomplete", Exit.UNDECIDED)
    assert glass.bench.signer.signed == []


def test_it_does_not_override_verification(glass: Glass) -> None:
    plain = glass.bench.adjust
    assert plain is not None

    def strict(setup: Setup) -> Setup:
        setup = plain(setup)
        verify = replace(setup.rules.verify, accept_break_glass=False)
        return replace(setup, rules=replace(setup.rules, verify=verify))

    glass.bench.adjust = strict
    result = glass.bench.run()
    assert result.exit == Exit.EVIDENCE
    assert glass.bench.tags_at(0) == {}


def test_a_fork_has_nobody_who_may_decide_it(glass: Glass) -> None:
    glass.bench.mode = Mode(fork=True)
    result = glass.bench.run()
    assert (result.exit, result.break_glass) == (Exit.REFUSED, None)


def test_a_dry_run_foretells_it_and_signs_nothing(glass: Glass) -> None:
    glass.bench.mode = Mode(dry_run=True)
    result = glass.bench.run()
    assert result.exit == Exit.OK
    assert result.break_glass is not None
    assert glass.bench.signer.signed == []
    assert glass.bench.tags_at(0) == {}


class _Outage:
    """Stops a release before its tags move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def held(self, glass: Glass) -> ReleaseResult:
        """Run a release that cannot read its evidence back."""
        with self._monkeypatch.context() as patch:

            def fail(*_: object, **__: object) -> None:
                raise RegistryError(
                    Code.SERVICE_OUTAGE, "the registry does not answer", retryable=True
                )

            patch.setattr("shipseal.release.steps.verify.collect", fail)
            return glass.bench.run()


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> _Outage:
    return _Outage(monkeypatch)


def test_a_held_one_is_resumed_without_deciding_or_signing_again(
    glass: Glass, outage: _Outage
) -> None:
    assert outage.held(glass).status == "pending"
    signed = list(glass.bench.signer.signed)
    glass.wish = None
    result = glass.bench.run()
    assert result.status == "done"
    assert result.break_glass is not None
    assert glass.bench.signer.signed == signed
    assert glass.bench.scanner.runs == 0


def test_a_fresh_machine_adopts_it_from_the_seal(glass: Glass, outage: _Outage) -> None:
    assert outage.held(glass).status == "pending"
    signed = list(glass.bench.signer.signed)
    glass.bench.fresh_runner()
    glass.wish = None
    result = glass.bench.run()
    assert result.status == "done"
    assert result.break_glass is not None
    assert result.break_glass.reason == "INC-42"
    assert glass.bench.signer.signed == signed
    assert glass.verdict().passed


def test_one_that_ended_during_a_hold_refuses(glass: Glass, outage: _Outage) -> None:
    assert outage.held(glass).status == "pending"
    glass.bench.clock.elapsed += timedelta(days=8).total_seconds()
    glass.wish = None
    result = glass.bench.run()
    assert (result.exit, result.break_glass) == (Exit.REFUSED, None)
    assert glass.bench.tags_at(0) == {}
    glass.bench.fresh_runner()
    assert glass.bench.run().exit == Exit.REFUSED


def test_a_later_decision_extends_it(glass: Glass, outage: _Outage) -> None:
    assert outage.held(glass).status == "pending"
    assert glass.wish is not None
    glass.wish = replace(glass.wish, until=glass.wish.until + timedelta(days=3))
    result = glass.bench.run()
    assert result.status == "done"
    assert result.break_glass is not None
    assert result.break_glass.until.startswith("2026-01-12")
    assert glass.verdict(days=8).passed


def test_a_finding_that_it_does_not_name_refuses_again(glass: Glass, outage: _Outage) -> None:
    assert outage.held(glass).status == "pending"
    glass.wish = None
    glass.bench.findings = (CRITICAL, OTHER)
    plain = glass.bench.adjust
    assert plain is not None

    def another_policy(setup: Setup) -> Setup:
        setup = plain(setup)
        return replace(setup, rules=replace(setup.rules, policy_digest="sha256:" + "1" * 64))

    glass.bench.adjust = another_policy
    result = glass.bench.run()
    assert (result.exit, result.break_glass) == (Exit.REFUSED, None)


def test_the_record_survives_the_journals_reading(glass: Glass) -> None:
    glass.bench.run()
    folder = StateFolder(glass.bench.folder / glass.bench.state)
    state = replay(read_journal(folder.journal(glass.bench.release)))
    assert state.glass is not None
    sealed = state.statements[str(Family.SEAL)]
    raw = folder.blobs.read(parse_digest(sealed.statement))
    assert parse_summary(parse_statement(raw).predicate).break_glass == state.glass.sealed()

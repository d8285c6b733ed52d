"""A gate that cannot decide holds the release: undecided is never a pass, and has a code of its own."""

from dataclasses import replace
from pathlib import Path

from shipseal.errors import Exit
from shipseal.gate.policy import GatePolicy, UnknownRule
from shipseal.release.result import Status
from shipseal.release.session import Setup
from shipseal.scan.interface import Finding, Package, Severity
from tests.support.release_bench import Bench

UNRATED = Finding("CVE-2099-0002", Severity.UNKNOWN, Package("left", "1.0", "npm"))


def _undecided_by_unknown(setup: Setup) -> Setup:
    gate = GatePolicy(unknown=UnknownRule.UNDECIDED)
    return replace(setup, rules=replace(setup.rules, gate=gate))


def test_a_finding_without_severity_holds_the_release_where_the_policy_says_so(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, findings=(UNRATED,), adjust=_undecided_by_unknown)
    result = bench.run()
    assert (result.status, result.code, result.exit) == (
        Status.REFUSED, "scan.undecided", Exit.UNDECIDED,
    )  # fmt: skip
    assert "gate.unknown" in result.hint
    assert bench.signer.signed == []
    assert bench.tags_at(0) == bench.tags_at(1) == {}


def test_the_same_finding_is_only_shown_where_the_policy_says_that(tmp_path: Path) -> None:
    assert Bench(tmp_path, findings=(UNRATED,)).run().status == Status.DONE

"""The gate's further rules in releases: what is new, what must be gone, what is exploited, and whose a finding is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.attest.keys import LocalKey
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.cli.release_findings import print_findings
from shipseal.errors import Exit
from shipseal.gate.policy import GatePolicy, KevRule
from shipseal.gate.previous import PastFinding, Previous
from shipseal.intoto.predicates import Family
from shipseal.intoto.statement import decode_predicate, parse_statement
from shipseal.oci import Image, PlatformImage, parse_digest
from shipseal.oci.load import load_image
from shipseal.release.folders import StateFolder
from shipseal.release.known import all_known, known
from shipseal.release.previous import newest_done
from shipseal.release.result import ReleaseResult, Status
from shipseal.release.session import Setup
from shipseal.scan.interface import Finding, FixState, Package, Severity
from shipseal.scan.origin import KnownBase
from shipseal.wiring.advice import advise
from shipseal.wiring.previous import earlier, reports_of
from tests.support.overviews import advise as sample_advice
from tests.support.overviews import later
from tests.support.release_bench import CRITICAL, Bench
from tests.support.rollback_bench import RollbackBench

NEW = replace(CRITICAL, id="CVE-2099-0009")
NEW_ONLY = GatePolicy(new_only=True)


class Listener(SilentReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep one line."""
        self.notes.append(text)


def by(policy: GatePolicy, **rules: Any) -> Callable[[Setup], Setup]:
    """Return what gives a run this gate and these rules."""
    return lambda setup: replace(setup, rules=replace(setup.rules, gate=policy, **rules))


@pytest.fixture
def made(tmp_path: Path) -> RollbackBench:
    """Return a bench with a release 1.0.0 that has a critical finding and was let pass by its gate."""
    bench = Bench(tmp_path, findings=(CRITICAL,), adjust=by(GatePolicy(fail_on=None)))
    found = RollbackBench(bench)
    found.release("1.0.0")
    return found


def release(
    made: RollbackBench, version: str, *findings: Finding, adjust: Callable[[Setup], Setup]
) -> ReleaseResult:
    made.again(version)
    made.bench.findings = findings
    made.bench.adjust = adjust
    return made.bench.run()


def gate_report(bench: Bench) -> Any:
    state = StateFolder(bench.folder / bench.state)
    record = known(state, bench.release).state.gate
    assert record is not None
    return msgspec.json.decode(state.blobs.read(parse_digest(record.report)))


@pytest.mark.parametrize("fresh", [False, True])
def test_what_the_previous_release_had_passes_on_its_machine_and_on_a_fresh_one(
    made: RollbackBench, fresh: bool
) -> None:
    if fresh:
        made.bench.fresh_runner()
    assert release(made, "1.1.0", CRITICAL, adjust=by(NEW_ONLY)).status == Status.DONE
    told = gate_report(made.bench)
    assert told["previous"] == f"release 1.0.0 ({made.digests['1.0.0']})"
    assert {found["decidedBy"] for found in told["findings"]} == {"gate.new_only"}


def test_what_is_new_refuses(made: RollbackBench) -> None:
    result = release(made, "1.1.0", CRITICAL, NEW, adjust=by(NEW_ONLY))
    assert (result.status, result.exit) == (Status.REFUSED, Exit.REFUSED)
    assert NEW.id in result.message
    assert CRITICAL.id not in result.message


def test_the_first_release_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    bench = Bench(tmp_path, findings=(CRITICAL,), adjust=by(NEW_ONLY))
    assert bench.run().status == Status.REFUSED
    assert gate_report(bench)["notes"] == [
        "gate.new_only: there is no previous release: all is new"
    ]


def test_no_release_is_compared_with_itself(made: RollbackBench) -> None:
    """Another run of the same version, under another configuration, would excuse all that it has."""
    made.bench.adjust = by(NEW_ONLY, policy_digest="sha256:" + "9" * 64)
    assert made.bench.run().status == Status.REFUSED
    state = StateFolder(made.bench.folder / made.bench.state)
    assert newest_done(all_known(state), "app", "1.0.0") is None
    assert newest_done(all_known(state), "other", "1.1.0") is None
    assert newest_done(all_known(state), "app", "0.9.0") is None
    assert newest_done(all_known(state), "app", "1.1.0") is not None


def test_evidence_that_does_not_verify_excuses_nothing(made: RollbackBench) -> None:
    made.bench.fresh_runner()
    listener = Listener()
    stranger = by(NEW_ONLY, trust=KeyTrust([LocalKey.generate().public]))

    def adjust(setup: Setup) -> Setup:
        return stranger(replace(setup, parts=replace(setup.parts, reporter=listener)))

    assert release(made, "1.1.0", CRITICAL, adjust=adjust).status == Status.REFUSED
    assert any("does not verify, so nothing is compared with it" in note for note in listener.notes)


def test_a_release_that_was_rolled_back_is_passed_over(made: RollbackBench) -> None:
    made.bench.findings = (CRITICAL, NEW)
    made.release("1.1.0")
    made.roll_back()
    assert made.names("latest") == [made.names("1.0.0")[0]] * 2
    made.bench.fresh_runner()
    result = release(made, "1.2.0", CRITICAL, NEW, adjust=by(NEW_ONLY))
    assert result.status == Status.REFUSED
    assert NEW.id in result.message
    assert CRITICAL.id not in result.message
    assert gate_report(made.bench)["previous"].startswith("release 1.0.0")


def test_a_hotfix_is_compared_with_its_line_and_not_with_what_is_higher(
    made: RollbackBench,
) -> None:
    made.bench.findings = (CRITICAL, NEW)
    made.release("2.0.0")
    result = release(made, "1.0.1", NEW, adjust=by(NEW_ONLY))
    assert result.status == Status.REFUSED


def test_a_scan_that_was_named_comes_first(made: RollbackBench) -> None:
    since = Previous.of(
        "scan.json",
        [
            PastFinding(on, frozenset({NEW.id}), "npm", "left")
            for on in ("linux/amd64", "linux/arm64")
        ],
    )
    assert release(made, "1.1.0", NEW, adjust=by(NEW_ONLY, since=since)).status == Status.DONE


def test_this_machines_journal_stands_in_where_no_version_is_public(made: RollbackBench) -> None:
    state = StateFolder(made.bench.folder / made.bench.state)
    found = earlier(state, "app", "1.1.0")
    assert found is not None
    assert found.source.startswith("release 1.0.0 (1.0.0-")
    assert found.has("linux/arm64", CRITICAL)
    assert earlier(state, "app", "1.0.0") is None
    (report, _) = reports_of(all_known(state)[0], state, now=made.bench.clock.now())
    assert [one.id for one in report.findings] == [CRITICAL.id]


def test_a_hotfix_that_does_not_bring_its_fix_is_refused(tmp_path: Path) -> None:
    low = replace(CRITICAL, severity=Severity.LOW, aliases=("GHSA-1",))
    bench = Bench(tmp_path, findings=(low,), adjust=by(GatePolicy(must_fix=("GHSA-1",))))
    result = bench.run()
    assert (result.status, result.code) == (Status.REFUSED, "scan.gate-failed")
    assert "gate.must_fix: GHSA-1 must be gone" in result.message
    assert bench.signer.signed == []
    bench.findings = ()
    assert bench.run().status == Status.DONE
    assert gate_report(bench)["mustFix"] == [{"id": "GHSA-1", "findings": 0}]


def test_data_that_does_not_know_what_is_exploited_holds_the_release(tmp_path: Path) -> None:
    bench = Bench(tmp_path, adjust=by(GatePolicy(kev=KevRule.FAIL)))
    result = bench.run()
    assert (result.status, result.code, result.exit) == (
        Status.REFUSED, "scan.undecided", Exit.UNDECIDED,
    )  # fmt: skip
    assert "gate.kev" in result.message
    assert "data that knows this" in result.hint
    assert bench.signer.signed == []


def test_signed_evidence_tells_rules_beside_the_threshold(made: RollbackBench) -> None:
    def gates(version: str) -> list[Any]:
        state = StateFolder(made.bench.folder / made.bench.state)
        made.again(version)
        records = known(state, made.bench.release).state.statements.values()
        return [
            decode_predicate(
                parse_statement(state.blobs.read(parse_digest(one.statement))).predicate,
                what="scan",
            )["scanner"]["result"]["gate"]
            for one in records
            if one.family == Family.SCAN
        ]

    assert all("rules" not in gate for gate in gates("1.0.0"))
    assert release(made, "1.1.0", CRITICAL, adjust=by(NEW_ONLY)).status == Status.DONE
    assert all(
        "only findings that the previous release did not have refuse" in gate["rules"]
        for gate in gates("1.1.0")
    )


def test_results_tell_whose_a_finding_is_and_what_to_do(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    one = load_image(bench.sample.layout, bench.sample.digest).platforms[0]
    layers = one.config.diff_ids
    assert len(layers) > 1
    lower, upper = (
        Finding(
            id,
            Severity.HIGH,
            Package("left", "1.0.0", "npm", layer=str(layer), locations=("/app/package.json",)),
            fix_state=FixState.FIXED,
            fix_versions=("1.0.1",),
        )
        for id, layer in (("CVE-1-1", layers[0]), ("CVE-1-2", layers[-1]))
    )
    bench.findings = (lower, upper)

    def base(index: Image, image: PlatformImage) -> KnownBase:
        assert index.digest == bench.sample.digest
        return KnownBase("base", image.config.diff_ids[:1])

    bench.adjust = lambda setup: replace(
        setup, parts=replace(setup.parts, base=base, advise=advise)
    )
    assert bench.run().status == Status.DONE
    told = [
        found for found in gate_report(bench)["findings"] if found["platform"] == str(one.platform)
    ]
    assert [(found["id"], found["origin"]) for found in told] == [
        ("CVE-1-1", "base"),
        ("CVE-1-2", "application"),
    ]
    assert told[1]["advice"]["command"] == "npm install left@1.0.1"
    assert "a newer base image may have the fix" in told[0]["advice"]["note"]


def test_one_package_has_one_line_that_fixes_it_all_as_a_scan_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tuple(
        replace(CRITICAL, id=f"CVE-2099-000{number}", fix_state=FixState.FIXED, fix_versions=(fix,))
        for number, fix in enumerate(("2.2.10", "2.2.28", "2.2.9"))
    )

    def advised(setup: Setup) -> Setup:
        return replace(setup, parts=replace(setup.parts, advise=sample_advice, later=later))

    bench = Bench(tmp_path, findings=found, adjust=advised)
    assert bench.run().status == Status.REFUSED
    (summary,) = tmp_path.rglob("results/summary.json")
    print_findings(summary.parent)
    told = capsys.readouterr().out
    name = CRITICAL.package.name
    assert [line for line in told.splitlines() if "pip install" in line] == [
        f"  pip install {name}==2.2.28"
    ]

"""What a report shows of the gate's decision."""

from shipseal.errors import Code
from shipseal.gate.decision import decide
from shipseal.gate.policy import GatePolicy
from shipseal.gate.views import gate_view, judgements
from shipseal.scan.interface import Severity
from tests.support.scanning import AMD64, NOW, finding, scan_report

BAD = finding("CVE-1", Severity.CRITICAL)
FINE = finding("CVE-2", Severity.LOW)


def test_each_finding_has_its_judgement() -> None:
    report = decide([scan_report(BAD, FINE)], GatePolicy(), (), now=NOW)
    judge = judgements(report)
    assert (judge(AMD64, BAD).status, judge(AMD64, FINE).status) == ("fail", "pass")
    assert judge(AMD64, BAD).rule == "gate.fail_on: critical"


def test_a_refusal_has_reasons_and_a_code() -> None:
    view = gate_view(decide([scan_report(BAD)], GatePolicy(), (), now=NOW))
    assert (view.outcome, view.code) == ("fail", "scan.gate-failed")
    assert len(view.reasons) == 1
    assert view.obstacles == ()


def test_a_pass_has_neither() -> None:
    view = gate_view(decide([scan_report(FINE)], GatePolicy(), (), now=NOW))
    assert (view.outcome, view.code, view.reasons) == ("pass", "", ())


def test_what_was_not_looked_up_is_an_obstacle_and_no_finding() -> None:
    view = gate_view(decide([scan_report(BAD, gaps=("rpm",))], GatePolicy(), (), now=NOW))
    assert view.obstacles == ("linux/amd64: rpm",)
    only = gate_view(decide([scan_report(gaps=("rpm",))], GatePolicy(), (), now=NOW))
    assert (only.outcome, only.code) == ("undecided", "scan.undecided")


def test_a_catalogue_that_may_not_be_whole_comes_before_all() -> None:
    report = decide([scan_report(BAD)], GatePolicy(), (), now=NOW)
    view = gate_view(report, ("/app: nobody owns it",), Code.SBOM_INCOMPLETE)
    assert (view.outcome, view.code) == ("undecided", "sbom.incomplete")
    assert view.obstacles == ("/app: nobody owns it",)
    assert view.reasons[0] == "/app: nobody owns it"
    assert view.headline.startswith("/app: nobody owns it; the gate refuses")

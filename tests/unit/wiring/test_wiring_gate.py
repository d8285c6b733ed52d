"""The gate's policy from its keys: nothing gets lost, and its digest covers what decides."""

from pathlib import Path
from typing import Any

import pytest

from shipseal.config.gate_model import Gate
from shipseal.config.load import load, load_scan_policy
from shipseal.config.problems import ConfigProblems
from shipseal.errors import Code, ConfigError
from shipseal.gate.components import ComponentAction, ComponentRule
from shipseal.gate.policy import GapRule, GatePolicy, KevRule, UnknownRule
from shipseal.scan.interface import Origin, Severity
from shipseal.wiring.gate import gate_document, gate_policy
from shipseal.wiring.scan_gate import requiring

WHOLE = """
fail_on: high
unknown: fail
fixable_only: true
kev: fail
epss_above: 10%
grace: 7d
new_only: true
must_fix: [CVE-2024-3094, GHSA-jfh8-c2jp-5v3q]
gaps: report
components:
  - {name: openssl*, purl: "pkg:deb/**", type: deb, path: /usr/**, origin: base, fail_on: low, reason: ours}
  - {type: npm, action: report}
"""


def gate(folder: Path, text: str) -> Gate:
    path = folder / "policy.yaml"
    path.write_text(text)
    return load_scan_policy(path).gate


def test_every_key_reaches_the_policy(tmp_path: Path) -> None:
    assert gate_policy(gate(tmp_path, WHOLE)) == GatePolicy(
        fail_on=Severity.HIGH,
        unknown=UnknownRule.FAIL,
        fixable_only=True,
        gaps=GapRule.REPORT,
        kev=KevRule.FAIL,
        epss_above=0.1,
        grace=7 * 86400.0,
        new_only=True,
        components=(
            ComponentRule(
                "openssl*", "pkg:deb/**", "deb", "/usr/**", Origin.BASE, Severity.LOW, None, "ours"
            ),
            ComponentRule(type="npm", action=ComponentAction.REPORT),
        ),
        must_fix=("CVE-2024-3094", "GHSA-jfh8-c2jp-5v3q"),
    )


def test_the_defaults_of_both_are_the_same() -> None:
    assert gate_policy(Gate()) == GatePolicy()


@pytest.mark.parametrize(
    "text",
    [
        "epss_above: 1.5",
        "epss_above: 101%",
        "epss_above: -0.1",
        "epss_above: true",
        "grace: 7",
        "must_fix: [not an id]",
        "must_fix: [CVE-1-1, CVE-1-1]",
        "components: [{fail_on: high}]",
        "components: [{name: a}]",
        "components: [{name: a, fail_on: high, action: fail}]",
        "components: [{name: a, fail_on: none}]",
        "components: [{name: a, action: ignore}]",
        "kev: true",
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigProblems) as caught:
        gate(tmp_path, f"fail_on: high\n{text}\n")
    assert caught.value.code is Code.CONFIG_INVALID
    assert "2" in caught.value.message


@pytest.mark.parametrize(
    ("written", "read"),
    [("0.1", 0.1), ("10%", 0.1), ("'0.5'", 0.5), ("0", 0.0), ("1", 1.0), ("none", None)],
)
def test_a_probability_is_a_number_or_a_share(
    tmp_path: Path, written: str, read: float | None
) -> None:
    assert gate(tmp_path, f"epss_above: {written}").epss_above == read


def test_variables_set_lists_and_probabilities(tmp_path: Path) -> None:
    (tmp_path / "shipseal.yaml").write_text(
        "image: app\nbuild: {builder: prebuilt, layout: image}\ntargets: ['oci:out']\n"
    )
    env = {"SHIPSEAL_GATE_MUST_FIX": "CVE-1-1, CVE-1-2", "SHIPSEAL_GATE_EPSS_ABOVE": "25%"}
    found = load(None, env=env, overrides={}, cwd=tmp_path).config.gate
    assert (found.must_fix, found.epss_above) == (("CVE-1-1", "CVE-1-2"), 0.25)


def test_a_malformed_glob_names_the_rule(tmp_path: Path) -> None:
    found = gate(tmp_path, "components: [{name: a, action: fail}, {path: '/a/[b', action: fail}]")
    with pytest.raises(ConfigError, match=r"gate\.components\[1\]") as caught:
        gate_policy(found)
    assert caught.value.code is Code.CONFIG_INVALID


def test_the_command_line_adds_to_what_must_be_gone() -> None:
    policy = requiring(GatePolicy(must_fix=("CVE-1-1",)), ["CVE-1-2", "CVE-1-1"])
    assert policy.must_fix == ("CVE-1-1", "CVE-1-2")
    with pytest.raises(ConfigError, match="--must-fix 'x;y'"):
        requiring(policy, ["x;y"])


def test_a_policy_without_further_rules_has_the_digest_that_it_always_had() -> None:
    assert gate_document(Gate()) == {
        "fail_on": "critical",
        "unknown": "report",
        "fixable_only": False,
        "gaps": "undecided",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"kev": "fail"},
        {"epss_above": 0.0},
        {"grace": "1d"},
        {"new_only": True},
        {"must_fix": ["CVE-1-1"]},
        {"components": [{"name": "a", "action": "report"}]},
        {"components": [{"name": "a", "action": "report", "reason": "b"}]},
    ],
)
def test_every_rule_changes_what_the_digest_is_made_of(change: dict[str, Any]) -> None:
    assert gate_document(Gate(**change)) != gate_document(Gate())


def test_where_an_earlier_scan_lies_is_no_rule() -> None:
    assert gate_document(Gate(since=Path("/a/b.json"))) == gate_document(Gate())

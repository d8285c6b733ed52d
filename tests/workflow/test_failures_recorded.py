"""The recorded failures themselves: whole, clean, what the recorder would make, and printed as JSON of its schema."""

import json
import re
from collections import Counter

import pytest

from scripts.record.areas import every_case
from scripts.record.writing import LARGEST, mirror_hosts
from shipseal.cli.main import main
from shipseal.errors import Code, Exit
from tests.support.recorded import SPLITS, Recorded, recorded
from tests.support.schemas import check_shape

RULES, HELD_OUT = (recorded(split) for split in SPLITS)
EVERY = [*RULES, *HELD_OUT]

_SECRETS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.|PRIVATE KEY-----|\bgh[pousr]_\w{20,}|github_pat_\w+|://[^/\s:@]+:[^/\s@*]+@|"
    r"(?i:authorization: *(?:basic|bearer) +\w)|AKIA[0-9A-Z]{16}"
)
_HERE = re.compile(r"/work/(?:main|shared)|/tmp/rec-|/root/|10\.255\.\d+\.\d+")


@pytest.mark.parametrize("split", SPLITS)
def test_the_command_prints_json_of_its_schema_and_ends_well(
    split: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for case in recorded(split):
        assert main(["diagnose", str(case.folder / "log.txt"), "--json"]) == Exit.OK, case.name
        value = json.loads(capsys.readouterr().out)
        check_shape(value, "diagnosis")
        assert [one["code"] for one in value["diagnoses"]] == [one.code for one in case.diagnosed()]


def test_each_half_has_every_code_that_can_be_told_apart_there() -> None:
    of = [Counter(case.code for case in half) for half in (RULES, HELD_OUT)]
    everywhere = set(Code) - {Code.GATE_UNDECIDED}
    assert [everywhere - set(counted) for counted in of] == [set(), set()]
    assert set(Code) == set(of[0]) | set(of[1])
    assert min(len(RULES), len(HELD_OUT)) >= 100
    assert sum(case.ordinary for case in EVERY) >= 40


def test_recorded_cases_are_what_the_recorder_would_make() -> None:
    kept = {case.name: case for case in EVERY if case.kind == "recorded"}
    made = every_case()
    assert kept.keys() == made.keys()
    differing = [
        name
        for name, case in kept.items()
        if (case.split, case.code, case.also)
        != (made[name].split, made[name].code, frozenset(made[name].also))
    ]
    assert differing == []


def test_what_is_written_by_hand_says_where_the_message_is_seen() -> None:
    written = [case for case in EVERY if case.kind != "recorded"]
    assert {case.kind for case in written} == {"written"}
    sources = [(case.folder / "case.toml").read_text("utf-8") for case in written]
    assert all(re.search(r'^source = "https://\S+"$', text, re.MULTILINE) for text in sources)


@pytest.mark.parametrize("case", EVERY, ids=lambda case: f"{case.split}-{case.name}")
def test_a_log_holds_no_secret_and_names_no_machine(case: Recorded) -> None:
    text = case.log.decode("utf-8")
    assert 0 < len(case.log) <= LARGEST
    assert _SECRETS.findall(text) == []
    assert _HERE.findall(text) == []
    assert [host for host in mirror_hosts() if host in text] == []


def test_the_rule_for_secrets_can_fail() -> None:
    assert _SECRETS.search("https://ci:hunter2@registry.example.org/v2/")
    assert _SECRETS.search("token " + "ghp" + "_" + "a" * 36)
    assert not _SECRETS.search("https://example.org:5000/v2/ me@example.org")

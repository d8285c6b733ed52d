"""Logs that somebody made so that reading them takes long, or so that a failure is not seen."""

import re

import pytest

from shipseal.errors import Code
from shipseal.runbook import effort
from shipseal.runbook.diagnosis import Examined
from shipseal.runbook.effort import Effort, Sized
from shipseal.runbook.engine import examine
from shipseal.runbook.keys import RULES
from shipseal.runbook.lines import LONGEST, cleaned, states
from shipseal.runbook.parts import alternatives, search
from shipseal.runbook.reading import Reader
from shipseal.runbook.sifting import Candidate
from tests.support.recorded import recorded

DENIED = "error: denied: permission_denied: write_package"
NEEDS = sorted({need for rule in RULES for need in rule.needs})


def dense(number: int) -> str:
    """Return a line that has words of dozens of rules; no two are alike."""
    return f"{number} " + " ".join(NEEDS[number % 18 :: 18])


def log_of(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def codes(found: Examined) -> set[Code]:
    return {one.code for one in found.diagnoses}


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("(?:a|b).*(?:c|d)", [["(?:a|b)", "(?:c|d)"]]),
        (r"x|(?:http\S*)?y\b.{0,30}z?|[^|)]+q{2}", [["x"], [r"y\b", "z?"], ["q{2}"]]),
        ("^a.*b|c", [[], ["c"]]),
        (r"[]|.]\(\|(?P<n>[^\]]+)|k(?!.*l)", [[r"[]|.]\(\|(?P<n>[^\]]+)"], ["k(?!.*l)"]]),
        (r"\b.*$", [[]]),
    ],
)
def test_what_a_match_must_have(pattern: str, parts: list[list[str]]) -> None:
    found = alternatives(pattern)
    assert [list(of) for _, of in found] == parts
    assert "|".join(whole for whole, _ in found) == pattern


def test_searching_by_parts_finds_what_searching_at_once_does() -> None:
    lines = {
        line.lower(): line for case in recorded("rules") for line in case.log.decode().splitlines()
    }
    found = 0
    for rule in RULES:
        for lower, line in lines.items():
            if not any(need in lower for need in rule.needs):
                continue
            at_once, by_parts = (
                re.search(rule.pattern, line, re.IGNORECASE),
                search(rule.pattern, line),
            )
            assert (at_once and at_once.span()) == (by_parts and by_parts.span()), (
                rule.pattern,
                line,
            )
            if at_once and by_parts:
                found += 1
                assert _caught(at_once) == _caught(by_parts), (rule.pattern, line)
    assert found > 100


def _caught(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value}


def test_a_line_that_repeats_what_a_rule_begins_with_is_soon_read() -> None:
    """It took one to five seconds for each of these lines; a log of 120 kB took minutes."""
    repeated = [
        ("connection reset by pee: eof http://3s", "ssxxxu"),
        ("unauthorized http://5705sssxxxunauth", "."),
        ("unauthorized reading manifest sss in n2", "sssxxxunaut"),
        ("not met ", "verifwi"),
        ("404 not found ", "http://wep./v2/sss/tags/ssa"),
    ]
    lines = [
        f"{n} {(front + part * LONGEST)[:1900]}" for n in range(60) for front, part in repeated
    ]
    assert Code.REGISTRY_DENIED in codes(examine([log_of([*lines, DENIED])]))


@pytest.mark.parametrize("front", ["", "https://a.b/v2/x", "failed to "])
def test_each_rule_is_soon_done_with_its_own_words(front: str) -> None:
    tried = [
        search(rule.pattern, (f"{front}{need}x" * 300)[:1000])
        for rule in RULES
        for need in rule.needs
    ]
    assert len(tried) > len(RULES)


def test_a_failure_among_lines_that_are_made_to_hide_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(effort, "_FIRST", 60_000)
    monkeypatch.setattr(effort, "_END", 60_000)
    read: list[int] = []
    reading = Reader.read

    def noted(self: Reader, candidate: Candidate, raw: bytes) -> None:
        read.append(candidate.number)
        reading(self, candidate, raw)

    monkeypatch.setattr(Reader, "read", noted)
    lines = [dense(number) for number in range(900)]
    lines.insert(450, DENIED)
    found = examine([log_of(lines)])
    assert 451 in read
    assert len(read) < 100
    assert found.partly
    assert 1 <= found.partly.first < found.partly.last <= len(lines)
    assert examine([log_of(lines)]) == found, "what is read is counted, not timed"


def test_more_lines_of_one_kind_than_are_read_are_told() -> None:
    lines = [f"error: unknown thing {number} was not found" for number in range(4000)]
    found = examine([log_of(lines)])
    assert found.partly
    assert found.partly.first > 1000
    assert examine([log_of(lines[:900])]).partly is None


def test_no_recorded_log_is_read_in_part() -> None:
    assert [case.name for case in recorded("rules") if examine([case.log]).partly] == []


def sized(place: int, *, rules: int = 2, size: int = 100, count: int = 1, kind: str = "") -> Sized:
    return Sized(place, {kind} if kind else set(), rules, size, count)


def test_what_takes_least_is_read_first_and_what_tells_the_step_sooner() -> None:
    plain, step = sized(1), sized(3, rules=100, size=1000, kind="structure")
    dense_step = sized(4, rules=900, size=2000, count=9, kind="structure")
    many = [sized(10 + number, rules=100, size=1000) for number in range(2000)]
    chosen = Effort().affordable([*many, plain, step, dense_step], last=False)
    assert {1, 3} <= chosen
    assert 4 not in chosen
    assert len(chosen) < 500


def test_each_block_and_the_end_have_their_share() -> None:
    spending = Effort()
    block = [sized(number, rules=60, size=800) for number in range(20_000)]
    shares = [len(spending.affordable(block, last=False)) for _ in range(30)]
    assert shares[0] > shares[1] > shares[-1] > 0
    assert shares[-1] == shares[-2], "it never ends, however long the log is"
    assert len(spending.affordable(block, last=True)) > 10 * shares[-1]


def test_lines_that_are_many_cost_as_many() -> None:
    packed = b'{"log": "' + b"\\n".join(b"error %d" % number for number in range(50)) + b'"}'
    progress = b"\r".join(b"pull %d" % number for number in range(9))
    for raw in (packed, progress, b"plain", packed + b"\r" + packed):
        assert len(cleaned(1, raw)) <= states(raw, 0, len(raw)) <= 4 + 2 * len(cleaned(1, raw))
    assert sized(1, count=50).steps > 20 * sized(1).steps

"""The steps of a release from its journal, and what is wrong with it, in values."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.cli.release_timeline import bar
from shipseal.errors import Code
from shipseal.release.diagnosis import diagnose
from shipseal.release.failure_texts import failure_text
from shipseal.release.journal import Event
from shipseal.release.result import ReleaseResult, result_of
from shipseal.release.state import replay
from shipseal.release.timeline import TimelineRun, TimelineStep, timeline
from tests.support.tools import ROOT

PLAN = {
    "release": "1.0.0-abc",
    "image": "app",
    "version": "1.0.0",
    "config": "sha256:" + "0" * 64,
    "platforms": [],
    "targets": ["oci:a"],
    "tags": [],
    "signer": "",
}
START = ("release.started", 0, PLAN)
Told = tuple[str, int, dict[str, Any]]


def events(*told: Told) -> list[Event]:
    """Return events from kind, second and data."""
    return [
        Event(number, f"2026-01-02T03:{second // 60:02d}:{second % 60:02d}Z", kind, data)
        for number, (kind, second, data) in enumerate(told)
    ]


def step(name: str, state: str, second: int, **data: Any) -> Told:
    return ("step", second, {"step": name, "state": state, **data})


def ran(name: str, begin: int, end: int, **data: Any) -> list[Told]:
    return [
        step(name, "running", begin),
        step(name, "done", end, seconds=float(end - begin), code="", **data),
    ]


def only(told: Iterable[Told]) -> TimelineRun:
    [run] = timeline(events(START, *told))
    return run


def by_name(run: TimelineRun) -> dict[str, TimelineStep]:
    return {one.step: one for one in run.steps}


def test_steps_that_run_side_by_side_keep_what_is_theirs() -> None:
    run = only(
        [
            step("stage oci:a", "running", 1),
            step("stage oci:b", "running", 1),
            step("catalogue and scan", "running", 2),
            ("target.staged", 5, {"target": "oci:b", "sent": 700, "existed": 1}),
            (
                "sbom.made",
                6,
                {"platform": "linux/amd64", "packages": 3, "tool": "syft 1", "spdx_size": 50},
            ),
            ("scan.done", 7, {"scanner": "grype 1"}),
            ("target.staged", 8, {"target": "oci:a", "sent": 900, "existed": 0}),
            step("stage oci:b", "done", 5, seconds=4.0),
            step("catalogue and scan", "done", 7, seconds=5.2),
            step("stage oci:a", "done", 8, seconds=7.0),
        ]
    )
    steps = by_name(run)
    assert [one.step for one in run.steps] == ["stage oci:a", "stage oci:b", "catalogue and scan"]
    assert (steps["stage oci:a"].bytes, steps["stage oci:b"].bytes) == (900, 700)
    assert steps["stage oci:b"].did == "1 blob there already"
    catalogue = steps["catalogue and scan"]
    assert catalogue.did == "linux/amd64 catalogued: 3 packages"
    assert catalogue.tools == ("syft 1", "grype 1")
    assert (catalogue.offset, catalogue.seconds, catalogue.bytes) == (2.0, 5.2, 50)
    assert run.seconds == 8.0


def test_runs_are_told_apart_and_one_that_did_not_end_is_interrupted() -> None:
    first, second = timeline(
        events(
            START,
            *ran("build", 1, 2),
            step("sign", "running", 3),
            ("release.resumed", 60, {}),
            step("build", "reused", 61, detail="still there"),
            ("release.closed", 62, {"status": "done"}),
        )
    )
    assert [first.status, second.status] == ["interrupted", "done"]
    assert [(one.step, one.state) for one in first.steps] == [
        ("build", "done"),
        ("sign", "running"),
    ]
    assert [(one.step, one.did) for one in second.steps] == [("build", "still there")]
    assert (second.started, second.seconds) == ("2026-01-02T03:01:00Z", 2.0)


def test_what_is_tried_again_is_counted_where_it_happened() -> None:
    run = only(
        [
            step("stage oci:a", "running", 1),
            step("stage oci:b", "running", 1),
            step("catalogue and scan", "running", 1),
            ("retry", 2, {"text": "service.outage: PUT oci:a: 503; trying again in 1 s"}),
            ("retry", 2, {"text": "SBOM linux/amd64: sbom.timeout: slow; trying again in 9 s"}),
            ("retry", 3, {"text": "service.outage: PUT oci:a: 503; trying again in 2 s"}),
        ]
    )
    counts = {name: one.retries for name, one in by_name(run).items()}
    assert counts == {"stage oci:a": 2, "stage oci:b": 0, "catalogue and scan": 1}


def test_a_step_that_is_done_twice_in_a_run_stands_there_twice() -> None:
    run = only([*ran("verify", 1, 2), *ran("verify", 3, 4)])
    assert [one.step for one in run.steps] == ["verify", "verify"]


def test_a_rollback_afterwards_is_no_part_of_the_run() -> None:
    gone = {"rollback": "x", "tags": []}
    run = only([*ran("promote", 1, 2), ("release.rolled-back", 3000, gone)])
    assert run.seconds == 2.0


def test_a_clock_that_was_set_back_makes_nothing_negative() -> None:
    run = only([step("build", "running", 30), step("build", "done", 5, seconds=0.5)])
    [back] = timeline(events(("release.started", 90, PLAN), step("build", "skipped", 30)))
    assert run.seconds >= 0
    assert back.steps[0].offset == 0.0


@pytest.mark.parametrize(
    ("offset", "seconds", "drawn"),
    [
        (0.0, 10.0, "━━━━━━━━━━"),
        (5.0, 5.0, "     ━━━━━"),
        (9.9, 0.01, "         ╸"),
        (0.0, None, "          "),
        (50.0, 5.0, "         ━"),
    ],
)
def test_a_bar_stands_where_the_step_ran(offset: float, seconds: float | None, drawn: str) -> None:
    one = TimelineStep("x", "done", "", offset, seconds, "", (), None, 0, "")
    assert bar(one, 10.0, 10) == drawn


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 60))
def test_a_bar_has_its_width_whatever_the_journal_says(
    offset: float, seconds: float, total: float, width: int
) -> None:
    one = TimelineStep("x", "done", "", offset, seconds, "", (), None, 0, "")
    assert len(bar(one, total, width)) == width


def ended(*told: Told) -> tuple[ReleaseResult, tuple[TimelineRun, ...]]:
    made = events(START, *told)
    return result_of(replay(made)), timeline(made)


def closed(status: str, code: str = "", exit_: int = 0) -> Told:
    data = {"status": status, "code": code, "message": "503 from the registry", "exit": exit_}
    return ("release.closed", 9, data)


def test_a_held_release_is_diagnosed_with_its_code_its_proof_and_its_next_command() -> None:
    failed = step("sign", "failed", 8, seconds=2.5, code="service.outage")
    result, runs = ended(
        *ran("build", 1, 2),
        step("sign", "running", 5),
        failed,
        closed("pending", "service.outage", 5),
    )
    found = diagnose(result, runs, running=False)
    assert found
    assert found.code == "service.outage"
    assert found.means
    assert found.do
    assert found.proof == (
        "503 from the registry",
        "step sign, begun at 2026-01-02T03:00:05Z: failed after 2.5 s with service.outage",
    )
    assert found.next == "shipseal release resume 1.0.0-abc"
    assert found.see == "docs/errors.md#service.outage"


def test_a_run_that_was_cut_off_is_told_by_what_it_did_last() -> None:
    result, runs = ended(*ran("build", 1, 2), step("stage oci:a", "running", 3))
    found = diagnose(result, runs, running=False)
    assert found
    assert (found.code, found.next) == ("", "shipseal release resume 1.0.0-abc")
    assert found.proof == ("step stage oci:a, begun at 2026-01-02T03:00:03Z: did not end",)


def test_a_refused_release_is_released_again_not_resumed() -> None:
    found = diagnose(*ended(closed("refused", "scan.gate-failed", 2)), running=False)
    assert found
    assert found.next == "shipseal release --version 1.0.0"


def test_nothing_is_wrong_with_what_is_done_or_runs() -> None:
    assert diagnose(*ended(closed("done")), running=False) is None
    assert diagnose(*ended(step("build", "running", 1)), running=True) is None


def test_every_code_has_its_words_and_they_are_those_of_the_page() -> None:
    page = " ".join((ROOT / "docs" / "errors.md").read_text(encoding="utf-8").split())
    for code in Code:
        text = failure_text(str(code))
        assert text, code
        assert text.do
        assert text.means
        assert text.means.split(". ")[0].split("`")[0][:40] in page


def test_a_code_that_does_not_exist_has_no_words() -> None:
    assert failure_text("no.such-code") is None


def test_the_data_hold_no_markdown_link() -> None:
    path = ROOT / "src" / "shipseal" / "release" / "failure_texts.json"
    assert "](" not in json.dumps(json.loads(path.read_text()))

"""Whether workflows stand well: values in, values out, and nothing that ends in a traceback."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.config.watch_model import WatchActions
from shipseal.github.run_values import Job, Run, Step, Workflow
from shipseal.watch.judge import judge, span_text
from shipseal.watch.values import (
    KINDS,
    STANDINGS,
    Expectation,
    Kind,
    SeenRun,
    SeenWorkflow,
    Standing,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WORKFLOW = Workflow("release", ".github/workflows/release.yml", "active", "https://x")
CONCLUSIONS = [
    "", "success", "failure", "cancelled", "skipped", "timed_out", "neutral", "action_required",
    "startup_failure", "stale", "something_new",
]  # fmt: skip
_ids = itertools.count(1)


def run(conclusion: str = "success", **fields: object) -> Run:
    base: dict[str, object] = {
        "id": next(_ids),
        "workflow": "release",
        "path": ".github/workflows/release.yml",
        "title": "t",
        "event": "push",
        "branch": "main",
        "commit": "a" * 40,
        "status": "completed",
        "conclusion": conclusion,
        "attempt": 1,
        "created": NOW - timedelta(hours=1),
        "started": NOW - timedelta(hours=1),
        "repository": "org/app",
        "head_repository": "org/app",
        "url": "https://x/1",
    }
    return Run(**{**base, **fields})  # type: ignore[arg-type]


def job(name: str, conclusion: str = "success", *steps: tuple[str, str]) -> Job:
    made = tuple(
        Step(step, "completed", ended, number, None, None)
        for number, (step, ended) in enumerate(steps, 1)
    )
    return Job(next(_ids), name, "completed", conclusion, None, None, made, "https://x/job")


EXPECTED = Expectation(jobs=("scan",), steps=("Attest",))
_STEPS = st.lists(
    st.tuples(st.sampled_from(["Attest", "other"]), st.sampled_from(CONCLUSIONS)), max_size=3
)
_JOBS = st.lists(
    st.builds(
        lambda name, ended, steps: job(name, ended, *steps),
        st.sampled_from(["scan", "scan (amd64)", "call / scan", "publish", ""]),
        st.sampled_from(CONCLUSIONS),
        _STEPS,
    ),
    max_size=4,
)


def is_good(jobs: list[Job]) -> bool:
    """Return what a person would say of a run that passed."""
    scans = [one for one in jobs if "scan" in one.name]
    attests = [step for one in jobs for step in one.steps if step.name == "Attest"]
    return (
        bool(scans and attests)
        and all(one.conclusion == "success" for one in scans)
        and all(step.conclusion == "success" for step in attests)
        and not any(
            step.conclusion not in ("success", "neutral", "skipped", "")
            for one in scans
            for step in one.steps
            if step.name == "Attest"
        )
    )


@settings(max_examples=300, deadline=None)
@given(_JOBS, st.sampled_from(CONCLUSIONS))
def test_a_run_is_good_only_when_all_that_was_expected_is_there_and_succeeded(
    jobs: list[Job], conclusion: str
) -> None:
    seen = SeenWorkflow("release.yml", WORKFLOW, (SeenRun(run(conclusion), tuple(jobs)),))
    judged = judge(seen, EXPECTED, NOW)
    passed = conclusion in ("success", "neutral", "skipped")
    assert (judged.runs[0].standing is Standing.OK) == (passed and is_good(jobs))
    assert bool(judged.alarms) != (judged.runs[0].standing is Standing.OK)
    assert all(alarm.message and alarm.hint for alarm in judged.alarms)


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 100), st.floats(0.1, 50))
def test_absence_is_told_exactly_when_the_newest_run_is_too_old(age: float, most: float) -> None:
    made = run(created=NOW - timedelta(days=age))
    jobs = (job("scan", "success", ("Attest", "success")),)
    seen = SeenWorkflow("release.yml", WORKFLOW, (SeenRun(made, jobs),))
    expected = Expectation(jobs=("scan",), steps=("Attest",), max_age=timedelta(days=most))
    kinds = [alarm.kind for alarm in judge(seen, expected, NOW).alarms]
    assert kinds == ([Kind.NO_RUN] if timedelta(days=age) > timedelta(days=most) else [])


def test_the_document_has_a_sentence_for_everything_that_can_be_told() -> None:
    assert KINDS.keys() == set(Kind)
    assert STANDINGS.keys() == set(Standing)


def test_the_configuration_has_the_defaults_of_the_room() -> None:
    section, room = WatchActions(), Expectation()
    assert (section.workflows, section.jobs, section.steps) == (
        room.workflows,
        room.jobs,
        room.steps,
    )
    assert section.runs == room.runs
    assert room.max_age is not None
    assert section.max_age == room.max_age.total_seconds()
    assert section.longest == room.longest.total_seconds()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7_199, "1 h"), (86_400 * 9, "9 d")],
)
def test_spans_are_told_in_their_largest_unit(seconds: int, text: str) -> None:
    assert span_text(timedelta(seconds=seconds)) == text

"""How findings add up, and that one check's failure stops no other."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipseal._internal.budget import Wanted
from shipseal._internal.capacity import Machine
from shipseal._internal.clock import SystemClock
from shipseal._internal.limits import GIB, MIB
from shipseal._internal.progress import SilentReporter
from shipseal.checks import Check, Outcome, Status
from shipseal.doctor.examination import Examined, Probe, Report, failed, of_error, passed, skipped
from shipseal.doctor.examining import examine
from shipseal.doctor.machine import Heard, Room, clock_check, disk_checks, memory_check
from shipseal.doctor.services import why_unasked
from shipseal.errors import Code, Exit, ShipsealError, exit_for
from shipseal.status.blame import PASSES
from tests.support.clocks import StoppedClock
from tests.support.small_disk import play


def no(code: str = "") -> Examined:
    return failed("a", "b", expected="c", got="d", remedy="e", code=code)


def unknown(code: str) -> Examined:
    return Examined(Check("a", "b", Status.UNKNOWN), code=code)


@pytest.mark.parametrize(
    ("found", "exit_", "outcome"),
    [
        ([passed("a", "b", "c")], Exit.OK, Outcome.PASS),
        ([passed("a", "b", "c"), skipped("d", "e", "f")], Exit.OK, Outcome.PASS),
        ([no()], Exit.REFUSED, Outcome.FAIL),
        ([no("tool.missing"), no("resource.disk-full")], Exit.REFUSED, Outcome.FAIL),
        ([no(), no("scan.db-stale")], Exit.UNDECIDED, Outcome.FAIL),
        ([no("scan.db-stale"), no("attest.identity-mismatch")], Exit.EVIDENCE, Outcome.FAIL),
        ([no("attest.identity-mismatch"), unknown("service.outage")], Exit.OUTSIDE, Outcome.FAIL),
        ([unknown("service.outage")], Exit.OUTSIDE, Outcome.UNDECIDED),
        ([unknown("service.outage"), no("auth.registry-denied")], Exit.AUTH, Outcome.FAIL),
        ([no("auth.registry-denied"), no("config.invalid")], Exit.USAGE, Outcome.FAIL),
        ([unknown("unknown"), no("config.invalid")], Exit.DEFECT, Outcome.FAIL),
        ([], Exit.REFUSED, Outcome.FAIL),
        ([skipped("a", "b", "c")], Exit.REFUSED, Outcome.UNDECIDED),
    ],
)
def test_the_most_urgent_finding_decides_and_unknown_is_never_a_pass(
    found: list[Examined], exit_: Exit, outcome: Outcome
) -> None:
    report = Report(tuple(found))
    assert (report.exit, report.outcome) == (exit_, outcome)


@pytest.mark.parametrize("retryable", [True, False])
@pytest.mark.parametrize("code", sorted(PASSES))
def test_who_does_not_answer_ends_it_as_a_release_would_end(code: Code, retryable: bool) -> None:
    # Not retryable: a name that no name server knows, a proxy that lets nobody pass.
    error = ShipsealError(code, "https://registry.invalid: no", retryable=retryable)
    found = of_error("push", "registry.invalid", error)
    assert found.check.status is (Status.UNKNOWN if retryable else Status.FAIL)
    assert Report((found,)).exit is exit_for(code) is Exit.OUTSIDE


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_a_no_or_unknown_and_never_a_pass(code: Code) -> None:
    for retryable in (True, False):
        found = of_error("a", "b", ShipsealError(code, "m", retryable=retryable))
        assert found.check.status in (Status.FAIL, Status.UNKNOWN)
        assert Report((found,)).exit is not Exit.OK


def test_whatever_goes_wrong_with_one_thing_the_others_are_looked_at() -> None:
    def broken() -> list[Examined]:
        raise ZeroDivisionError("oops")

    def out_of_memory() -> list[Examined]:
        raise MemoryError

    def refused() -> list[Examined]:
        raise ShipsealError(Code.REGISTRY_DENIED, "no", hint="ask")

    probes = [
        Probe("one", "x", broken),
        Probe("two", "x", out_of_memory),
        Probe("three", "x", refused),
        Probe("four", "x", lambda: [passed("four", "x", "y")]),
        Probe("five", "x", list),
        Probe("six", "x", refused, network=True),
    ]
    found = examine(probes, StoppedClock(), SilentReporter())
    assert [one.check.status for one in found] == [
        Status.UNKNOWN, Status.FAIL, Status.FAIL, Status.PASS, Status.SKIPPED, Status.FAIL,
    ]  # fmt: skip
    assert "ZeroDivisionError" in found[0].check.reason
    assert found[1].code == Code.OUT_OF_MEMORY
    assert found[2].remedy == "ask"
    offline = examine(probes[-1:], StoppedClock(), SilentReporter(), offline=True)
    assert offline[0].check.status is Status.SKIPPED


def test_whoever_never_comes_to_an_end_is_unknown_and_keeps_nobody() -> None:
    ends = threading.Event()

    def drips() -> list[Examined]:
        ends.wait(60)
        return [passed("push", "x", "y")]

    probes = [
        Probe("push", "x", drips, network=True, host="example.org"),
        Probe("disk", "y", lambda: [passed("disk", "y", "z")]),
    ]
    try:
        first, second = examine(probes, SystemClock(), SilentReporter(), longest=0.2)
    finally:
        ends.set()
    assert first.blames_others
    assert (first.host, first.code) == ("example.org", "service.outage")
    assert "0.2 s" in first.check.reason
    assert second.check.status is Status.PASS


NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "status"),
    [
        ("Sun, 01 Mar 2026 12:00:00 GMT", Status.PASS),
        ("Sun, 01 Mar 2026 12:00:59 GMT", Status.PASS),
        ("Sun, 01 Mar 2026 12:01:05 GMT", Status.FAIL),
        ("Sun, 01 Mar 2026 11:58:55 GMT", Status.FAIL),
        ("Sun, 01 Mar 2026 11:59:00 GMT", Status.PASS),
        ("", Status.UNKNOWN),
        ("soon", Status.UNKNOWN),
        ("Sun, 99 Mar 2026 12:00:00 GMT", Status.UNKNOWN),
        ("Sun, 01 Mar 99999 12:00:00 GMT", Status.UNKNOWN),
    ],
)
def test_a_clock_is_right_within_a_minute(date: str, status: Status) -> None:
    (found,) = clock_check("example.org", lambda: Heard(date, NOW, NOW))
    assert found.check.status is status


def test_little_memory_is_told_with_who_limits_it() -> None:
    small = Machine(1, "one", 100 * MIB, "the control group")
    (found,) = memory_check(small, Wanted(4))
    assert (found.check.status, found.code) == (Status.FAIL, "resource.out-of-memory")
    assert any("the control group" in line for line in found.evidence)
    (found,) = memory_check(Machine(1, "one", 8 * GIB, "all"), Wanted(4, memory=64 * MIB))
    assert "limits.memory" in " ".join(found.evidence)
    (found,) = memory_check(Machine(4, "four", 8 * GIB, "all"), Wanted(4))
    assert found.check.status is Status.PASS


def test_more_than_there_is_is_told_for_each_folder(tmp_path: Path) -> None:
    rooms = [
        Room("cache", tmp_path / "not" / "there", 1 << 60, "for a test", "SHIPSEAL_CACHE"),
        Room("state folder", tmp_path, 1, "for a test", "SHIPSEAL_STATE"),
    ]
    first, second = disk_checks(rooms)
    assert (first.check.status, first.code) == (Status.FAIL, "resource.disk-full")
    assert "SHIPSEAL_CACHE" in first.remedy
    assert second.check.status is Status.PASS
    assert list(tmp_path.iterdir()) == []


SCENES = "tests.support.doctor_scenes"


@pytest.mark.parametrize(
    ("pages", "files"), [("2", "100"), ("1", "100"), ("1000", "3"), ("1000", "40")]
)
def test_a_real_disk_that_is_full_is_told(tmp_path: Path, pages: str, files: str) -> None:
    (said,) = play(f"{SCENES}:full", pages, files, cwd=tmp_path)
    assert (said["status"], said["code"]) == ("fail", "resource.disk-full"), said
    assert said["do"]


def test_a_disk_that_nobody_may_write_to_is_told(tmp_path: Path) -> None:
    (said,) = play(f"{SCENES}:read_only", cwd=tmp_path)
    assert said["status"] == "fail"
    assert "Read-only file system" in said["got"]


def test_who_did_not_answer_for_a_cause_on_this_side_is_not_said_to_have_answered() -> None:
    unknown_name = ShipsealError(Code.NETWORK_UNREACHABLE, "ghcr.io: Name or service not known")
    found = of_error("push", "ghcr.io/org/app", unknown_name)
    assert found.check.status is Status.FAIL
    assert "this side" in why_unasked([found])
    assert why_unasked([passed("push", "ghcr.io/org/app", "may push")]) == (
        "everybody who was asked answered"
    )

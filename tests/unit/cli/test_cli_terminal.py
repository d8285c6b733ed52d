"""Progress: whole lines in logs, moving lines on terminals, and never a reason to end the work."""

import io
import re
import threading
import time
from typing import TYPE_CHECKING

import pytest

from shipseal._internal.redact import register_secret
from shipseal.cli.terminal import TerminalReporter

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter


class FakeClock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.time = 100.0

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def now(self) -> None:
        raise AssertionError("progress has no use for dates")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def reporter(stream: io.StringIO, clock: FakeClock, **env: str) -> TerminalReporter:
    return TerminalReporter(stream=stream, env=env, clock=clock)  # type: ignore[arg-type]


def test_it_is_what_workflows_report_to() -> None:
    def work(listener: "Reporter") -> None:
        listener.step("build", "running")

    stream = io.StringIO()
    work(reporter(stream, FakeClock()))
    assert stream.getvalue() == "build: running\n"


def test_a_log_has_a_line_when_a_step_begins_and_one_when_it_ends() -> None:
    stream, clock = io.StringIO(), FakeClock()
    with reporter(stream, clock) as shown:
        shown.step("build", "running", "prebuilt")
        clock.sleep(12)
        shown.step("build", "done", "sha256:abc")
        shown.step("scan", "skipped", "nothing new")
        shown.note("engine: grype\nbecause it is there")
    assert stream.getvalue().splitlines() == [
        "build: running: prebuilt",
        "build: done (12 s): sha256:abc",
        "scan: skipped: nothing new",
        "note: engine: grype because it is there",
    ]


def test_steps_side_by_side_keep_their_own_time() -> None:
    stream, clock = io.StringIO(), FakeClock()
    shown = reporter(stream, clock)
    shown.step("stage", "running")
    clock.sleep(5)
    shown.step("scan", "running")
    clock.sleep(15)
    shown.step("scan", "done")
    shown.step("stage", "failed")
    assert stream.getvalue().splitlines()[2:] == ["scan: done (15 s)", "stage: failed (20 s)"]


def test_a_long_transfer_says_that_it_is_alive() -> None:
    stream, clock = io.StringIO(), FakeClock()
    shown = reporter(stream, clock)
    first, second = shown.transfer("a", 10 << 20), shown.transfer("b", 20 << 20)
    for _ in range(13):
        clock.sleep(5)
        first.advance(1 << 19)
        second.advance(1 << 20)
    assert stream.getvalue().splitlines() == [
        "transfers: 2 running, 8.0 MiB of 30.0 MiB",
        "transfers: 2 running, 17.0 MiB of 30.0 MiB",
    ]
    shown.transfer("c", None)
    clock.sleep(31)
    first.advance(-(1 << 30))
    assert stream.getvalue().splitlines()[-1] == "transfers: 3 running, 13.0 MiB"


def test_github_folds_transfers_into_the_line_of_their_step() -> None:
    stream, clock = io.StringIO(), FakeClock()
    shown = reporter(stream, clock, GITHUB_ACTIONS="true")
    shown.step("stage", "running")
    one, two = shown.transfer("::error::x", 2048), shown.transfer("b", None)
    one.advance(2048)
    clock.sleep(3)
    one.done()
    two.done("exists")
    two.done("exists")
    shown.step("stage", "done")
    shown.step("scan", "done")
    lines = stream.getvalue().splitlines()
    assert lines[1:] == [
        "::group::stage: done (3.0 s) [2 transfers, 2.0 KiB]",
        "- ::error::x: 2.0 KiB (3.0 s)",
        "- b: exists (3.0 s)",
        "::endgroup::",
        "scan: done",
    ]


def test_nothing_that_is_reported_can_become_a_command_or_hold_a_secret() -> None:
    register_secret("hunter2hunter2")
    stream = io.StringIO()
    shown = reporter(stream, FakeClock(), GITHUB_ACTIONS="true")
    shown.note("::stop-commands::x")
    shown.step("build", "done", "a\n::error::b\x1b[31m hunter2hunter2")
    assert not [line for line in stream.getvalue().splitlines() if line.startswith("::")]
    assert "\x1b" not in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("env", [{}, {"GITHUB_ACTIONS": "true"}, {"CI": "true"}])
def test_a_log_holds_no_carriage_return(env: dict[str, str]) -> None:
    stream = Terminal() if "CI" in env else io.StringIO()
    with TerminalReporter(stream=stream, env=env) as shown:
        shown.step("stage", "running")
        transfer = shown.transfer("a", 10)
        transfer.advance(10)
        transfer.done()
        shown.step("stage", "done")
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("stream", [Gone, Terminal])
def test_a_reader_that_has_gone_does_not_end_the_work(stream: type[io.StringIO]) -> None:
    target = stream()
    shown = TerminalReporter(stream=target, env={"TERM": "xterm"})
    if isinstance(target, Terminal):
        target.close()
    shown.note("hello")
    shown.step("build", "failed")
    shown.close()


def test_threads_may_report_at_once() -> None:
    stream = io.StringIO()
    shown = TerminalReporter(stream=stream, env={"GITHUB_ACTIONS": "true"})

    def work(name: str) -> None:
        for number in range(50):
            shown.step(f"{name}{number}", "running")
            transfer = shown.transfer(name, 100)
            for _ in range(10):
                transfer.advance(10)
            transfer.done()
            shown.step(f"{name}{number}", "done")

    threads = [threading.Thread(target=work, args=(f"t{number}-",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = stream.getvalue().splitlines()
    assert sum("running" in line for line in lines) == 200
    assert sum(line.startswith("- t") for line in lines) == 200
    assert sum(": done (" in line for line in lines) == 200
    # Groups are never within one another.
    depth = 0
    for line in lines:
        depth += line.startswith("::group::") - (line == "::endgroup::")
        assert depth in (0, 1)


def test_a_terminal_shows_running_steps_and_keeps_what_ended() -> None:
    stream = Terminal()
    with TerminalReporter(stream=stream, env={"TERM": "xterm"}) as shown:
        shown.step("stage", "running", "two targets")
        shown.step("stage", "running", "one target")
        transfer = shown.transfer("registry sha256:[bold]abc", 5 << 20)
        transfer.advance(5 << 20)
        transfer.advance(-(1 << 20))
        shown.note("scan.engine: grype")
        transfer.done("mounted")
        shown.step("stage", "done", "[red]3[/red] blobs")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "note: scan.engine: grype\n" in text
    assert re.search(r"stage: done \(0\.\d s\): \[red\]3\[/red\] blobs\n", text)
    # The cursor is hidden while lines move, and shown again at the end.
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_what_is_reported_after_the_end_is_printed_or_dropped() -> None:
    stream = Terminal()
    shown = TerminalReporter(stream=stream, env={"TERM": "xterm"})
    transfer = shown.transfer("a", 1)
    shown.close()
    shown.close()
    transfer.advance(1)
    transfer.done()
    shown.step("late", "running")
    shown.step("late", "done")
    assert "late: " in stream.getvalue()
    assert "\x1b[?25l" not in stream.getvalue()[stream.getvalue().rindex("\x1b[?25h") :]


def test_while_nothing_runs_the_terminal_is_left_to_whoever_asks_something() -> None:
    stream = Terminal()
    with TerminalReporter(stream=stream, env={"TERM": "xterm"}) as shown:
        shown.step("look", "running")
        shown.step("look", "done")
        before = stream.getvalue()
        assert before.rindex("\x1b[?25h") > before.rindex("\x1b[?25l")
        time.sleep(0.4)  # three pictures' time
        assert stream.getvalue() == before
        shown.step("move", "running")
        assert stream.getvalue().rindex("\x1b[?25l") > len(before) - 1

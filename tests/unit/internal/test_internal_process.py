"""Outside tools: a deadline that holds, an environment of ours, limits, and no grandchild left behind."""

import errno
import os
import time
from pathlib import Path

import pytest

from shipseal._internal import process, redact
from shipseal._internal.limits import TOOL_STDERR, Limit
from shipseal._internal.memory import KillCounts
from shipseal._internal.process import ToolTimeoutError, find_tool, run_tool, tool_environment
from shipseal._internal.redact import register_secret
from shipseal.errors import Code, ToolError


def _shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_a_status_is_a_result_and_no_error() -> None:
    result = run_tool(_shell("echo out; echo err >&2; exit 3"), timeout=10)
    assert (result.status, result.stdout, result.stderr) == (3, b"out\n", "err\n")
    assert result.argv[0] == "/bin/sh"


def test_standard_input_arrives_whole() -> None:
    data = os.urandom(1 << 20)
    assert run_tool(["/bin/cat"], timeout=10, stdin=data).stdout == data


def test_a_tool_that_never_reads_cannot_hold_us_beyond_its_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(ToolTimeoutError, match=r"sleep: did not end within 0\.3 s") as caught:
        run_tool(["/bin/sleep", "30"], timeout=0.3, stdin=b"x" * (1 << 20))
    assert time.monotonic() - started < 10
    assert caught.value.code is Code.TOOL_CRASHED
    assert caught.value.retryable


def test_a_tool_that_leaves_its_input_unread_is_no_error() -> None:
    assert run_tool(_shell("exit 0"), timeout=10, stdin=b"x" * (1 << 20)).status == 0


def test_the_end_of_a_tool_is_the_end_of_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(ToolTimeoutError):
        run_tool(_shell(f"sleep 60 & echo $! > {pid}; wait"), timeout=0.5)
    status = Path(f"/proc/{pid.read_text().strip()}/stat")
    deadline = time.monotonic() + 5
    while status.exists() and " Z " not in status.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not status.exists() or " Z " in status.read_text()


@pytest.mark.parametrize(
    ("counted", "code", "told"),
    [
        ([{}, {}], Code.OUT_OF_MEMORY, "is what the kernel does when memory runs out"),
        ([{"a": 1}, {"a": 2}], Code.OUT_OF_MEMORY, "by the kernel, because memory ran out"),
        ([{"a": 1, "b": 0}, {"a": 1, "b": 1}], Code.OUT_OF_MEMORY, "because memory ran out"),
        ([{"a": 1}, {"a": 1}], Code.TOOL_CRASHED, "by another process"),
        ([{"a": 1}, {"a": 1, "b": 7}], Code.TOOL_CRASHED, "by another process"),
    ],
)
@pytest.mark.parametrize("status", ["kill -KILL $$", "exit 137"])
def test_who_killed_a_tool_is_told_by_the_kernels_counts(
    monkeypatch: pytest.MonkeyPatch,
    counted: list[dict[str, int]],
    code: Code,
    told: str,
    status: str,
) -> None:
    counts = iter(counted)
    monkeypatch.setattr(
        KillCounts,
        "now",
        lambda: KillCounts({Path(name): count for name, count in next(counts).items()}),
    )
    with pytest.raises(ToolError, match=told) as caught:
        run_tool(_shell(status), timeout=10)
    assert caught.value.code is code
    assert caught.value.retryable


def test_the_message_that_came_before_the_end_is_kept() -> None:
    with pytest.raises(ToolError) as caught:
        run_tool(_shell("echo layer 3 is damaged >&2; kill -KILL $$"), timeout=10)
    assert caught.value.context["stderr"] == "layer 3 is damaged\n"


def test_more_output_than_the_limit_is_refused_and_not_kept() -> None:
    limit = Limit("small", 1000, "it is a test")
    with pytest.raises(ToolError, match="printed more than 1000 bytes") as caught:
        run_tool(_shell("head -c 5000000 /dev/zero"), timeout=10, stdout_limit=limit)
    assert caught.value.code is Code.TOOL_CRASHED
    assert run_tool(_shell("head -c 1000 /dev/zero"), timeout=10, stdout_limit=limit).status == 0


@pytest.mark.parametrize("polite", ["", "trap '' TERM; "])
def test_a_tool_that_prints_without_end_is_ended_long_before_its_deadline(
    tmp_path: Path, polite: str
) -> None:
    started = time.monotonic()
    script = f"{polite}echo $$ > {tmp_path}/pid; while :; do cat /dev/zero; done"
    with pytest.raises(ToolError, match="printed more than 1000 bytes") as caught:
        run_tool(_shell(script), timeout=60, stdout_limit=Limit("small", 1000, "it is a test"))
    assert time.monotonic() - started < 20
    assert (caught.value.code, caught.value.retryable) == (Code.TOOL_CRASHED, False)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_a_tool_that_takes_longer_than_one_look_is_waited_for() -> None:
    result = run_tool(_shell("sleep 1.2; echo done"), timeout=30)
    assert (result.status, result.stdout) == (0, b"done\n")
    with pytest.raises(ToolTimeoutError, match=r"did not end within 0\.8 s"):
        run_tool(["/bin/sleep", "30"], timeout=0.8)


def test_a_file_that_grows_beyond_its_limit_ends_the_tool(tmp_path: Path) -> None:
    limit = Limit("a small file", 1000, "it is a test")
    started = time.monotonic()
    with pytest.raises(ToolError, match="wrote into big more than 1000 bytes") as caught:
        run_tool(
            _shell(f"head -c 5000 /dev/zero > {tmp_path}/big; sleep 60"),
            timeout=60,
            written={tmp_path / "big": limit, tmp_path / "not-there": limit},
        )
    assert caught.value.code is Code.TOOL_CRASHED
    assert time.monotonic() - started < 20


def test_a_file_that_was_too_large_at_the_end_is_seen_too(tmp_path: Path) -> None:
    limit = {tmp_path / "big": Limit("a small file", 1000, "it is a test")}
    with pytest.raises(ToolError, match="wrote into big"):
        run_tool(_shell(f"head -c 5000 /dev/zero > {tmp_path}/big"), timeout=60, written=limit)
    run_tool(_shell(f"head -c 1000 /dev/zero > {tmp_path}/big"), timeout=60, written=limit)


def test_it_is_said_ever_less_often_that_a_tool_still_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_FIRST_WORD_SECONDS", 0.1)
    monkeypatch.setattr(process, "_LOOK_SECONDS", 0.02)
    told: list[float] = []
    run_tool(["/bin/sleep", "1"], timeout=10, waiting=told.append)
    assert len(told) == 4
    assert told[0] >= 0.1
    assert told[3] >= 0.8


def test_what_is_kept_of_an_endless_complaint_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "_known", set())
    register_secret("hunter2-" * 8)
    flood = f"for n in $(seq 20000); do echo line $n {'hunter2-' * 8} >&2; done; echo last >&2"
    result = run_tool(_shell(flood), timeout=60)
    assert len(result.stderr) <= TOOL_STDERR.size
    assert result.stderr.startswith("line ")
    assert result.stderr.endswith("last\n")
    assert "hunter2" not in result.stderr


def test_a_complaint_without_line_ends_is_kept_within_its_limit() -> None:
    result = run_tool(_shell("head -c 3000000 /dev/zero | tr '\\0' a >&2"), timeout=60)
    assert 0 < len(result.stderr) <= TOOL_STDERR.size


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN])
def test_no_room_for_a_process_is_no_missing_tool(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("subprocess.Popen.__init__", refuse)
    with pytest.raises(ToolError, match="cannot be started") as caught:
        run_tool(["/bin/true"], timeout=10)
    assert (caught.value.code, caught.value.retryable) == (Code.OUT_OF_MEMORY, True)


def test_secrets_are_taken_out_of_what_a_tool_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "_known", set())
    register_secret("hunter2-of-a-tool")
    result = run_tool(_shell("echo login hunter2-of-a-tool failed >&2"), timeout=10)
    assert result.stderr == "login [redacted] failed\n"


def test_a_tool_sees_our_short_list_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRYPE_IGNORE", "everything")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    seen = run_tool(["/usr/bin/env"], timeout=10).stdout.decode()
    assert "GRYPE_IGNORE" not in seen
    assert "GITHUB_TOKEN" not in seen
    assert "HTTPS_PROXY=http://127.0.0.1:3128" in seen
    assert tool_environment({"SYFT_X": "1"})["SYFT_X"] == "1"


def test_it_runs_in_the_folder_that_was_asked_for(tmp_path: Path) -> None:
    assert run_tool(["/bin/pwd"], timeout=10, cwd=tmp_path).stdout.decode().strip() == str(tmp_path)


@pytest.mark.parametrize("name", ["no-such-program", "/nowhere/program"])
def test_a_missing_tool_says_how_to_get_it(name: str) -> None:
    with pytest.raises(ToolError, match="no such program") as caught:
        find_tool(name, hint="install it from there")
    assert caught.value.code is Code.TOOL_MISSING
    assert caught.value.hint == "install it from there"


def test_a_file_that_is_no_program_is_missing_too(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "garbage").write_bytes(b"\x00\x01")
    (tmp_path / "garbage").chmod(0o755)
    with pytest.raises(ToolError, match="garbage: cannot be started: Exec format error") as caught:
        run_tool([tmp_path / "garbage"], timeout=10)
    assert caught.value.code is Code.TOOL_MISSING
    with pytest.raises(ToolError, match="cannot be started") as caught:
        run_tool([tmp_path / "tool"], timeout=10)
    assert caught.value.code is Code.TOOL_MISSING

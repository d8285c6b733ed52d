"""shipseal as a process: signals, closed pipes, full disks, and a real terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.processes import python_argv

# A command that works until it is ended, or prints until nobody reads; installed as every other command is.
_PROBE = """
import importlib.machinery, sys, time, types
import typer
from shipseal.cli import main
from shipseal.cli.terminal import TerminalReporter

app = typer.Typer()

@app.command()
def wait():
    try:
        print("ready", flush=True)
        # Many short ones: a signal that comes just before a sleep is acted upon only behind it.
        for _ in range(300):
            time.sleep(0.1)
    finally:
        print("cleaned up", flush=True)

@app.command()
def cafe():
    print("caf\u00e9")

@app.command()
def flood():
    for number in range(100000):
        print("line", number)

@app.command()
def progress():
    with TerminalReporter() as reporter:
        reporter.step("stage", "running", "two targets")
        transfer = reporter.transfer("127.0.0.1:5001/app sha256:abc", 4 << 20)
        for _ in range(8):
            transfer.advance(1 << 19)
            time.sleep(0.2)
        transfer.done()
        reporter.note("scan.engine: grype")
        reporter.step("stage", "done", "1 blob")
    print('{"result": 1}')

module = types.ModuleType("probe")
module.__spec__ = importlib.machinery.ModuleSpec("probe", None)
module.app = app
sys.modules["probe"] = module
main.COMMANDS["probe"] = main.Entry("probe", "Probe.")
main.run()
"""


def start(
    *words: str, env: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        python_argv("-c", _PROBE, *words),
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_work_clean_up_and_ends_with_130(number: signal.Signals) -> None:
    process = start("probe", "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert out == b"cleaned up\n"
    assert b"interrupted" in err
    assert b"Traceback" not in err


def test_signals_reach_a_command_although_the_test_runner_ignores_them() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = start("probe", "wait")
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130


def test_a_reader_that_leaves_is_not_complained_to() -> None:
    process = start("probe", "flood")
    assert process.stdout is not None
    assert process.stdout.readline() == b"line 0\n"
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=10) == 5


def test_a_reader_that_leaves_before_the_end_is_not_complained_to() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = start("--help", stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=10)
    assert err == b""
    assert process.returncode == 5


def test_output_that_cannot_be_written_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full:
        process = start("--help", stdout=full.fileno())
        _, err = process.communicate(timeout=10)
    assert process.returncode == 5
    assert err.startswith(b"error resource.disk-full: output: no space left")
    assert b"Traceback" not in err


def test_a_terminal_without_unicode_shows_escapes_and_does_not_fail() -> None:
    process = start("probe", "cafe", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"caf\\xe9\n", b"")


def on_a_terminal(*words: str, **env: str) -> tuple[str, str]:
    """Run the probe with standard error on a real terminal; return what the terminal got, and standard output."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROBE, *words],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", **env},
    )
    os.close(terminal)
    shown = _read_all(controller)
    os.close(controller)
    out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    return shown, out.decode()


def _read_all(controller: int) -> str:
    parts = []
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and select.select([controller], [], [], 15)[0]:
        try:
            part = os.read(controller, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode()


def visible(shown: str) -> list[str]:
    """Return the lines that stay on the screen, by doing what the cursor movements say."""
    lines, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", shown):
        if token == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif token.startswith("\x1b[") and token.endswith("A"):
            row -= int(token[2:-1] or 1)
        elif token == "\x1b[2K":
            lines[row] = ""
        elif not token.startswith("\x1b["):
            line = lines[row].ljust(column)
            lines[row] = line[:column] + token + line[column + len(token) :]
            column += len(token)
    return [line.rstrip() for line in lines if line.strip()]


def test_a_terminal_shows_bars_that_move_and_keeps_one_line_per_step() -> None:
    shown, out = on_a_terminal("probe", "progress")
    assert "127.0.0.1:5001/app sha256:abc" in shown
    assert "of 4.0 MiB" in shown
    kept = visible(shown)
    assert kept[0] == "note: scan.engine: grype"
    assert re.fullmatch(r"stage: done \(\d+\.\d s\): 1 blob", kept[1])
    assert len(kept) == 2
    assert out == '{"result": 1}\n'
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_no_color_leaves_the_bars_and_takes_the_colour() -> None:
    shown, _ = on_a_terminal("probe", "progress", NO_COLOR="1")
    assert "of 4.0 MiB" in shown
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38)(?:;\d+)*m", shown)
    coloured, _ = on_a_terminal("probe", "progress")
    assert re.search(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38)(?:;\d+)*m", coloured)


@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}])
def test_a_ci_job_with_a_terminal_gets_plain_lines(env: dict[str, str]) -> None:
    shown, _ = on_a_terminal("probe", "progress", **env)
    assert "\x1b" not in shown
    assert shown.splitlines()[0] == "stage: running: two targets"
    assert len(shown.splitlines()) == 3


@pytest.mark.parametrize(
    ("words", "number", "expected"),
    [
        ("shipseal conf", "1", ["config"]),
        ("shipseal config s", "2", ["schema", "show"]),
        ("shipseal config show --", "3", ["--config", "--json", "--help"]),
    ],
)
def test_a_shell_can_complete_commands_and_options(
    words: str, number: str, expected: list[str]
) -> None:
    shell = {"_SHIPSEAL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": number}
    process = start(env=shell)
    out, err = process.communicate(timeout=20)
    assert out.decode().split() == expected
    assert (process.returncode, err) == (0, b"")

"""A terminal for programs: a real pseudo-terminal, and what a person would see on it from moment to moment.

It knows what Rich and shipseal write, and refuses anything else, so that a test cannot pass on text it misread.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TOKEN = re.compile(r"\x1b\[(?P<parameters>[0-9;?]*)(?P<command>[A-Za-z])|(?P<text>[\s\S])")
_PARTIAL = re.compile(r"\x1b(?:\[[0-9;?]*)?$")
# A picture is complete when nothing more has come for this long.
_QUIET = 0.03


@dataclass
class Screen:
    """The text of a terminal, the lines that have left it at the top included.

    Attributes:
        columns: its width; longer lines wrap.
        lines: from the first ever written.
        row: where the cursor is.
        column: likewise.
        hidden: whether the cursor is.
        coloured: whether any text was.
    """

    columns: int
    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    hidden: bool = False
    coloured: bool = False
    _rest: str = ""

    def feed(self, text: str) -> None:
        """Take what a program has written."""
        text = self._rest + text
        cut = _PARTIAL.search(text)
        self._rest = text[cut.start() :] if cut else ""
        for token in _TOKEN.finditer(text[: cut.start()] if cut else text):
            if token["command"]:
                self._control(token["command"], token["parameters"])
            else:
                self._write(token["text"])

    @property
    def text(self) -> str:
        """Everything that can be seen, by scrolling too."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n")

    def _control(self, command: str, parameters: str) -> None:
        number = int(parameters) if parameters.isdigit() else 1
        if command == "m":
            self.coloured = self.coloured or re.search(r"\b[349][0-7]\b", parameters) is not None
        elif command == "A":
            self.row = max(0, self.row - number)
        elif command == "K" and parameters == "2":
            self.lines[self.row] = ""
        elif command in "hl" and parameters == "?25":
            self.hidden = command == "l"
        else:
            raise AssertionError(f"what does CSI {parameters} {command} do?")

    def _write(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self._down()
        elif char.isprintable():
            if self.column >= self.columns:
                self._down()
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
            self.column += 1
        else:
            raise AssertionError(f"what does {char!r} do?")

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")


@dataclass(frozen=True)
class Seen:
    """What a program showed.

    Attributes:
        frames: each picture that stood for a moment, in order, without repetitions.
        screen: the terminal at the end.
        status: of the program.
        out: what it wrote to standard output, which was no terminal.
        raw: all that it wrote to the terminal, as it came.
    """

    frames: Sequence[str]
    screen: Screen
    status: int
    out: str
    raw: str

    def rows(self, pattern: str) -> list["re.Match[str]"]:
        """Return each line of each picture that matches, in order."""
        lines = (line for frame in self.frames for line in frame.splitlines())
        return [match for line in lines if (match := re.search(pattern, line))]


def watch(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    columns: int = 100,
    resize: Mapping[int, int] | None = None,
    timeout: float = 60.0,
    typed: bytes = b"",
) -> Seen:
    """Run a program whose standard error (and input) is a terminal, and look at it until it ends.

    Args:
        argv: the program.
        cwd: where it runs.
        env: changes to the environment; CI's own variables are taken out.
        columns: of the terminal.
        resize: after how many pictures it becomes how wide.
        timeout: seconds.
        typed: what the person types at once.
    """
    own, theirs = pty.openpty()
    _size(own, columns)
    with (
        subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            env=_environment(env or {}),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        ) as process,
        contextlib.closing(_Closing(own)),
    ):
        os.close(theirs)
        os.write(own, typed)
        screen, frames, raw = Screen(columns), list[str](), list[str]()
        for text in _pieces(own, time.monotonic() + timeout):
            if text:
                screen.feed(text)
                raw.append(text)
                continue
            if screen.text and (not frames or frames[-1] != screen.text):
                frames.append(screen.text)
                if resize and len(frames) in resize:
                    screen.columns = resize[len(frames)]
                    _size(own, screen.columns)
        out = process.stdout.read().decode() if process.stdout else ""
        return Seen(frames, screen, process.wait(timeout), out, "".join(raw))


class _Closing:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        os.close(self._descriptor)


def _pieces(descriptor: int, deadline: float) -> Iterator[str]:
    """Yield what arrives, and an empty text whenever nothing has for a moment."""
    while True:
        assert time.monotonic() < deadline, "the program did not end"
        ready, _, _ = select.select([descriptor], [], [], _QUIET)
        if not ready:
            yield ""
            continue
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # nobody has the other end any more
            data = b""
        if not data:
            yield ""
            return
        yield data.decode("utf-8", "replace")


def _size(descriptor: int, columns: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    leave = ("CI", "GITHUB_ACTIONS", "NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in leave}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1", **changes}

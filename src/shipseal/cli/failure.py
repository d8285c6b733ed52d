"""How a command that did not end well is told: a sentence and a hint for people, an object for programs, a status."""

import contextlib
import errno
import json
import os
import re
import select
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import typer

from shipseal._internal.machine_faults import machine_error
from shipseal._internal.redact import redact
from shipseal.cli.given import as_given
from shipseal.cli.output import printable
from shipseal.errors import (
    Code,
    ConfigError,
    Exit,
    InterruptedReleaseError,
    ShipsealError,
)

# A job's log is searched for lines that begin so (workflow commands of GitHub Actions).
_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)
# Typer carries its own copy of Click in some versions and not in others; the classes above BadParameter are the same.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]
_CommandLineError: type[Exception] = _UsageError.__bases__[0]

# GitHub shows ten annotations of one kind for a step.
_MAX_ANNOTATIONS = 10


@dataclass(frozen=True, slots=True)
class Failure:
    """Tells how a command ended.

    Attributes:
        as_json: whether the error goes to standard output as JSON.
        debug: whether the traceback is wanted.
        annotate: whether this is a job of GitHub Actions, which marks ``::error::`` lines.
    """

    as_json: bool
    debug: bool
    annotate: bool

    @classmethod
    def for_command_line(cls, argv: Sequence[str], env: Mapping[str, str]) -> "Failure":
        """Return what suits ``argv`` (``--json`` anywhere before ``--``) and ``env``."""
        words = list(argv)
        options = words[: words.index("--")] if "--" in words else words
        return cls(
            as_json="--json" in options,
            debug=env.get("SHIPSEAL_DEBUG", "") not in ("", "0"),
            annotate=env.get("GITHUB_ACTIONS") == "true",
        )

    def report(self, error: BaseException) -> int:
        """Print ``error`` and return the exit status that the command ends with."""
        if isinstance(error, SystemExit):
            return _status_of(error)
        if _tells_of_gone_reader(error) and abandon_closed_streams():
            return Exit.OUTSIDE  # nobody is reading any more, so there is nobody to tell
        known = as_shipseal_error(error)
        try:
            self._print(known, error)
        except OSError:  # nobody reads, or the disk that it goes to is full: the status says what there is to say
            abandon_closed_streams()
        return known.exit

    def _print(self, known: ShipsealError, error: BaseException) -> None:
        if self.debug:
            sys.stderr.write(redact("".join(traceback.format_exception(error))))
        if self.as_json:
            sys.stdout.write(as_json(known))
        else:
            sys.stderr.write(as_text(known))
        if self.annotate:
            sys.stderr.write(_annotations_of(known))
        sys.stdout.flush()
        sys.stderr.flush()


def as_text(error: ShipsealError) -> str:
    """Return ``error CODE: message`` and the hint on a line of its own, without secrets.

    Names of packages stand in messages, and strangers choose them: nothing may move the cursor, nor begin a line that
    a CI system takes for a command.
    """
    text = f"error {error.code}: {error.message}\n"
    if error.hint:
        text += f"hint: {as_given(error.hint)}\n"
    return _COMMAND.sub(r"\1: :", printable(redact(text)))


def as_json(error: ShipsealError) -> str:
    """Return the object of ``error.schema.json``, without secrets."""
    value = {
        "code": str(error.code),
        "message": redact(error.message),
        "hint": redact(as_given(error.hint)),
        "context": {name: redact(text) for name, text in error.context.items()},
        "retryable": error.retryable,
    }
    return json.dumps({"error": value}, indent=2, ensure_ascii=False) + "\n"


def _folder_is_gone() -> bool:
    """Return whether the current folder was removed: whoever asks for its name hears only that something is absent."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def as_shipseal_error(error: BaseException) -> ShipsealError:
    """Return ``error`` if it is one of ours, else the one that says what it means to the person who sees it."""
    if isinstance(error, ShipsealError):
        return error
    if isinstance(error, _CommandLineError):
        return _wrong_usage(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return InterruptedReleaseError("interrupted")
    known = machine_error(error)
    if known is not None and known.code is not Code.CONFIG_INVALID:
        return known
    if isinstance(error, OSError) and error.filename:
        return ConfigError(
            f"{error.filename}: {error.strerror}",
            hint="name a file or folder that can be used for this",
            context={"path": str(error.filename)},
        )
    if isinstance(error, FileNotFoundError) and _folder_is_gone():
        return ConfigError(
            "the current folder does not exist any more",
            hint="go to one that does, and run the same command again",
        )
    return ShipsealError(
        Code.UNKNOWN,
        f"a defect in shipseal: {type(error).__name__}: {error}",
        hint="run it again with SHIPSEAL_DEBUG=1 and report the defect with what that prints",
    )


def _wrong_usage(error: Exception) -> ConfigError:
    """Return the error for a command line that was not understood; Typer's own status for it would be 2."""
    context = getattr(error, "ctx", None)
    message: str = getattr(error, "format_message", error.__str__)()
    if context is None:
        return ConfigError(message, hint="see shipseal --help")
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help, or nothing
        message = f"what to do is missing\n\n{context.get_help()}"
    return ConfigError(message, hint=f"see {context.command_path} --help")


def _annotations_of(error: ShipsealError) -> str:
    """Return workflow commands for ``error``: one for each problem of a configuration, at its line."""
    from shipseal.github.actions import Annotation  # noqa: PLC0415 - most commands end well

    title, file = f"shipseal: {error.code}", error.context.get("file", "")
    problems = getattr(error, "problems", ())
    told = [
        (f"{item.origin or item.key}: {item.message}", item.hint, item.line) for item in problems
    ]
    told = told or [(error.message, error.hint, None)]
    return "".join(
        Annotation(
            "error",
            redact(f"{message}\n{as_given(hint)}".strip()),
            title,
            file if line else "",
            line,
        ).render()
        for message, hint, line in told[:_MAX_ANNOTATIONS]
    )


def _status_of(error: SystemExit) -> int:
    if error.code is None:
        return Exit.OK
    return error.code if isinstance(error.code, int) else Exit.DEFECT


@contextlib.contextmanager
def readers_may_leave() -> Iterator[None]:
    """Print what was done, for whoever still reads: a reader that has gone changes nothing about how it ended."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if not (_tells_of_gone_reader(error) and abandon_closed_streams()):
            raise


def _tells_of_gone_reader(error: BaseException) -> bool:
    """Return whether ``error`` is what a pipe without a reader answers, or a terminal that was closed."""
    return isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.EIO)


def open_missing_streams() -> None:
    """Give this process the standard streams that it was started without.

    Their numbers would go to the next files that are opened, and what is printed would end up in those.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                _open_as(number)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - it stays


def _open_as(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)


def abandon_closed_streams() -> bool:
    """Point standard streams whose reader has gone at nothing, and say whether there was one.

    Without that the interpreter complains at exit, when it flushes what nobody will read.
    """
    closed = [stream for stream in (sys.stdout, sys.stderr) if _reader_is_gone(stream)]
    for stream in closed:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    return bool(closed)


def _reader_is_gone(stream: TextIO) -> bool:
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # replaced in this process by something without a descriptor
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))

"""Commands that are printed as what to do next, so that they do what is meant when they are pasted.

The rooms below do not know the command line, and name each command as it is for the configuration in this folder. Where
another one was named, the command must name it as well: else it reads another file, and looks beside that for releases.
"""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_CONFIG: ContextVar[str] = ContextVar("shipseal_config", default="")
_FILE_NAME = "shipseal.yaml"
_LONG = "--config"
# With --config each of these reads what the command at hand read; the longer names first. A test holds them against
# the options that there are. `scan` decides otherwise with a configuration than by its own options.
TAKES_CONFIG = (
    *(
        f"release {name}"
        for name in ("resume", "list", "show", "checklist", "rollback", "gc", "abort")
    ),
    "release",
    *(f"ignore {name}" for name in ("lint", "explain", "list", "assess", "add", "prune", "vex")),
    *(f"config {name}" for name in ("check", "show")),
    *(f"db {name}" for name in ("update", "pull", "push")),
    *(f"init {name}" for name in ("github", "gitlab", "shell")),
    *(f"admission {name}" for name in ("kyverno", "policy-controller")),
    "gate explain",
    "watch actions",
    "status-pages",
    "doctor",
    "verify",
    "copy",
    "evidence export",
    "sbom generate",
    "diagnose",
)
_ANOTHER = r"(?![\w-]| workflow| bundle)(?:(?<!diagnose)|(?= --run))"
_NAMES_ONE = r"(?![^`;\n]*\s(?:-c|--config|--policy)\s)"
_COMMAND = re.compile(rf"(?<![\w./-])shipseal (?:{'|'.join(TAKES_CONFIG)}){_ANOTHER}{_NAMES_ONE}")
_DEFAULT = re.compile(rf"{_LONG} {re.escape(_FILE_NAME)}(?![\w./-])")


@contextmanager
def naming(argv: Sequence[str]) -> Iterator[None]:
    """Remember meanwhile the configuration that a command line names, unless it is the one that is read without a word.

    Args:
        argv: the words after ``shipseal``.
    """
    named = _named(argv)
    before = _CONFIG.set("" if _is_default(named) else named)
    try:
        yield
    finally:
        _CONFIG.reset(before)


def as_given(text: str) -> str:
    """Return ``text`` with the configuration that was named in each of its commands that would read one."""
    config = _CONFIG.get()
    if not config or "shipseal " not in text:
        return text
    option = f"{_LONG} {shlex.quote(config)}"
    named = _DEFAULT.sub(lambda _: option, text)
    return _COMMAND.sub(lambda found: f"{found[0]} {option}", named)


def _is_default(named: str) -> bool:
    try:
        # Links stay as they were named. A folder that is gone, and no name, are told by whoever opens the file.
        return os.path.abspath(named) == os.path.abspath(_FILE_NAME)  # noqa: PTH100 - see above
    except (OSError, ValueError):
        return False


def _named(argv: Sequence[str]) -> str:
    """Return what the last ``-c`` or ``--config`` names; empty when there is none."""
    words = list(argv)
    options = words[: words.index("--")] if "--" in words else words
    found = ""
    for word, following in zip(options, [*options[1:], ""], strict=False):
        if word in ("-c", _LONG):
            found = following
        elif word.startswith(f"{_LONG}="):
            found = word.partition("=")[2]
        elif word.startswith("-c") and not word.startswith("--"):
            found = word[2:]
    return found

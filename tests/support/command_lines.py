"""Command lines of shipseal that stand in prose: do their commands and options exist."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

from shipseal.cli.main import installed, load

_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_ROOT_OPTIONS = {"--help", "--version", "--install-completion", "--show-completion"}


def command_lines(text: str) -> Iterator[str]:
    """Yield what begins with ``shipseal `` in code spans and code blocks; a ``$`` prompt is no part of it."""
    spans = _SPAN.findall(_FENCE.sub("", text))
    blocks = [line for block in _FENCE.findall(text) for line in _unfolded(block).splitlines()]
    for found in [*spans, *blocks]:
        line = re.sub(r"^(\$ |[A-Z_]+=\S+ )+", "", found.strip())
        if line.startswith("shipseal "):
            yield line


def _unfolded(block: str) -> str:
    return re.sub(r"\\\n\s*", " ", block)


def fault(line: str) -> str:
    """Return what does not exist in ``line``; empty when all of it does. Words in capitals stand for anything."""
    words = shlex.split(line, comments=True)[1:]
    if not words or words[0].isupper():
        return ""
    if words[0] in _ROOT_OPTIONS:
        return ""
    if words[0] not in installed():
        return f"{line}: no command {words[0]}"
    pair = " ".join(words[:2])
    if pair in installed() and pair != words[0]:
        command, rest = load(pair), words[2:]
    else:
        command, rest = _descend(load(words[0]), words[1:])
    if getattr(command, "commands", None) and rest and not rest[0].startswith("-"):
        return f"{line}: no command {rest[0]}"
    unknown = [word for word in _options(rest) if word not in _known(command)]
    return f"{line}: no option {unknown[0]}" if unknown else ""


def _descend(command: Any, words: list[str]) -> tuple[Any, list[str]]:
    below = getattr(command, "commands", {})
    if words and words[0] in below:
        return _descend(below[words[0]], words[1:])
    return command, words


def _options(words: list[str]) -> Iterator[str]:
    for word in words:
        if word in ("|", "&&", ">", "--"):
            return
        if word.startswith("-") and len(word) > 1:
            yield word.partition("=")[0]


def _known(command: Any) -> set[str]:
    names = {name for param in command.params for name in [*param.opts, *param.secondary_opts]}
    return names | {"--help"}

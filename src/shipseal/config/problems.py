"""What is wrong with a configuration: every problem with its place, all of them in one error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.redact import redact
from shipseal.errors import Code, ConfigError

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the root."""

_SHOWN = 25


class EmptyPolicyError(ValueError):
    """A model refuses a policy that everything or everybody would pass."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        message: what is expected and what was got; no secret.
        hint: what to do; may be empty.
        key: where in the configuration, as ``gate.fail_on`` or ``targets[1]``; empty for the file as a whole.
        origin: the environment variable or the option that the value came from; empty for the file.
        line: line in the file, from 1; None when the file does not hold it.
        code: ``config.invalid``, or ``policy.empty`` where a policy would let everything through.
    """

    message: str
    hint: str = ""
    key: str = ""
    origin: str = ""
    line: int | None = None
    code: Code = Code.CONFIG_INVALID


class ConfigProblems(ConfigError):
    """The configuration has one or more problems; ``policy.empty`` when all are of that kind, else ``config.invalid``.

    Attributes:
        problems: all of them, in the order of the file.
    """

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_order))
        first, codes = self.problems[0], {problem.code for problem in self.problems}
        super().__init__(
            _message(path, self.problems),
            hint=first.hint if len(problems) == 1 else "docs/configuration.md describes every key",
            context=_context(path, self.problems),
            code=first.code if len(codes) == 1 else Code.CONFIG_INVALID,
        )


def key_text(path: KeyPath) -> str:
    """Return ``path`` as people write it: ``build.layers[0].files``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _order(problem: Problem) -> tuple[bool, int, str]:
    return bool(problem.origin), problem.line or 0, problem.key


def _message(path: Path, problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return redact(_sentence(path, problems[0]))
    lines = [f"{path}: {len(problems)} problems"]
    for problem in problems[:_SHOWN]:
        hint = f" ({problem.hint})" if problem.hint else ""
        lines.append(f"  {_sentence(path, problem)}{hint}")
    if len(problems) > _SHOWN:
        lines.append(f"  … and {len(problems) - _SHOWN} more")
    return redact("\n".join(lines))


def _sentence(path: Path, problem: Problem) -> str:
    place = problem.origin or (f"{path}:{problem.line}" if problem.line else str(path))
    # Whoever typed an option wants to read its name, and need not know which key it sets.
    typed = problem.origin.startswith("--")
    key = "" if typed or problem.key in ("", place) else f"{problem.key}: "
    return f"{place}: {key}{problem.message}"


def _context(path: Path, problems: Sequence[Problem]) -> Mapping[str, str]:
    first = problems[0]
    context = {"file": str(path), "problems": str(len(problems))}
    if first.key:
        context["key"] = first.key
    if first.line:
        context["line"] = str(first.line)
    if first.origin:
        context["origin"] = first.origin
    return context

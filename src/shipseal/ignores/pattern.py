"""Regular expressions of ignore rules, matched in linear time.

Grype compiles the ``name`` of a rule with Go's ``regexp``, which is RE2: no lookaround, no back references, and no
pattern that runs for ever. Python's ``re`` has all three, so a rule could ignore here what it does not ignore there,
or hang a release. This is the part of RE2's syntax that names need (https://github.com/google/re2/wiki/Syntax), as a
state machine; what it does not know is refused, and a refused pattern ignores nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from shipseal.ignores.pattern_syntax import (
    Alternative,
    Assertion,
    CharacterSet,
    Node,
    PatternError,
    Repeat,
    Sequence,
    parse_pattern,
)

_MAX_STATES = 10_000


@dataclass(slots=True)
class _State:
    """One state: where it goes on a character, or without one."""

    consumes: CharacterSet | None = None
    requires: Assertion | None = None
    targets: list[int] = field(default_factory=list)


class Pattern:
    """A compiled expression.

    Args:
        text: the expression.

    Raises:
        PatternError: it does not compile, or uses what is not supported.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._states: list[_State] = []
        end = self._add(_State())
        self._end = end
        self._start = self._build(parse_pattern(text), end)

    def search(self, text: str) -> bool:
        """Return whether the expression matches anywhere in ``text``."""
        current: set[int] = set()
        for position in range(len(text) + 1):
            reached = self._closure({*current, self._start}, text, position)
            if self._end in reached:
                return True
            if position < len(text):
                current = self._step(reached, text[position])
        return False

    def _step(self, states: Iterable[int], character: str) -> set[int]:
        found: set[int] = set()
        for index in states:
            state = self._states[index]
            if state.consumes is not None and state.consumes.holds(character):
                found.update(state.targets)
        return found

    def _closure(self, states: Iterable[int], text: str, position: int) -> set[int]:
        """Return all states that are reached without reading a character."""
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            state = self._states[index]
            allowed = state.requires is None or state.requires.holds(text, position)
            if state.consumes is None and allowed:
                waiting.extend(state.targets)
        return seen

    def _add(self, state: _State) -> int:
        if len(self._states) >= _MAX_STATES:
            raise PatternError(f"the expression {self.text[:60]!r} is too large")
        self._states.append(state)
        return len(self._states) - 1

    def _build(self, node: Node, after: int) -> int:
        """Return the first state of ``node``, which goes on to ``after``."""
        builders: dict[type, Callable[..., int]] = {
            CharacterSet: lambda item, then: self._add(_State(consumes=item, targets=[then])),
            Assertion: lambda item, then: self._add(_State(requires=item, targets=[then])),
            Sequence: self._build_sequence,
            Alternative: self._build_alternative,
            Repeat: self._build_repeat,
        }
        return builders[type(node)](node, after)

    def _build_sequence(self, node: Sequence, after: int) -> int:
        for item in reversed(node.items):
            after = self._build(item, after)
        return after

    def _build_alternative(self, node: Alternative, after: int) -> int:
        return self._add(_State(targets=[self._build(item, after) for item in node.items]))

    def _build_repeat(self, node: Repeat, after: int) -> int:
        if node.most is None:
            loop = self._add(_State(targets=[after]))
            self._states[loop].targets.append(self._build(node.item, loop))
            after = loop
        else:
            for _ in range(node.most - node.least):
                after = self._add(_State(targets=[self._build(node.item, after), after]))
        for _ in range(node.least):
            after = self._build(node.item, after)
        return after

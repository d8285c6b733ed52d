"""A case: how a failure is made, what it is, and to which half of the corpus it belongs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from scripts.record.scene import Scene
from shipseal.errors import Code

Produce = Callable[[Scene], None]


class Split(StrEnum):
    """Which half: rules are written from the first, and measured on both."""

    RULES = "rules"
    HELD_OUT = "held-out"


class Style(StrEnum):
    """How a person sees it."""

    PLAIN = "plain"
    """What the tools print, and nothing else."""
    TRACED = "traced"
    """The same with each command before it, as ``set -x`` writes it."""
    ACTIONS = "actions"
    """A raw log of GitHub Actions: time stamps, groups, the step's script, the steps around it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A failure that can be made.

    Attributes:
        name: of the case and of its folder.
        produce: makes it.
        split: see :class:`Split`.
        code: what `shipseal diagnose` must say first.
        also: codes that are right too.
        tool: whose failure it is, as ``crane``.
        style: see :class:`Style`.
        live: whether tests make it anew.
    """

    name: str
    produce: Produce
    split: Split
    code: Code
    also: tuple[Code, ...]
    tool: str
    style: Style
    live: bool

    @property
    def made_by(self) -> str:
        """What is done, in a sentence."""
        return " ".join((self.produce.__doc__ or "").split())


CASES: dict[str, Case] = {}
"""All cases by name, once their modules are imported (:func:`scripts.record.areas.every_case`)."""


def rules(code: str, tool: str, **options: object) -> Callable[[Produce], Produce]:
    """Enter a function as a case that rules are written from; see :func:`add` for ``options``."""
    return _entering(Split.RULES, code, tool, options)


def held(code: str, tool: str, **options: object) -> Callable[[Produce], Produce]:
    """Enter a function as a case that nobody writes rules from; see :func:`add` for ``options``."""
    return _entering(Split.HELD_OUT, code, tool, options)


def add(
    split: Split,
    code: str,
    tool: str,
    produce: Produce,
    *,
    name: str = "",
    also: tuple[str, ...] = (),
    style: Style = Style.PLAIN,
    live: bool = False,
) -> None:
    """Enter a case.

    Args:
        split: see :class:`Split`.
        code: what it is.
        tool: whose failure it is.
        produce: makes it; its documentation says how.
        name: of the case; that of ``produce`` unless given.
        also: codes that are right too.
        style: how it is seen.
        live: whether tests make it anew.

    Raises:
        ValueError: there is a case of that name already.
    """
    name = name or produce.__name__.replace("_", "-")
    if name in CASES:
        raise ValueError(f"there are two cases of the name {name}")
    others = tuple(Code(one) for one in also)
    CASES[name] = Case(name, produce, split, Code(code), others, tool, style, live)


def _entering(
    split: Split, code: str, tool: str, options: dict[str, object]
) -> Callable[[Produce], Produce]:
    def enter(produce: Produce) -> Produce:
        add(split, code, tool, produce, **options)  # type: ignore[arg-type]
        return produce

    return enter

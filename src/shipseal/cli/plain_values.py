"""Texts, paths and flags of a command line as they are, without the models that Typer would import to check them.

Typer takes every value through pydantic, whose import costs more than verifying a bundle; a text needs no checking, and
a path is checked by whoever opens it. What is not plain, or a Typer that works otherwise, is left as it is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

_PLAIN = (str, Path, bool)
_NUMBERS = (int, float)
_RULES = (
    "envvar",
    "exists",
    "writable",
    "resolve_path",
    "allow_dash",
    "parser",
    "click_type",
    "path_type",
)


@dataclass(frozen=True, slots=True)
class PlainValue:
    """Makes the value of one parameter.

    Attributes:
        kind: ``str``, ``Path`` or ``bool`` (a flag, which is one already), of the value or of each of several.
    """

    kind: Any

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return ``value`` as Typer would: nothing stays nothing, and several of nothing are none."""
        several = bool(getattr(param, "multiple", False)) or param.nargs == -1
        if value is None:
            return () if several else None
        return [self.kind(item) for item in value] if several else self.kind(value)


class LateValue:
    """Makes the value of a parameter that Typer has to check, and lets it import what checks only what was given."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return ``value`` as Typer would: nothing, or a default that is a number already, needs no checking."""
        if value is None or type(value) in _NUMBERS:
            return value
        param._runtime_param = None  # noqa: SLF001 - Typer makes its own when it finds none
        return param.get_runtime_param().coerce(value, param, ctx)


def take_plainly(command: Any) -> None:
    """Let the plain parameters of ``command``, and of those below it, be taken as they are."""
    # With a context the list has the help option too, which the command keeps from then on.
    for param in command.get_params(typer.Context(command)):
        if getattr(param, "_runtime_param", "") is not None:
            continue
        kind = _kind_of(param)
        if kind is not None:
            param._runtime_param = PlainValue(kind)  # noqa: SLF001 - where Typer keeps what it would import
        elif _is_number(param):
            param._runtime_param = LateValue()  # noqa: SLF001 - as above
    for below in getattr(command, "commands", {}).values():
        take_plainly(below)


def _kind_of(param: Any) -> Any:
    described = getattr(param, "type_descriptor", None)
    if described is None or any(getattr(described.parameter_info, rule, None) for rule in _RULES):
        return None
    annotation = described.annotation
    if get_origin(annotation) is list:
        (annotation,) = get_args(annotation) or (None,)
    elif getattr(param, "multiple", False) or param.nargs != 1:
        return None
    return annotation if annotation in _PLAIN else None


def _is_number(param: Any) -> bool:
    described = getattr(param, "type_descriptor", None)
    several = getattr(param, "multiple", False) or param.nargs != 1
    return described is not None and not several and described.annotation in _NUMBERS

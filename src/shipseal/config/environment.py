"""Values that come from outside the file: environment variables and options of the command line."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from shipseal._internal.kms_names import is_kms_name
from shipseal.config.keys import PREFIX, RESERVED, Key, all_keys, variables
from shipseal.config.problems import Problem
from shipseal.config.shape import Kind
from shipseal.config.values import LAYOUT_PREFIX, absolute, absolute_program, absolute_target

COMMAND_LINE = "command line"
_OPTION = "--"

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value from outside the file.

    Attributes:
        path: the key that it sets.
        value: as the models read it.
        origin: the variable, or the option; the command line as a whole where the option is not known.
    """

    path: tuple[str, ...]
    value: object
    origin: str


def from_environment(
    env: Mapping[str, str], folder: Path
) -> tuple[tuple[Setting, ...], tuple[Problem, ...]]:
    """Return what ``SHIPSEAL_*`` variables set, and those that mean nothing.

    Args:
        env: the environment; an empty variable counts as one that is not set, because that is what a workflow makes
            of an input that was not given.
        folder: what relative paths are relative to: the current folder, as for every other program's variables.
    """
    known = variables()
    settings, problems = [], []
    for name in sorted(env):
        if not name.startswith(PREFIX) or name in RESERVED or not env[name].strip():
            continue
        if name in known:
            key = known[name]
            settings.append(Setting(key.path, _typed(env[name], key, folder), name))
        else:
            problems.append(_unknown(name, known))
    return tuple(settings), tuple(problems)


def is_typed(origin: str) -> bool:
    """Return whether somebody typed the value on the command line."""
    return origin == COMMAND_LINE or origin.startswith(_OPTION)


def from_options(
    options: Mapping[str, object], folder: Path, names: Mapping[str, str] = _NO_NAMES
) -> tuple[Setting, ...]:
    """Return what the command line sets.

    Args:
        options: values by key name (``gate.fail_on``); None was not given.
        folder: what relative paths are relative to.
        names: what the options are called that set these keys: ``--wait``.

    Raises:
        KeyError: there is no such key, which is a defect of the command.
    """
    keys = {key.name: key for key in all_keys()}
    return tuple(
        Setting(keys[name].path, _native(value, keys[name], folder), names.get(name, COMMAND_LINE))
        for name, value in options.items()
        if value is not None
    )


def _native(value: object, key: Key, folder: Path) -> object:
    if isinstance(value, tuple | list):
        return [_native(item, key, folder) for item in value]
    if isinstance(value, Path):
        return absolute(str(value), folder)
    return _placed(value, key, folder) if isinstance(value, str) else value


def _typed(text: str, key: Key, folder: Path) -> object:
    """Read a variable's text as its key wants it; what does not fit stays text, and validation refuses it."""
    text = text.strip()
    if key.shape.kind is Kind.LIST:
        return [_placed(item.strip(), key, folder) for item in text.split(",") if item.strip()]
    if key.shape.kind is Kind.FLAG:
        return _FLAGS.get(text.lower(), text)
    if key.shape.kind is Kind.NUMBER:
        return int(text) if text.isdecimal() else text
    return _placed(text, key, folder)


def _placed(text: str, key: Key, folder: Path) -> str:
    if not key.shape.is_path:
        return text
    if key.path == ("sign", "key") and is_kms_name(text):
        return text
    if key.path == ("targets",):
        return absolute_target(text, folder) if text != LAYOUT_PREFIX else text
    if key.shape.text == "program":
        return absolute_program(text, folder)
    return absolute(text, folder)


def _unknown(name: str, known: Mapping[str, Key]) -> Problem:
    near = difflib.get_close_matches(name, [*known, *RESERVED], n=1, cutoff=0.6)
    hint = (
        f"did you mean {near[0]}?"
        if near
        else "docs/configuration.md lists the variables; unset it"
    )
    return Problem("unknown environment variable", hint, origin=name)

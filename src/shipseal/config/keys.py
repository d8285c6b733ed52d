"""Every key that the models know: for documentation, environment variables, and spelling suggestions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shipseal.config.model import Config
from shipseal.config.shape import Kind, Shape, shape_of

PREFIX = "SHIPSEAL_"
# Variables that mean something else than a key of the configuration.
RESERVED = frozenset(
    PREFIX + name
    for name in (
        "STATE",
        "CACHE",
        "DB",
        "STORE",
        "KEY_PASSWORD",
        "KEY_PASSWORD_FILE",
        "DEBUG",
        "REQUIRE_ALL",
    )
)
ITEM = "[]"
NAME = "<name>"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration.

    Attributes:
        path: from the root; ``[]`` stands for the items of a list, ``<name>`` for the names of a mapping.
        shape: what it takes.
        required: whether there is no default.
        default: as it would be written in the file; None where the description says what happens.
        description: sentences; of a section, what its model says about itself.
        builders: the builders that have this key; empty when it has nothing to do with them.
    """

    path: tuple[str, ...]
    shape: Shape
    required: bool
    default: object
    description: str
    builders: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The key as people write it: ``gate.fail_on``."""
        return ".".join(self.path).replace(f".{ITEM}", ITEM)

    @property
    def variable(self) -> str:
        """The environment variable that overrides it; empty when there is none."""
        # Tags have a short form that is a plain text; no other nested value has one.
        nested = self.shape.models and self.path != ("tags",)
        if nested or self.shape.kind is Kind.MAPPING or not {ITEM, NAME}.isdisjoint(self.path):
            return ""
        return PREFIX + "_".join(self.path).upper()


@cache
def all_keys() -> tuple[Key, ...]:
    """Return every key, sections before what they hold, in the order of the models."""
    united: dict[tuple[str, ...], Key] = {}
    for key in _walk(Config, (), ()):
        known = united.get(key.path)
        united[key.path] = _unite(known, key) if known else key
    return tuple(united.values())


@cache
def variables() -> Mapping[str, Key]:
    """Return the keys that the environment can set, by variable."""
    return {key.variable: key for key in all_keys() if key.variable}


def children(path: tuple[str, ...]) -> tuple[Key, ...]:
    """Return the keys directly below ``path``."""
    return tuple(key for key in all_keys() if key.path[:-1] == path)


def written_defaults(model: type[BaseModel]) -> Mapping[str, object]:
    """Return the defaults of ``model`` in the notation of the file."""
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    values = {
        name: field.default for name, field in model.model_fields.items() if name not in required
    }
    return model.model_construct(**values).model_dump(mode="json", exclude=required, warnings=False)


def _unite(first: Key, second: Key) -> Key:
    """Return the key that several builders have in common."""
    choices = tuple(dict.fromkeys(first.shape.choices + second.shape.choices))
    text = _both(first, first.shape.text, second, second.shape.text, between="; ")
    if choices:
        text = "one of " + ", ".join(choices)
    return replace(
        first,
        shape=replace(first.shape, choices=choices, text=text),
        # Where the defaults differ, the descriptions say what they are.
        default=first.default if first.default == second.default else None,
        description=_both(first, first.description, second, second.description),
        builders=first.builders + second.builders,
    )


def _both(first: Key, said: str, second: Key, more: str, *, between: str = " ") -> str:
    """Return what two builders say of one key: once where they agree."""
    return said if said == more else f"{_naming(first, said)}{between}{_naming(second, more)}"


def _naming(key: Key, said: str) -> str:
    names = ", ".join(f"`{name}`" for name in key.builders)
    return f"{names}: {said}"


def _walk(
    model: type[BaseModel], path: tuple[str, ...], builders: tuple[str, ...]
) -> Iterator[Key]:
    defaults = written_defaults(model)
    for name, field in model.model_fields.items():
        place = (*path, field.alias or name)
        shape = shape_of(field.annotation, tuple(field.metadata))
        default = None if shape.models else defaults.get(name)
        yield Key(place, shape, field.is_required(), default, _description(field), builders)
        below = {Kind.LIST: (ITEM,), Kind.MAPPING: (NAME,)}.get(shape.kind, ())
        for child in shape.models:
            own = (_builder(child),) if len(shape.models) > 1 else builders
            yield from _walk(child, place + below, own)


def _builder(model: type[BaseModel]) -> str:
    return shape_of(model.model_fields["builder"].annotation).choices[0]


def _description(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())

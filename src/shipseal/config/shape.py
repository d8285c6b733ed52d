"""What an annotation of the models asks for, in words and for the reader of environment variables."""

import types
import typing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from shipseal.config.section import Shown


class Kind(StrEnum):
    """How a value is built up."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    LIST = "list"
    MAPPING = "mapping"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a value.

    Attributes:
        kind: see :class:`Kind`.
        text: what it is called for people.
        is_path: whether it, or each item of it, is relative to something.
        choices: the texts that are allowed; empty when there are more than can be listed.
        models: the model, or the alternatives, of a section or of the items of a list or mapping.
    """

    kind: Kind
    text: str
    is_path: bool = False
    choices: tuple[str, ...] = ()
    models: tuple[type[BaseModel], ...] = ()


_PLAIN = {bool: Shape(Kind.FLAG, "true or false"), int: Shape(Kind.NUMBER, "number")}


def shape_of(annotation: Any, metadata: tuple[object, ...] = ()) -> Shape:
    """Return the shape of a field's annotation; ``metadata`` is what pydantic has taken off its outside."""
    annotation, found = _bare(annotation)
    shown = next((item for item in (*found, *metadata) if isinstance(item, Shown)), None)
    shape = _container(annotation)
    return replace(shape, text=shown.text, is_path=shown.is_path) if shown else shape


def _bare(annotation: Any) -> tuple[Any, tuple[object, ...]]:
    """Take off ``Annotated`` and ``| None``, and return what was annotated."""
    metadata: tuple[object, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata += tuple(more)
        elif _is_union(annotation) and types.NoneType in get_args(annotation):
            rest = tuple(part for part in get_args(annotation) if part is not types.NoneType)
            annotation = typing.Union[rest]  # noqa: UP007 - made at run time
        else:
            return annotation, metadata


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (typing.Union, types.UnionType)


def _container(annotation: Any) -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return Shape(Kind.TEXT, "one of " + ", ".join(arguments), choices=arguments)
    if origin is tuple:
        item = shape_of(arguments[0])
        return replace(item, kind=Kind.LIST, text=_list_text(item))
    if origin is dict:
        item = shape_of(arguments[1])
        return Shape(Kind.MAPPING, f"mapping of names to {item.text}", models=item.models)
    if _is_union(annotation):
        models = tuple(part for part in arguments if _is_model(part))
        return Shape(Kind.SECTION, "section", models=models) if models else Shape(Kind.TEXT, "text")
    if _is_model(annotation):
        return Shape(Kind.SECTION, "section", models=(annotation,))
    return _PLAIN.get(annotation, Shape(Kind.TEXT, "text"))


def _list_text(item: Shape) -> str:
    return f"list of {item.text.removeprefix('one of ')}" if item.text else "list"


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)

"""The JSON schemas of the package, and documents that are held against them."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker


@cache
def schema(name: str) -> Any:
    """Return a schema, itself a correct one; ``name`` is its file's without ``.schema.json``."""
    found = json.loads(files("shipseal.schemas").joinpath(f"{name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(found)
    return found


def check_shape(document: object, name: str) -> None:
    """Hold a document against the schema of that name, formats too.

    Raises:
        ValidationError: of jsonschema, when it does not fit.
    """
    Draft202012Validator(schema(name), format_checker=FormatChecker()).validate(document)

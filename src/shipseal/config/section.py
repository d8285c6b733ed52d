"""What every section of the configuration is made of."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Section(BaseModel):
    """A mapping of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """How a kind of value is called in documentation and messages.

    Attributes:
        text: for people, e.g. ``duration``.
        is_path: whether a relative value is relative to something: a path, a program, a target.
    """

    text: str
    is_path: bool = False


@dataclass(frozen=True, slots=True)
class ShortForm:
    """A second way to write a value, for the JSON Schema.

    Attributes:
        schema: of the short form.
    """

    schema: dict[str, Any]

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema that accepts either form."""
        return {"anyOf": [self.schema, handler(core)]}

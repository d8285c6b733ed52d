"""The JSON Schema of ``shipseal.yaml``, for editors."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shipseal.config.model import Config

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ID = "urn:shipseal:schema:config:1"


def config_schema() -> dict[str, Any]:
    """Return the schema: what it accepts the loader accepts, but for rules that a schema cannot say."""
    schema = Config.model_json_schema(by_alias=True, schema_generator=_Generator)
    return {"$schema": _DIALECT, "$id": _ID, **schema}


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return that no field needs a title."""
        return False

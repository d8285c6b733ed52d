"""OpenVEX 0.2.0's rules for a document, in our own words, as a JSON Schema.

Made from the specification's tables of fields: what is required, which words there are, and which fields a status
demands. What the specification does not name is refused, so that a field of ours that it does not know is found.
"""

from typing import Any

import jsonschema

_TEXT = {"type": "string", "minLength": 1}
# A format would be checked only where a further package is installed.
_TIME = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
_IRI = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]*:"}
_HASHES = ("md5", "sha1", "sha-256", "sha-384", "sha-512", "sha3-224", "sha3-256", "sha3-384",
           "sha3-512", "blake2s-256", "blake2b-256", "blake2b-512")  # fmt: skip


def _object(required: list[str], **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": {name.replace("id_", "@id").replace("context_", "@context"): value
                       for name, value in fields.items()},
    }  # fmt: skip


_COMPONENT_FIELDS: dict[str, Any] = {
    "id_": _IRI,
    "identifiers": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "purl": {"type": "string", "pattern": "^pkg:[a-z]"},
            "cpe22": {"type": "string", "pattern": "^cpe:/"},
            "cpe23": {"type": "string", "pattern": "^cpe:2.3:"},
        },
    },
    "hashes": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {name: {"type": "string", "pattern": "^[0-9a-f]+$"} for name in _HASHES},
    },
}
_NAMED = {"anyOf": [{"required": [name]} for name in ("@id", "identifiers", "hashes")]}
_COMPONENT = _object([], **_COMPONENT_FIELDS) | _NAMED
_PRODUCT = (
    _object(
        [],
        **_COMPONENT_FIELDS,
        subcomponents={"type": "array", "minItems": 1, "uniqueItems": True, "items": _COMPONENT},
    )
    | _NAMED
)


def _if(status: str, then: dict[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"status": {"const": status}}, "required": ["status"]},
        "then": then,
    }


_WORDS = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]
_STATEMENT = _object(
    ["vulnerability", "status", "products"],
    id_=_IRI,
    version={"type": "integer", "minimum": 1},
    vulnerability=_object(
        ["name"],
        id_=_IRI,
        name=_TEXT,
        description={"type": "string"},
        aliases={"type": "array", "uniqueItems": True, "items": _TEXT},
    ),
    timestamp=_TIME,
    last_updated=_TIME,
    products={"type": "array", "minItems": 1, "uniqueItems": True, "items": _PRODUCT},
    status={"enum": ["not_affected", "affected", "fixed", "under_investigation"]},
    supplier={"type": "string"},
    status_notes={"type": "string"},
    justification={"enum": _WORDS},
    impact_statement=_TEXT,
    action_statement=_TEXT,
    action_statement_timestamp=_TIME,
) | {
    "allOf": [
        _if(
            "not_affected",
            {"anyOf": [{"required": ["justification"]}, {"required": ["impact_statement"]}]},
        ),
        _if("affected", {"required": ["action_statement"]}),
        # A justification says why something is not affected, and nothing else.
        {
            "if": {"required": ["justification"]},
            "then": {"properties": {"status": {"const": "not_affected"}}},
        },
    ]
}
RULES: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ["@context", "@id", "author", "timestamp", "version", "statements"],
        context_={"const": "https://openvex.dev/ns/v0.2.0"},
        id_=_IRI,
        author=_TEXT,
        role={"type": "string"},
        timestamp=_TIME,
        last_updated=_TIME,
        version={"type": "integer", "minimum": 1},
        tooling={"type": "string"},
        statements={"type": "array", "minItems": 1, "items": _STATEMENT},
    ),
}


def valid_openvex(document: object) -> None:
    """Hold ``document`` against the rules.

    Raises:
        jsonschema.ValidationError: one of them is broken.
    """
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(RULES, format_checker=checker).validate(document)

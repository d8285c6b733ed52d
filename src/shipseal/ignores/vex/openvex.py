"""OpenVEX documents, written and read (OpenVEX specification 0.2.0; 0.0.1 is read, too)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal.errors import ConfigError
from shipseal.ignores.vex.document import VexDocument, VexProduct, VexStatement, VexStatus
from shipseal.intoto.predicates import OPENVEX

CONTEXT = "https://openvex.dev/ns/v0.2.0"
PREDICATE_TYPE = OPENVEX
_PREFIX = "https://openvex.dev/ns"
_HASHES = {"sha-256": "sha256", "sha256": "sha256"}


def openvex_document(
    statements: Sequence[VexStatement], *, author: str, now: datetime, tooling: str
) -> dict[str, Any]:
    """Return a document; the same statements give the same id.

    Args:
        statements: what it says.
        author: who says it.
        now: when.
        tooling: by which program.
    """
    made = rfc3339(now)
    listed = [_statement(one, made) for one in statements]
    content = msgspec.json.encode([author, listed])
    return {
        "@context": CONTEXT,
        "@id": f"urn:shipseal:vex:{hashlib.sha256(content).hexdigest()}",
        "author": author,
        "timestamp": made,
        "version": 1,
        "tooling": tooling,
        "statements": listed,
    }


def _statement(one: VexStatement, made: str) -> dict[str, Any]:
    name, *aliases = one.ids
    vulnerability = {"name": name, "description": one.description, "aliases": aliases}
    found: dict[str, Any] = {
        "vulnerability": {key: value for key, value in vulnerability.items() if value},
        "timestamp": rfc3339(one.made) if one.made else made,
        "products": [_product(product) for product in one.products],
        "status": str(one.status),
    }
    told = {
        "justification": one.justification,
        "impact_statement": one.impact,
        "action_statement": one.action,
    }
    return found | {key: value for key, value in told.items() if value}


def _product(product: VexProduct) -> dict[str, Any]:
    found = _component(product.names)
    if product.parts:
        found["subcomponents"] = [_component((part,)) for part in product.parts]
    return found


def _component(names: Sequence[str]) -> dict[str, Any]:
    purls = [name for name in names if name.startswith("pkg:")]
    digests = [name.partition(":")[2] for name in names if name.startswith("sha256:")]
    found: dict[str, Any] = {"@id": names[0]}
    if purls:
        # There is place for one; where there are two, the first is the name itself.
        found["identifiers"] = {"purl": purls[-1]}
    if digests:
        found["hashes"] = {"sha-256": digests[0]}
    return found


def is_openvex(value: Mapping[str, Any]) -> bool:
    """Return whether a document says that it is OpenVEX."""
    return str(value.get("@context", "")).startswith(_PREFIX)


def read_openvex(value: Mapping[str, Any], *, what: str) -> VexDocument:
    """Return what a document says.

    Args:
        value: its JSON.
        what: names it in errors.

    Raises:
        ConfigError: a statement is none.
    """
    statements = value.get("statements")
    if not isinstance(statements, list):
        raise ConfigError(f"{what}: no OpenVEX: it has no statements")
    made = as_time(value.get("timestamp"))
    return VexDocument(
        id=_text(value.get("@id")),
        author=_text(value.get("author")),
        made=made,
        statements=tuple(
            _read_statement(one, made, f"{what}: statements[{number}]")
            for number, one in enumerate(statements)
        ),
        source=what,
    )


def _read_statement(value: Any, made: datetime | None, what: str) -> VexStatement:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{what}: expected an object")
    try:
        status = VexStatus(_text(value.get("status")))
    except ValueError as error:
        raise ConfigError(
            f"{what}: status {_text(value.get('status'))[:60]!r} is none of {', '.join(VexStatus)}"
        ) from error
    vulnerability = value.get("vulnerability")
    about = {"name": vulnerability} if isinstance(vulnerability, str) else vulnerability
    if not isinstance(about, Mapping):
        raise ConfigError(f"{what}: names no vulnerability")
    ids = tuple(_ids(about))
    if not ids:
        raise ConfigError(f"{what}: names no vulnerability")
    return VexStatement(
        ids=ids,
        status=status,
        products=tuple(_read_product(one) for one in _list(value.get("products"))),
        justification=_text(value.get("justification")),
        impact=_text(value.get("impact_statement")),
        action=_text(value.get("action_statement")),
        made=as_time(value.get("timestamp")) or made,
        description=_text(about.get("description")),
    )


def _ids(about: Mapping[str, Any]) -> Iterator[str]:
    for name in (about.get("name"), *_list(about.get("aliases"))):
        if isinstance(name, str) and name:
            yield name
    link = _text(about.get("@id"))
    if link and not about.get("name"):
        yield link.rpartition("/")[2]


def _read_product(value: Any) -> VexProduct:
    parts = _list(value.get("subcomponents")) if isinstance(value, Mapping) else []
    return VexProduct(tuple(_names(value)), tuple(name for one in parts for name in _names(one)))


def _names(value: Any) -> Iterator[str]:
    """Yield the names of a product or a part: 0.0.1 has plain text there."""
    if isinstance(value, str):
        yield value
    if not isinstance(value, Mapping):
        return
    identifiers = value.get("identifiers")
    hashes = value.get("hashes")
    found = [value.get("@id"), *(identifiers.values() if isinstance(identifiers, Mapping) else ())]
    yield from dict.fromkeys(name for name in found if isinstance(name, str) and name)
    if isinstance(hashes, Mapping):
        for kind, digest in hashes.items():
            if (name := _HASHES.get(str(kind).lower())) and isinstance(digest, str):
                yield f"{name}:{digest.lower()}"


def as_time(value: object) -> datetime | None:
    """Return the moment that a text is; None when it is none, or has no zone."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

"""VEX in CycloneDX 1.6: written for Dependency-Track and others, and read (its JSON schema, ``vulnerabilities``)."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal.errors import ConfigError
from shipseal.ignores.vex.document import (
    VexDocument,
    VexJustification,
    VexProduct,
    VexStatement,
    VexStatus,
)
from shipseal.ignores.vex.openvex import as_time

_STATES = {
    VexStatus.NOT_AFFECTED: "not_affected",
    VexStatus.AFFECTED: "exploitable",
    VexStatus.FIXED: "resolved",
    VexStatus.UNDER_INVESTIGATION: "in_triage",
}
_STATUSES = {state: status for status, state in _STATES.items()} | {
    "resolved_with_pedigree": VexStatus.FIXED,
    "false_positive": VexStatus.NOT_AFFECTED,
}
_JUSTIFICATIONS = {
    VexJustification.COMPONENT_NOT_PRESENT: "code_not_present",
    VexJustification.VULNERABLE_CODE_NOT_PRESENT: "code_not_present",
    VexJustification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH: "code_not_reachable",
    VexJustification.VULNERABLE_CODE_CANNOT_BE_CONTROLLED: "requires_environment",
    VexJustification.INLINE_MITIGATIONS_ALREADY_EXIST: "protected_by_mitigating_control",
}
_READ = {
    "code_not_present": VexJustification.VULNERABLE_CODE_NOT_PRESENT,
    "code_not_reachable": VexJustification.VULNERABLE_CODE_NOT_IN_EXECUTE_PATH,
    "requires_configuration": VexJustification.VULNERABLE_CODE_CANNOT_BE_CONTROLLED,
    "requires_dependency": VexJustification.VULNERABLE_CODE_NOT_PRESENT,
    "requires_environment": VexJustification.VULNERABLE_CODE_CANNOT_BE_CONTROLLED,
}
_MITIGATED = "protected_"


def cyclonedx_vex(
    statements: Sequence[VexStatement], *, author: str, now: datetime, version: str
) -> dict[str, Any]:
    """Return a document; the same statements give the same serial number.

    Args:
        statements: what it says.
        author: who says it.
        now: when.
        version: of shipseal.
    """
    purls = dict.fromkeys(name for one in statements for name in _affected(one))
    listed = [_vulnerability(one) for one in statements]
    content = hashlib.sha256(msgspec.json.encode([author, listed])).digest()
    tool = {"type": "application", "name": "shipseal", "version": version}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=content[:16], version=5)}",
        "version": 1,
        "metadata": {
            "timestamp": rfc3339(now),
            "tools": {"components": [tool]},
            "authors": [{"name": author}],
        },
        "components": [_component(purl) for purl in purls],
        "vulnerabilities": listed,
    }


def _affected(one: VexStatement) -> Iterator[str]:
    for product in one.products:
        yield from product.parts or product.names[:1]


def _component(purl: str) -> dict[str, Any]:
    path = purl.partition("?")[0].rpartition("/")[2]
    name, _, version = path.partition("@")
    kind = "container" if purl.startswith("pkg:oci/") else "library"
    found = {"type": kind, "bom-ref": purl, "name": name or purl, "version": version}
    found |= {"purl": purl} if purl.startswith("pkg:") else {}
    return {key: value for key, value in found.items() if value}


def _vulnerability(one: VexStatement) -> dict[str, Any]:
    analysis: dict[str, Any] = {"state": _STATES[one.status]}
    if one.justification in _JUSTIFICATIONS:
        analysis["justification"] = _JUSTIFICATIONS[VexJustification(one.justification)]
    if one.action:
        analysis["response"] = ["update"]
    if detail := "; ".join(filter(None, (one.impact, one.action))):
        analysis["detail"] = detail
    found: dict[str, Any] = {
        "id": one.ids[0],
        "references": [
            {"id": name, "source": {"name": name.partition("-")[0]}} for name in one.ids[1:]
        ],
        "description": one.description,
        "analysis": analysis,
        "affects": [{"ref": purl} for purl in dict.fromkeys(_affected(one))],
    }
    return {key: value for key, value in found.items() if value}


def is_cyclonedx(value: Mapping[str, Any]) -> bool:
    """Return whether a document says that it is CycloneDX."""
    return value.get("bomFormat") == "CycloneDX"


def read_cyclonedx(value: Mapping[str, Any], *, what: str) -> VexDocument:
    """Return the analyses in a document; vulnerabilities without one say nothing.

    Args:
        value: its JSON.
        what: names it in errors.

    Raises:
        ConfigError: it has no vulnerabilities, or a state that CycloneDX does not know.
    """
    listed = value.get("vulnerabilities")
    if not isinstance(listed, list):
        raise ConfigError(f"{what}: no VEX: it has no vulnerabilities")
    metadata = _mapping(value.get("metadata"))
    made = as_time(metadata.get("timestamp"))
    components = {
        str(one.get("bom-ref")): str(one.get("purl", ""))
        for one in (metadata.get("component"), *_list(value.get("components")))
        if isinstance(one, Mapping)
    }
    authors = [str(_mapping(one).get("name", "")) for one in _list(metadata.get("authors"))]
    return VexDocument(
        id=str(value.get("serialNumber", "")),
        author=", ".join(filter(None, authors)),
        made=made,
        statements=tuple(
            _read(one, components, made, f"{what}: vulnerabilities[{number}]")
            for number, one in enumerate(listed)
            if isinstance(one, Mapping) and isinstance(one.get("analysis"), Mapping)
        ),
        source=what,
    )


def _read(
    value: Mapping[str, Any], components: Mapping[str, str], made: datetime | None, what: str
) -> VexStatement:
    analysis = _mapping(value.get("analysis"))
    state = str(analysis.get("state", ""))
    if state not in _STATUSES:
        raise ConfigError(f"{what}: state {state[:60]!r} is none that CycloneDX knows")
    names = [value.get("id"), *(_mapping(one).get("id") for one in _list(value.get("references")))]
    ids = tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))
    if not ids:
        raise ConfigError(f"{what}: names no vulnerability")
    refs = [str(_mapping(one).get("ref", "")) for one in _list(value.get("affects"))]
    return VexStatement(
        ids=ids,
        status=_STATUSES[state],
        products=tuple(VexProduct((components.get(ref) or _linked(ref),)) for ref in refs if ref),
        justification=_justification(str(analysis.get("justification", ""))),
        impact=str(analysis.get("detail", "")),
        made=as_time(analysis.get("lastUpdated")) or made,
        description=str(value.get("description", "")),
    )


def _linked(ref: str) -> str:
    """Return what a BOM-Link names within its document: ``urn:cdx:SERIAL/VERSION#BOM-REF``."""
    from urllib.parse import unquote  # noqa: PLC0415 - decisions do not import it for the network

    return unquote(ref.rpartition("#")[2]) if ref.startswith("urn:cdx:") else ref


def _justification(word: str) -> str:
    if word.startswith(_MITIGATED):
        return VexJustification.INLINE_MITIGATIONS_ALREADY_EXIST
    return _READ.get(word, "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""Packages out of a CycloneDX JSON document (https://cyclonedx.org/specification), of any tool.

Syft and Trivy say in properties of their own where a package lies and what its source package is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from shipseal.scan.inventory import Inventory, Places, Subject
from shipseal.scan.listing import Entry, Listing
from shipseal.scan.purl_packages import SYFT_TYPES, SYSTEM_TYPES, Identity, Upstream, identify
from shipseal.scan.sbom_file import decode_member

_MOST_LEVELS = 100
_SYFT, _TRIVY = "syft:", "aquasecurity:trivy:"
# Components that are no packages: nobody writes advisories for them.
_NO_PACKAGES = frozenset({
    "file", "device", "data", "cryptographic-asset", "machine-learning-model",
})  # fmt: skip


class _Property(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    value: str | None = None


class _Component(msgspec.Struct, frozen=True):
    type: str = ""
    name: str = ""
    group: str | None = None
    version: str | None = None
    purl: str | None = None
    ref: str = msgspec.field(default="", name="bom-ref")
    properties: msgspec.Raw = msgspec.Raw(b"null")
    components: list["_Component"] | None = None


class _Metadata(msgspec.Struct, frozen=True):
    component: _Component | None = None
    tools: Any = None


_COMPONENTS = msgspec.json.Decoder(list[_Component] | None)
_METADATA = msgspec.json.Decoder(_Metadata | None)
_PROPERTIES = msgspec.json.Decoder(list[_Property] | None)


def cyclonedx_inventory(
    version: str, *, components: msgspec.Raw, metadata: msgspec.Raw
) -> Inventory:
    """Return what the document lists; the arguments are its members.

    Raises:
        msgspec.DecodeError: it is malformed, or components lie in each other without end.
    """
    told: _Metadata = decode_member(_METADATA, metadata, "metadata") or _Metadata()
    listing, distro = Listing(), ""
    listed = decode_member(_COMPONENTS, components, "components") or []
    for number, component in enumerate(_flat(listed, 0)):
        if component.type == "operating-system":
            distro = distro or _distro(component)
        elif component.type not in _NO_PACKAGES:
            listing.add(_entry(component, component.ref or str(number)))
    distro = distro or listing.named_distro()
    return Inventory(
        format=f"CycloneDX {version}".strip(),
        tool=_tool(told.tools),
        subject=_subject(told.component) if told.component else Subject(),
        packages=listing.packages(distro),
        owners={},
        unnamed=listing.unnamed,
        malformed=tuple(listing.malformed),
        distro=distro,
    )


def _flat(components: list[_Component], level: int) -> Iterator[_Component]:
    if level > _MOST_LEVELS:
        raise msgspec.DecodeError(
            f"components lie in each other on more than {_MOST_LEVELS} levels"
        )
    for component in components:
        yield component
        if component.components:
            yield from _flat(component.components, level + 1)


def _entry(component: _Component, element: str) -> Entry:
    purl = component.purl or ""
    entry = Entry(
        element,
        component.name,
        component.version or "",
        purl,
        traces=component.properties,
        read_places=_places,
    )
    identity = identify(purl) if purl else None
    if identity is None:
        if not purl:
            _by_properties(entry, component)
    elif identity.purl_type in SYSTEM_TYPES:
        entry.identity = _system_identity(component, identity)
    elif component.group and identity.purl_type in ("npm", "golang", "composer"):
        entry.name = f"{component.group}/{component.name}"
    return entry


def _by_properties(entry: Entry, component: _Component) -> None:
    """Take Syft's word for the type of what has no package URL."""
    kind = _properties(component.properties).get(f"{_SYFT}package:type", "")
    if kind in SYFT_TYPES:
        separator = ":" if kind == "java-archive" else "/"
        entry.type = kind
        if component.group:
            entry.name = f"{component.group}{separator}{component.name}"


def _system_identity(component: _Component, identity: Identity) -> Identity | None:
    """Return the package with its source package where only Trivy's properties name it; else None."""
    if identity.upstreams:
        return None
    properties = _properties(component.properties)
    name = properties.get(f"{_TRIVY}SrcName", "")
    if not name:
        return None
    version = properties.get(f"{_TRIVY}SrcVersion", "")
    release = properties.get(f"{_TRIVY}SrcRelease", "")
    epoch = properties.get(f"{_TRIVY}SrcEpoch", "")
    full = "".join((f"{epoch}:" if epoch else "", version, f"-{release}" if release else ""))
    upstream = Upstream(name, full if version else "")
    return Identity(
        identity.purl_type, identity.name, identity.version, identity.distro, (upstream,)
    )


def _properties(raw: bytes | msgspec.Raw) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for item in _listed_properties(raw):
        found.setdefault(item.name, item.value or "")
    return found


def _listed_properties(raw: bytes | msgspec.Raw) -> list[_Property]:
    """Return the properties; what has another shape than the specification's tells nothing."""
    try:
        return _PROPERTIES.decode(raw) or []
    except msgspec.DecodeError:
        return []


def _places(traces: bytes | msgspec.Raw) -> Places:
    properties = _properties(traces)
    paths = [
        value
        for name, value in sorted(properties.items())
        if name.startswith(f"{_SYFT}location:") and name.endswith(":path")
    ]
    path = properties.get(f"{_TRIVY}FilePath", "")
    layer = properties.get(f"{_SYFT}location:0:layerID", "")
    return Places(
        tuple(paths) or ((f"/{path.removeprefix('/')}",) if path else ()),
        layer or properties.get(f"{_TRIVY}LayerDiffID", ""),
    )


def _distro(component: _Component) -> str:
    properties = _properties(component.properties)
    name = properties.get(f"{_SYFT}distro:id") or component.name.lower()
    release = properties.get(f"{_SYFT}distro:versionID") or component.version or ""
    return f"{name}-{release}"


def _subject(component: _Component) -> Subject:
    version = component.version or ""
    identity = identify(component.purl) if component.purl else None
    stated = identity.version if identity else ""
    digest = next((word for word in (stated, version) if word.startswith("sha256:")), "")
    layers = [
        item.value or ""
        for item in _listed_properties(component.properties)
        if item.name == f"{_TRIVY}DiffID"
    ]
    return Subject(
        kind={"container": "image", "file": "directory"}.get(component.type, component.type),
        name=component.name,
        version="" if version == digest else version,
        digest=digest,
        layers=tuple(layers),
    )


def _tool(tools: object) -> str:
    """Return the first tool: a list of tools until version 1.4, an object of components since 1.5."""
    items = tools.get("components") if isinstance(tools, dict) else tools
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            return f"{item['name']}-{item.get('version') or ''}".strip("-")
    return ""

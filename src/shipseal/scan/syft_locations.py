"""Where Syft found a package: paths in the image, and the layer that brought it."""

from collections.abc import Iterable

import msgspec

from shipseal.scan.inventory import NOWHERE, Places
from shipseal.scan.package_databases import is_record


class _Location(msgspec.Struct, frozen=True, gc=False):
    path: str
    layerID: str = ""
    accessPath: str = ""
    annotations: dict[str, str] | None = None


_DECODER = msgspec.json.Decoder(list[_Location] | None)


def read_locations(traces: bytes | msgspec.Raw) -> Places:
    """Read the ``locations`` of one of Syft's packages; what has another shape tells nothing."""
    try:
        locations = _DECODER.decode(traces) or ()
    except msgspec.DecodeError:
        return NOWHERE
    paths: dict[str, None] = {}
    for location in locations:
        paths[location.path] = None
        if location.accessPath:
            paths[location.accessPath] = None
    return Places(tuple(paths), _layer(locations))


def _layer(locations: Iterable[_Location]) -> str:
    """Return the layer of the file that was written with the package, else that proves it, else of the first file."""
    found = [location for location in locations if location.layerID]
    record = next((item for item in found if is_record(item.path)), None)
    if record:
        return record.layerID
    primary = (item for item in found if (item.annotations or {}).get("evidence") == "primary")
    best = next(primary, found[0] if found else None)
    return best.layerID if best else ""

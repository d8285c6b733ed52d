"""Join what SPDX lacks: locations and layers, from the Syft JSON of the same run.

SPDX elements that Syft writes end in the id of Syft's own package, so the join is exact; where another tool wrote the
document, a package is joined only if its name, version and package URL name exactly one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from shipseal._internal.limits import read_limited
from shipseal.errors import Code, ToolError
from shipseal.scan.interface import Package
from shipseal.scan.sbom_file import SBOM_FILE
from shipseal.scan.syft_locations import read_locations

__all__ = ["SBOM_FILE", "NativeCatalogue"]


class _Artifact(msgspec.Struct, frozen=True):
    id: str
    name: str
    version: str = ""
    type: str = ""
    language: str = ""
    purl: str = ""
    locations: msgspec.Raw = msgspec.Raw(b"null")


class _Document(msgspec.Struct, frozen=True):
    artifacts: tuple[_Artifact, ...] = ()


_DECODER = msgspec.json.Decoder(_Document)


class NativeCatalogue:
    """The packages of a Syft JSON document, to complete others with."""

    def __init__(self, artifacts: Iterable[_Artifact] = ()) -> None:
        artifacts = tuple(artifacts)
        self._by_id = {artifact.id: artifact for artifact in artifacts}
        keys = Counter(_key(artifact) for artifact in artifacts)
        self._by_key = {_key(item): item for item in artifacts if keys[_key(item)] == 1}

    @classmethod
    def read(cls, path: Path | None) -> "NativeCatalogue":
        """Read the document at ``path``; no path is an empty catalogue.

        Raises:
            ToolError: ``tool.crashed`` when it is not the JSON that Syft writes.
        """
        if path is None:
            return cls()
        try:
            with path.open("rb") as stream:
                data = read_limited(stream, SBOM_FILE, what=str(path))
            return cls(_DECODER.decode(data).artifacts)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ToolError(
                Code.TOOL_CRASHED,
                f"catalogue {path}: cannot be read as Syft JSON: {error}",
                hint="catalogue the image again",
                context={"path": str(path)},
            ) from error

    def complete(self, package: Package, element: str) -> Package:
        """Return ``package`` with the locations and the layer of the element with this id, where they are known."""
        artifact = self._by_id.get(element.rpartition("-")[2]) or self._by_key.get(
            (package.name, package.version, package.purl)
        )
        if artifact is None:
            return package
        places = read_locations(artifact.locations)
        return replace(
            package,
            type=package.type or artifact.type,
            language=package.language or artifact.language,
            locations=places.locations or package.locations,
            layer=places.layer or package.layer,
        )


def _key(artifact: _Artifact) -> tuple[str, str, str]:
    return artifact.name, artifact.version, artifact.purl

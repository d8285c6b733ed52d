"""Schemas of other people's formats: not ours to copy, they come with tools and packages that tests need anyway."""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry, Resource

from tests.support.missing import missing
from tests.support.tools import BUILT


def valid_sarif(document: object) -> None:
    """Hold ``document`` against the schema of OASIS for SARIF 2.1.0; it comes with Grype's sources."""
    jsonschema.Draft4Validator(_sarif(), format_checker=jsonschema.FormatChecker()).validate(
        document
    )


def valid_cyclonedx(document: object) -> None:
    """Hold ``document`` against the schema of CycloneDX 1.6; it comes with ``cyclonedx-python-lib``."""
    folder = _cyclonedx_folder()
    main = _read(folder / "bom-1.6.SNAPSHOT.schema.json")
    base = main["$id"].rpartition("/")[0]
    # It refers to the others by the names of their files.
    beside = [path for path in folder.glob("*.schema.json") if not path.name.startswith("bom-")]
    registry: Registry[Any] = Registry().with_resources(
        (f"{base}/{path.name}", Resource.from_contents(_read(path))) for path in beside
    )
    jsonschema.Draft7Validator(main, registry=registry).validate(document)


@cache
def _sarif() -> Any:
    kept = BUILT.parent / "share" / "sarif-schema-2.1.0.json"
    if not kept.is_file():
        missing("the SARIF schema is not here: run `make tools`")
    return _read(kept)


def _cyclonedx_folder() -> Path:
    found = importlib.util.find_spec("cyclonedx")
    if found is None or found.origin is None:
        missing("cyclonedx-python-lib is not installed: run `make test`, which installs it")
    return Path(found.origin).parent / "schema" / "_res"


@cache
def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())

"""What an image is called, by the SBOM that is scanned instead of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.scan_material import sbom_file


def syft(folder: Path, **source: Any) -> Path:
    path = folder / "app.json"
    artifact = {"id": "a", "name": "a", "version": "1", "type": "python"}
    document = {"artifacts": [artifact], "source": source, "descriptor": {"name": "syft"}}
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ({"type": "image", "name": "ghcr.io/org/app"}, ("ghcr.io/org/app",)),
        ({"type": "directory", "name": "/src/app"}, ()),
        ({"type": "image", "name": ""}, ()),
        ({}, ()),
    ],
)
def test_a_file_is_no_repository(
    tmp_path: Path, source: dict[str, str], called: tuple[str, ...]
) -> None:
    path = syft(tmp_path, **source)
    with sbom_file(path, f"sbom:{path}") as materials:
        assert materials.called == called

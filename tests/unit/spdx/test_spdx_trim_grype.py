"""What a scanner finds in a trimmed document: the ladder keeps what real Grype needs until the very last rung."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from shipseal.oci import Platform
from shipseal.oci.digest import digest_of
from shipseal.spdx import Identity, Step, normalise, trim
from tests.support import spdx as samples
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.shared]

IMAGE = Identity(
    name="app",
    version="1",
    digest=digest_of(b"manifest"),
    platform=Platform.parse("linux/amd64"),
    created="2024-01-02T03:04:05Z",
    tools=("syft-1",),
)


@pytest.fixture(scope="module")
def grype(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which Grype has a database."""
    folder = tmp_path_factory.mktemp("grype-db")
    env = os.environ | {
        "GRYPE_DB_CACHE_DIR": str(folder),
        "GRYPE_DB_AUTO_UPDATE": "false",
        "GRYPE_DB_VALIDATE_AGE": "false",
        "GRYPE_CHECK_FOR_APP_UPDATE": "false",
    }
    archive = shared("grype-db/vulnerability-db.tar.zst")
    subprocess.run(
        [need("grype"), "db", "import", archive], env=env, check=True, capture_output=True
    )
    return env


def matches(document: bytes, folder: Path, env: dict[str, str]) -> list[tuple[str, str, str]]:
    path = folder / "sbom.json"
    path.write_bytes(document)
    run = subprocess.run(
        [need("grype"), f"sbom:{path}", "-o", "json"], env=env, check=True, capture_output=True
    )
    return sorted(
        (item["vulnerability"]["id"], item["artifact"]["name"], item["artifact"]["version"])
        for item in json.loads(run.stdout)["matches"]
    )


def test_findings_stay_the_same_until_ownership_by_overlap_goes(
    tmp_path: Path, grype: dict[str, str]
) -> None:
    full = samples.real("debian12")
    normal = normalise(full, IMAGE, what="debian12")
    expected = matches(normal, tmp_path, grype)
    assert len(expected) == 1717  # what ../shared says of the document as Syft wrote it
    smallest = trim(normal, 0, full_digest=digest_of(normal))
    kept = trim(normal, smallest.size + 120_000, full_digest=digest_of(normal))
    assert kept.dropped[-1].step == Step.RELATIONSHIPS
    assert matches(kept.raw, tmp_path, grype) == expected
    assert smallest.overlaps_dropped
    assert len(matches(smallest.raw, tmp_path, grype)) > len(expected)

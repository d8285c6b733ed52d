"""Grype databases for the tests of this room."""

from pathlib import Path

import pytest

from tests.support.grype_database import Known, grype_database, import_database
from tests.support.shared import shared

KNOWN = (
    Known(
        "GHSA-232r-66cg-79px",
        "paramiko",
        ">=2.4.0,<2.4.1",
        "2.4.1",
        aliases=("CVE-2018-7750",),
        vector="CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    ),
    Known(
        "CVE-2026-1000",
        "openssl",
        "<3.0.1",
        ecosystem="deb",
        scheme="dpkg",
        distro=("debian", "12"),
    ),
    Known(
        "CVE-2026-1001", "linux", "<7", "7", ecosystem="deb", scheme="dpkg", distro=("debian", "12")
    ),
)


@pytest.fixture(scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache folder of a database with :data:`KNOWN`."""
    return grype_database(tmp_path_factory.mktemp("own-grype-db"), KNOWN)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache folder of the database of ``../shared``."""
    cache = tmp_path_factory.mktemp("shared-grype-db")
    import_database(shared("grype-db/vulnerability-db.tar.zst"), cache)
    return cache

"""A Grype database of a few advisories of our own, so that real Grype can be tested without a download.

The tables are those of Grype's schema 6 that matching reads; `grype db import` adds its checksum.
"""

import json
import os
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.support.tools import need

BUILT = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)

_TABLES = """
CREATE TABLE blobs (id integer PRIMARY KEY AUTOINCREMENT, value text NOT NULL);
CREATE TABLE db_metadata (build_timestamp datetime, model integer, revision integer, addition integer);
CREATE TABLE providers (id text PRIMARY KEY, version text, processor text, date_captured datetime, input_digest text);
CREATE TABLE vulnerability_handles (id integer PRIMARY KEY AUTOINCREMENT, name text, status text,
    published_date datetime, modified_date datetime, withdrawn_date datetime, provider_id text, blob_id integer);
CREATE TABLE vulnerability_aliases (name text, alias text);
CREATE TABLE operating_systems (id integer PRIMARY KEY AUTOINCREMENT, name text, release_id text, major_version text,
    minor_version text, label_version text, codename text, channel text, eol_date datetime, eoas_date datetime);
CREATE TABLE packages (id integer PRIMARY KEY AUTOINCREMENT, ecosystem text, name text);
CREATE TABLE affected_package_handles (id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer,
    operating_system_id integer, package_id integer, blob_id integer);
CREATE TABLE unaffected_package_handles (id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer,
    operating_system_id integer, package_id integer, blob_id integer);
CREATE TABLE operating_system_specifier_overrides (alias text, version text, version_pattern text, codename text,
    channel text, replacement text, replacement_major_version text, replacement_minor_version text,
    replacement_label_version text, replacement_channel text, rolling numeric, applicable_client_db_schemas text);
CREATE TABLE cpes (id integer PRIMARY KEY AUTOINCREMENT, part text, vendor text, product text, edition text,
    language text, software_edition text, target_hardware text, target_software text, other text);
CREATE TABLE package_cpes (cpe_id integer, package_id integer);
CREATE TABLE package_specifier_overrides (ecosystem text, replacement_ecosystem text);
CREATE TABLE architecture_aliases (alias text, canonical text);
CREATE TABLE affected_cpe_handles (id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer, cpe_id integer,
    blob_id integer);
CREATE TABLE unaffected_cpe_handles (id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer, cpe_id integer,
    blob_id integer);
CREATE TABLE known_exploited_vulnerability_handles (id integer PRIMARY KEY AUTOINCREMENT, cve text, blob_id integer);
CREATE TABLE epss_handles (id integer PRIMARY KEY AUTOINCREMENT, cve text, epss real, percentile real);
CREATE TABLE epss_metadata (date datetime);
CREATE TABLE cwe_handles (id integer PRIMARY KEY AUTOINCREMENT, cve text, cwe text, source text, type text);
CREATE TABLE ssvc_handles (id integer PRIMARY KEY AUTOINCREMENT, cve text, source text, role text, version text,
    timestamp datetime, exploitation text, automatable text, technical_impact text);
"""


@dataclass(frozen=True)
class Known:
    """One vulnerability of one package."""

    id: str
    package: str
    constraint: str
    fixed: str = ""
    ecosystem: str = "python"
    scheme: str = "python"
    aliases: tuple[str, ...] = ()
    vector: str = ""
    distro: tuple[str, str] | None = None


def grype_database(folder: Path, known: Sequence[Known], *, built: datetime = BUILT) -> Path:
    """Make a database with ``known`` and return the cache folder that Grype finds it in."""
    database = folder / "vulnerability.db"
    with _connection(database) as connection:
        connection.executescript(_TABLES)
        stamp = built.strftime("%Y-%m-%d %H:%M:%S+00:00")
        connection.execute("INSERT INTO db_metadata VALUES (?, 6, 1, 9)", (stamp,))
        for provider in ("github", "debian"):
            values = (provider, "1", "tests", stamp, "xxh64:0000000000000000")
            connection.execute("INSERT INTO providers VALUES (?, ?, ?, ?, ?)", values)
        for item in known:
            _insert(connection, item, stamp)
    archive = folder / "database.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(database, "vulnerability.db")
    cache = folder / "cache"
    import_database(archive, cache)
    return cache


def import_database(archive: Path, cache: Path) -> None:
    """Let Grype import a database archive."""
    env = {key: os.environ[key] for key in ("PATH", "HOME")} | {
        "GRYPE_DB_CACHE_DIR": str(cache),
        "GRYPE_DB_AUTO_UPDATE": "false",
        "GRYPE_DB_VALIDATE_AGE": "false",
        "GRYPE_CHECK_FOR_APP_UPDATE": "false",
    }
    subprocess.run(
        [need("grype"), "db", "import", archive],
        env=env,
        check=True,
        capture_output=True,
        cwd=archive.parent,
    )


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection
        connection.commit()


def _insert(connection: sqlite3.Connection, item: Known, stamp: str) -> None:
    severities = [
        {
            "scheme": "CVSS",
            "value": {"vector": item.vector, "version": item.vector[5:8]},
            "source": "tests",
            "rank": 1,
        }
    ]
    vulnerability = {
        "id": item.id,
        "aliases": list(item.aliases),
        "refs": [{"url": f"https://example.org/{item.id}"}],
        "severities": severities if item.vector else [],
    }
    fix = {"version": item.fixed, "state": "fixed"} if item.fixed else {"state": "not-fixed"}
    version = {"type": item.scheme, "constraint": item.constraint}
    affected = {"cves": list(item.aliases), "ranges": [{"version": version, "fix": fix}]}
    provider = "debian" if item.distro else "github"
    handle = _row(
        connection,
        "INSERT INTO vulnerability_handles (name, status, published_date, modified_date, provider_id, blob_id)"
        " VALUES (?, 'active', ?, ?, ?, ?)",
        (item.id, stamp, stamp, provider, _blob(connection, vulnerability)),
    )
    package = connection.execute(
        "SELECT id FROM packages WHERE ecosystem = ? AND name = ?", (item.ecosystem, item.package)
    ).fetchone()
    package_id = (
        package[0]
        if package
        else _row(
            connection,
            "INSERT INTO packages (ecosystem, name) VALUES (?, ?)",
            (item.ecosystem, item.package),
        )
    )
    _row(
        connection,
        "INSERT INTO affected_package_handles (vulnerability_id, operating_system_id, package_id, blob_id)"
        " VALUES (?, ?, ?, ?)",
        (handle, _system(connection, item.distro), package_id, _blob(connection, affected)),
    )


def _system(connection: sqlite3.Connection, distro: tuple[str, str] | None) -> int | None:
    if distro is None:
        return None
    found = connection.execute(
        "SELECT id FROM operating_systems WHERE name = ? AND major_version = ?", distro
    ).fetchone()
    if found:
        return int(found[0])
    return _row(
        connection,
        "INSERT INTO operating_systems (name, release_id, major_version) VALUES (?, ?, ?)",
        (distro[0], *distro),
    )


def _blob(connection: sqlite3.Connection, value: object) -> int:
    return _row(connection, "INSERT INTO blobs (value) VALUES (?)", (json.dumps(value),))


def _row(connection: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> int:
    return int(connection.execute(statement, values).lastrowid or 0)

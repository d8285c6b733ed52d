"""Grype without data, with old data, with findings."""

from datetime import UTC, datetime, timedelta

from scripts.record.case import Style, held, rules
from scripts.record.network import closed
from scripts.record.releases import project
from scripts.record.scene import Scene
from tests.support.grype_database import Known, grype_database

GATE, NONE, STALE = "scan.gate-failed", "scan.db-unavailable", "scan.db-stale"
_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
_HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
_KNOWN = (
    Known(
        "GHSA-aaaa-bbbb-cccc", "sample", "<2.0", "2.0", vector=_CRITICAL, aliases=("CVE-2099-0001",)
    ),
    Known("GHSA-dddd-eeee-ffff", "sample", "<1.5", "1.5", vector=_HIGH, aliases=("CVE-2099-0002",)),
)


def database(scene: Scene, *, days: float = 0) -> None:
    """Give Grype a database that was built so many days ago, and nothing to update it from."""
    folder = scene.folder / "grype"
    folder.mkdir()
    built = datetime.now(UTC) - timedelta(days=days)
    cache = grype_database(folder, _KNOWN, built=built)
    scene.environment |= {"GRYPE_DB_CACHE_DIR": str(cache), "GRYPE_DB_AUTO_UPDATE": "false"}


def sbom(scene: Scene) -> None:
    """Make an image, and its SBOM with Syft."""
    project(scene)
    scene.setup(
        "syft scan oci-dir:image --platform linux/amd64 -q -o json=sbom.json -o spdx-json=sbom.spdx.json"
    )


@rules(GATE, "grype", live=True)
def grype_fail_on(scene: Scene) -> None:
    """Scan an SBOM with Grype, and let it fail on high findings."""
    sbom(scene)
    database(scene)
    scene.step("grype sbom:sbom.json --fail-on high")


@held(GATE, "grype", style=Style.ACTIONS)
def grype_fail_on_json(scene: Scene) -> None:
    """The same with SARIF in a file, the summary on a table, and another severity."""
    sbom(scene)
    database(scene)
    scene.step(
        "grype sbom:sbom.spdx.json --only-fixed --fail-on critical -o table -o sarif=results.sarif",
        title="Scan",
    )


@rules(NONE, "grype", live=True)
def grype_no_database(scene: Scene) -> None:
    """Scan with Grype without a database, and without leave to fetch one."""
    sbom(scene)
    scene.step(
        "grype sbom:sbom.json",
        GRYPE_DB_AUTO_UPDATE="false",
        GRYPE_DB_CACHE_DIR=str(scene.folder / "none"),
    )


@rules(NONE, "grype", style=Style.ACTIONS)
def grype_damaged_database(scene: Scene) -> None:
    """Scan with Grype with a database that was changed since it was imported."""
    sbom(scene)
    database(scene)
    path = next((scene.folder / "grype" / "cache").rglob("vulnerability.db"))
    path.write_bytes(path.read_bytes()[:4096])
    scene.step("grype sbom:sbom.json --fail-on critical")


@held(NONE, "grype", style=Style.ACTIONS, also=("network.unreachable",))
def grype_cannot_update(scene: Scene) -> None:
    """Scan with Grype without a database while nobody answers where it is fetched from."""
    sbom(scene)
    scene.step(
        "grype sbom:sbom.json --fail-on critical",
        GRYPE_DB_CACHE_DIR=str(scene.folder / "none"),
        GRYPE_DB_UPDATE_URL=f"http://{closed()}/databases/v6/latest.json",
    )


@held(NONE, "grype", also=("service.outage",))
def grype_db_update_503(scene: Scene) -> None:
    """Update Grype's database from a server that answers 503."""
    from scripts.record.network import answering  # noqa: PLC0415

    host = answering(scene, 503, b"busy")
    scene.step(
        "grype db update",
        GRYPE_DB_CACHE_DIR=str(scene.folder / "none"),
        GRYPE_DB_UPDATE_URL=f"http://{host}/latest.json",
    )


@rules(STALE, "grype", live=True)
def grype_old_database(scene: Scene) -> None:
    """Scan with Grype with a database that was built a month ago."""
    sbom(scene)
    database(scene, days=33)
    scene.step("grype sbom:sbom.json --fail-on critical")


@held(STALE, "grype", style=Style.ACTIONS)
def grype_older_than_allowed(scene: Scene) -> None:
    """Scan with Grype with a database that is two days old where one is allowed."""
    sbom(scene)
    database(scene, days=2)
    scene.step("grype sbom:sbom.spdx.json -o json=scan.json", GRYPE_DB_MAX_ALLOWED_BUILT_AGE="24h")


@held(STALE, "shipseal")
def shipseal_old_database(scene: Scene) -> None:
    """Scan with shipseal and Grype's database of a month ago, with a gate."""
    project(scene, scan={"engine": "grype", "max_age": "5d"})
    database(scene, days=33)
    scene.environment["SHIPSEAL_GRYPE_CACHE"] = scene.environment["GRYPE_DB_CACHE_DIR"]
    scene.step("shipseal scan oci:image --engine grype --fail-on critical")

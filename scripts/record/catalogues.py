"""Syft and what it cannot read, does not finish, or reads too much of."""

import json
from pathlib import Path

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene
from scripts.record.servers import plain, sample
from tests.support.real_image import real_image
from tests.support.spdx_sample import platform_sbom

FAILED, TIMEOUT = "sbom.catalog-failed", "sbom.timeout"
LARGE, INCOMPLETE = "sbom.too-large", "sbom.incomplete"
FORMAT = "image.format-unsupported"


def archive(scene: Scene) -> Path:
    """Make a docker archive of the sample image in the work folder."""
    host = plain(scene).host
    scene.setup(f"crane pull --platform linux/amd64 {host}/org/app:1.4.2 app.tar")
    return scene.work / "app.tar"


@rules(FAILED, "syft", also=(FORMAT,), live=True)
def syft_cut_archive(scene: Scene) -> None:
    """Catalogue a docker archive that was cut off in the middle."""
    path = archive(scene)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    scene.step("syft scan docker-archive:app.tar -o spdx-json=sbom.json")


@rules(FAILED, "syft", also=("image.not-found", FORMAT), style=Style.ACTIONS)
def syft_missing_blob(scene: Scene) -> None:
    """Catalogue an OCI layout without one of its layers."""
    image = sample(scene, platforms=("linux/amd64",))
    layer = image.layers["linux/amd64"][0].descriptor.digest
    (scene.work / "image" / "blobs" / "sha256" / layer.split(":")[1]).unlink()
    scene.step("syft scan oci-dir:image -o spdx-json=sbom.json", title="Make the SBOM")


@held(FAILED, "syft", also=("image.digest-mismatch", FORMAT), style=Style.ACTIONS)
def syft_damaged_layer(scene: Scene) -> None:
    """Catalogue an OCI layout one of whose layers is no archive any more."""
    image = sample(scene, platforms=("linux/amd64",))
    layer = image.layers["linux/amd64"][0].descriptor.digest
    path = scene.work / "image" / "blobs" / "sha256" / layer.split(":")[1]
    path.write_bytes(b"\x00" * path.stat().st_size)
    scene.step("syft scan oci-dir:image -o cyclonedx-json=sbom.json")


@held(FAILED, "shipseal", also=("image.digest-mismatch", FORMAT))
def shipseal_syft_fails(scene: Scene) -> None:
    """Let shipseal run a Syft that ends with an error about a cataloger."""
    sample(scene, platforms=("linux/amd64",))
    said = "error during task execution: unable to select catalogers: unknown cataloger"
    stand_in(scene, f"echo '[0000] ERROR {said}' >&2; exit 1")
    scene.step("shipseal sbom generate oci:image --syft ./syft --out sboms")


def stand_in(scene: Scene, script: str) -> None:
    """Put a program named syft into the work folder that has a version and runs ``script`` else."""
    version = json.dumps({"application": "syft", "version": "1.57.0"})
    text = f"#!/bin/sh\nif [ \"$1\" = version ]; then echo '{version}'; exit 0; fi\n{script}\n"
    scene.file("syft", text).chmod(0o755)


@rules(TIMEOUT, "shipseal")
def shipseal_sbom_timeout(scene: Scene) -> None:
    """Let shipseal catalogue the real image in less time than Syft needs to start."""
    sample(scene, platforms=("linux/amd64",))
    stand_in(scene, 'sleep 5; exec syft "$@"')
    scene.step("shipseal sbom generate oci:image --timeout 0.2 --syft ./syft --out sboms")


@rules(TIMEOUT, "syft", style=Style.ACTIONS, live=True)
def syft_timed_out(scene: Scene) -> None:
    """Catalogue a real image with Syft under the time limit of `timeout`, which says what it does."""
    scene.environment["IMAGE"] = str(real_image())
    scene.step('timeout --verbose 0.4 syft scan "oci-dir:$IMAGE" -o spdx-json=sbom.spdx.json')


@held(TIMEOUT, "shipseal", style=Style.ACTIONS)
def shipseal_release_sbom_timeout(scene: Scene) -> None:
    """Release with less time for the catalogue than Syft needs."""
    from scripts.record.releases import project  # noqa: PLC0415 - it imports this module

    stand_in(scene, 'sleep 9; exec syft "$@"')
    project(scene, sbom={"syft": "./syft"}, timeouts={"catalogue": "1s"})
    scene.step("shipseal release --version 1.4.2")


@rules(LARGE, "shipseal", live=True)
def shipseal_trim_too_large(scene: Scene) -> None:
    """Trim an SBOM to a limit that it cannot fit."""
    scene.file("sbom.spdx.json", _document(400))
    scene.step("shipseal sbom trim sbom.spdx.json --limit 20000 --output trimmed.spdx.json")


@held(LARGE, "shipseal", style=Style.ACTIONS)
def shipseal_trim_too_large_json(scene: Scene) -> None:
    """The same with JSON as the output."""
    scene.file("app.spdx.json", _document(900))
    scene.step("shipseal sbom trim app.spdx.json --limit 30000 --json --output small.spdx.json")


def _document(packages: int) -> bytes:
    from shipseal.oci import Platform, digest_of  # noqa: PLC0415

    return platform_sbom("app", digest_of(b"app"), Platform.parse("linux/amd64"), packages=packages)


@rules(INCOMPLETE, "shipseal", live=True)
def shipseal_release_no_packages(scene: Scene) -> None:
    """Release an image in which Syft finds no package."""
    from scripts.record.releases import project  # noqa: PLC0415

    project(scene, packages={})
    scene.step("shipseal release --version 1.4.2")


@held(INCOMPLETE, "shipseal", style=Style.ACTIONS)
def shipseal_scan_no_packages(scene: Scene) -> None:
    """Scan an image in which Syft finds no package, with a gate."""
    from scripts.record.releases import project  # noqa: PLC0415

    project(scene, packages={})
    scene.step(
        "shipseal scan oci:image --engine builtin --db advisories --fail-on high --max-age any"
    )

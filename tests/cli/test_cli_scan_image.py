"""``shipseal scan IMAGE``: an image is catalogued by real Syft, and what it may hide is told."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.testing.contents import elf, executable
from shipseal.testing.images import SampleImage, build_layout
from tests.support.registries import distribution
from tests.support.sample_images import debian_image
from tests.support.scanning import CRITICAL_VECTOR, advisory
from tests.support.schemas import check_shape
from tests.support.tools import need

FRESH = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
RECORDS = [
    advisory(
        "GHSA-lodash",
        "npm",
        "lodash",
        [("introduced", "0"), ("fixed", "4.17.21")],
        aliases=["CVE-2021-23337"],
        severity=[{"type": "CVSS_V3", "score": CRITICAL_VECTOR}],
        modified=FRESH,
    ),
    advisory(
        "DSA-1",
        "Debian:12",
        "zlib",
        [("introduced", "0"), ("fixed", "1:1.2.13.dfsg-2")],
        modified=FRESH,
        upstream=["CVE-2022-37434"],
    ),
]
pytestmark = pytest.mark.tools

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    need("syft")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "db.json").write_text(json.dumps(RECORDS))
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(source: str, *words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["scan", source, "--db", "db.json", *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


@pytest.fixture
def sample(home: Path) -> SampleImage:
    return debian_image(home / "image")


def found(run: Run, source: str, *words: str) -> Any:
    status, out, err = run(source, "-o", "json", *words)
    assert status == Exit.OK, out + err
    document = json.loads(out)
    check_shape(document, "scan")
    return document


def test_all_platforms_of_a_layout_are_scanned_with_places_and_layers(
    run: Run, sample: SampleImage
) -> None:
    document = found(run, "oci:image")
    assert document["source"]["digest"] == sample.digest
    assert [item["platform"] for item in document["platforms"]] == ["linux/amd64", "linux/arm64"]
    by_id = {item["id"]: item for item in document["matches"]}
    lodash = by_id["GHSA-lodash"]
    assert lodash["platforms"] == ["linux/amd64", "linux/arm64"]
    assert lodash["package"]["locations"][0] == "/app/node_modules/lodash/package.json"
    assert lodash["package"]["layer"].startswith("sha256:")
    assert by_id["CVE-2022-37434"]["package"]["name"] == "zlib1g"


def test_one_platform(run: Run, sample: SampleImage) -> None:
    document = found(run, "oci:image", "--platform", "linux/arm64")
    assert [item["platform"] for item in document["platforms"]] == ["linux/arm64"]
    status, _, err = run("oci:image", "--platform", "linux/s390x")
    assert status == Exit.REFUSED
    assert "image.platform-missing" in err


def test_from_a_registry_by_tag(run: Run, home: Path, sample: SampleImage) -> None:
    crane = need("crane")
    with distribution(home / "registry") as registry:
        reference = f"{registry.host}/org/app:1.4.2"
        pushed = subprocess.run(
            [crane, "push", "--index", "image", reference],
            check=True,
            capture_output=True,
            text=True,
        )
        document = found(run, reference)
    source = document["source"]
    assert (source["name"], source["version"]) == (f"{registry.host}/org/app", "1.4.2")
    # crane puts the layout's own list above the image.
    assert pushed.stdout.strip().endswith(source["digest"])


def test_a_base_image_that_is_named_tells_whose_a_finding_is(run: Run, home: Path) -> None:
    sample = debian_image(home / "image", platforms=("linux/amd64",))
    lower = sample.layers["linux/amd64"][:1]
    assert lower
    build_base(home / "base", sample)
    document = found(run, "oci:image", "--base", "oci:base")
    origins = {item["id"]: item["origin"] for item in document["matches"]}
    assert origins == {"GHSA-lodash": "application", "CVE-2022-37434": "base"}
    shown = found(run, "oci:image", "--base", "oci:base", "--only", "app")
    assert [item["id"] for item in shown["matches"]] == ["GHSA-lodash"]


def build_base(folder: Path, sample: SampleImage) -> None:
    """Write the image that has only the lowest layer of ``sample``."""
    from tests.support.sample_images import debian  # noqa: PLC0415 - the same layer again

    build_layout(
        folder, platforms=tuple(sample.manifests), layers=lambda platform: [debian(platform)]
    )


def test_a_binary_of_no_package_is_undecided_unless_it_is_accepted(run: Run, home: Path) -> None:
    build_layout(
        home / "image",
        platforms=("linux/amd64",),
        layers=lambda platform: [
            {
                "app/server": executable(elf(platform)),
                "app/node_modules/x/package.json": b'{"name": "x", "version": "1.0.0"}',
            }
        ],
        config={"Entrypoint": ["/app/server"]},
    )
    status, out, _ = run("oci:image")
    assert status == Exit.OK
    assert (
        "/app/server: the image starts this binary, and no package in the catalogue owns it" in out
    )
    status, _, err = run("oci:image", "--fail-on", "critical")
    assert status == Exit.UNDECIDED
    assert "error sbom.incomplete" in err
    assert "cargo auditable" in err
    (home / "policy.yaml").write_text("gate: {}\nsbom: {accept_incomplete: [/app/server]}")
    assert run("oci:image", "--policy", "policy.yaml")[0] == Exit.OK


def test_an_image_without_any_package_is_undecided(run: Run, home: Path) -> None:
    build_layout(home / "image", platforms=("linux/amd64",), layers=[{"hello.txt": b"x"}])
    status, _, err = run("oci:image", "--fail-on", "critical")
    assert status == Exit.UNDECIDED
    assert "no-packages" in err


def test_an_sbom_of_the_image_is_scanned_in_place_of_a_new_one(
    run: Run, home: Path, sample: SampleImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["sbom", "generate", "oci:image", "--out", "sboms", "--name", "app"]) == Exit.OK
    monkeypatch.setenv("PATH", str(home))  # no Syft to be found
    words = ("--sbom", "sboms/app-linux-arm64.spdx.json")
    document = found(run, "oci:image", *words)
    assert [item["platform"] for item in document["platforms"]] == ["linux/arm64"]
    assert "GHSA-lodash" in {item["id"] for item in document["matches"]}


def test_an_sbom_of_another_image_is_refused(run: Run, home: Path, sample: SampleImage) -> None:
    build_layout(home / "other", layers=[{"x": b"y"}])
    assert main(["sbom", "generate", "oci:image", "--out", "sboms", "--name", "app"]) == Exit.OK
    status, out, err = run("oci:other", "--sbom", "sboms/app-linux-amd64.spdx.json")
    assert (status, out) == (Exit.EVIDENCE, "")
    assert "error attest.wrong-subject" in err
    assert sample.manifests["linux/amd64"].digest in err


def test_an_sbom_that_says_nothing_of_its_image_needs_the_platform(
    run: Run, home: Path, sample: SampleImage
) -> None:
    from tests.support.scanning import spdx_document, spdx_package  # noqa: PLC0415

    (home / "app.json").write_bytes(spdx_document([spdx_package("pkg:npm/lodash@4.17.20")]))
    status, _, err = run("oci:image", "--sbom", "app.json")
    assert status == Exit.USAGE
    assert "say it with --platform" in err
    document = found(run, "oci:image", "--sbom", "app.json", "--platform", "linux/amd64")
    assert "does not say which image it is of" in " ".join(document["notes"])


def test_a_document_named_as_an_image_is_told_how(run: Run, home: Path) -> None:
    (home / "app.json").write_text("{}")
    status, _, err = run("./app.json")
    assert status == Exit.USAGE
    assert "scan it as sbom:app.json" in err


def test_an_image_that_is_not_there(run: Run) -> None:
    status, _, err = run("oci:absent")
    assert status == Exit.OUTSIDE
    assert "image.not-found" in err

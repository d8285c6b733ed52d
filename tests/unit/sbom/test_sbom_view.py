"""The one-image view: what Syft is pointed at, and that the layout behind it is left alone."""

import json
import os
from pathlib import Path
from typing import NoReturn

import pytest

from shipseal.errors import Code, ImageError
from shipseal.oci import media_types as mt
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root, load_image
from shipseal.oci.rootfs import RootFs
from shipseal.sbom.cache import SbomCache
from shipseal.sbom.layers import prove_layers
from shipseal.sbom.view import one_image_view
from shipseal.testing.damage import remove_blob, truncate_blob
from shipseal.testing.images import SampleImage
from tests.support.sample_images import debian_image, of


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def sample(tmp_path: Path) -> SampleImage:
    return debian_image(tmp_path / "image")


def test_it_names_one_image_and_copies_nothing(tmp_path: Path, sample: SampleImage) -> None:
    before = everything(sample.layout.folder)
    image = of(sample, "linux/arm64")
    view = one_image_view(image, sample.layout, tmp_path / "view")
    (entry,) = json.loads((view / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == image.digest
    assert entry["platform"] == {"architecture": "arm64", "os": "linux"}
    assert (view / "blobs").is_symlink()
    assert everything(sample.layout.folder) == before
    assert load_image(OciLayout(view), layout_root(OciLayout(view))).digest == image.digest


def linked(sample: SampleImage, folder: Path) -> SampleImage:
    """Make every blob of the layout a symbolic link."""
    folder.mkdir()
    for blob in (sample.layout.folder / "blobs" / "sha256").iterdir():
        blob.rename(folder / blob.name)
        blob.symlink_to(folder / blob.name)
    return sample


def test_blobs_that_are_links_become_files(tmp_path: Path, sample: SampleImage) -> None:
    image = of(linked(sample, tmp_path / "kept"), "linux/amd64")
    view = one_image_view(image, sample.layout, tmp_path / "view")
    blobs = list((view / "blobs" / "sha256").iterdir())
    assert len(blobs) == 4  # manifest, configuration, two layers: nothing of the other platform
    assert not any(blob.is_symlink() for blob in blobs)


def test_across_file_systems_they_are_copied(
    tmp_path: Path, sample: SampleImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(18, "Invalid cross-device link")

    image = of(linked(sample, tmp_path / "kept"), "linux/amd64")
    monkeypatch.setattr(os, "link", refuse)
    view = OciLayout(one_image_view(image, sample.layout, tmp_path / "view"))
    for layer in image.manifest.layers:
        assert view.blobs.read(layer.digest) == sample.layout.blobs.read(layer.digest)


def test_unpacked_layers_are_what_syft_reads(tmp_path: Path, sample: SampleImage) -> None:
    image = of(sample, "linux/amd64")
    folder = tmp_path / "view"
    prove_layers(image, sample.layout, SbomCache(tmp_path / "cache"), unpacked=folder / "blobs")
    view = OciLayout(one_image_view(image, sample.layout, folder, unpacked=True))
    shown = load_image(view, layout_root(view)).platforms[0]
    assert shown.config.raw == image.config.raw
    assert [layer.digest for layer in shown.manifest.layers] == list(image.config.diff_ids)
    assert {layer.media_type for layer in shown.manifest.layers} == {mt.OCI_LAYER}
    for path in ("etc/os-release", "var/lib/dpkg/status"):
        found, wanted = (
            RootFs(layout, each.manifest).find(path)
            for layout, each in ((view, shown), (sample.layout, image))
        )
        assert found == wanted


@pytest.mark.parametrize(
    ("damage", "code"),
    [(remove_blob, Code.IMAGE_NOT_FOUND), (truncate_blob, Code.DIGEST_MISMATCH)],
)
def test_what_is_missing_is_found_at_once(
    tmp_path: Path, sample: SampleImage, damage: object, code: Code
) -> None:
    assert callable(damage)
    image = of(sample, "linux/amd64")
    damage(sample, sample.layers["linux/amd64"][0].descriptor.digest)
    with pytest.raises(ImageError) as caught:
        one_image_view(image, sample.layout, tmp_path / "view")
    assert caught.value.code is code

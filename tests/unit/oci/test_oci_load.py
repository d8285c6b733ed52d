"""An image is read from its root with every platform, or refused with the reason."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from shipseal.errors import Code, ImageError, ShipsealError
from shipseal.oci import Descriptor, Digest, Platform, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.closure import closure_of
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import MAX_DEPTH, image_blobs, layout_root, load_image
from shipseal.oci.manifest import build_manifest
from shipseal.testing.damage import corrupt_blob, remove_blob, truncate_blob
from shipseal.testing.images import SampleImage, build_layout

AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")


def index_of(layout: OciLayout, *children: Descriptor) -> RawManifest:
    raw = build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_INDEX,
            "manifests": [child.to_json() for child in children],
        }
    )
    layout.blobs.put(raw.raw)
    return raw


def child(sample: SampleImage, text: str = "linux/amd64") -> Descriptor:
    return replace(sample.manifests[text].descriptor(), platform=Platform.parse(text))


@pytest.mark.parametrize("shape", ["index", "nested", "flat"])
@pytest.mark.parametrize("docker", [False, True])
@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_every_shape_gives_the_same_platforms(
    tmp_path: Path, shape: str, compression: str, *, docker: bool
) -> None:
    sample = build_layout(tmp_path, shape=shape, docker=docker, compression=compression)
    image = load_image(sample.layout, layout_root(sample.layout))
    assert image.digest == sample.digest
    assert [one.platform for one in image.platforms] == [AMD64, ARM64]
    assert [one.digest for one in image.platforms] == [
        sample.manifests[text].digest for text in ("linux/amd64", "linux/arm64")
    ]
    assert image.platforms[0].config.entrypoint == ("/app",)
    assert len(image.subjects()) == 3


def test_a_bare_manifest_is_an_image_of_the_platform_that_its_configuration_names(
    tmp_path: Path,
) -> None:
    sample = build_layout(tmp_path, platforms=["linux/arm/v7"], shape="bare")
    image = load_image(sample.layout, sample.digest)
    assert [str(one.platform) for one in image.platforms] == ["linux/arm/v7"]
    assert image.platforms[0].digest == image.digest
    assert image.subjects() == (sample.root,)


def test_a_platform_that_the_index_leaves_out_comes_from_the_configuration(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, platform_in_index=False)
    image = load_image(sample.layout, sample.digest)
    assert [one.platform for one in image.platforms] == [AMD64, ARM64]


def test_the_index_names_the_platform_and_the_configuration_keeps_its_own_word(
    tmp_path: Path,
) -> None:
    sample = build_layout(tmp_path, claims={"linux/arm64": "linux/amd64"})
    image = load_image(sample.layout, sample.digest)
    assert [one.platform for one in image.platforms] == [AMD64, ARM64]
    assert [one.config.platform for one in image.platforms] == [AMD64, AMD64]


@pytest.mark.parametrize("platform_in_index", [True, False])
def test_buildkit_attestations_are_extras_and_no_platform(
    tmp_path: Path, *, platform_in_index: bool
) -> None:
    sample = build_layout(tmp_path, attestations=True, platform_in_index=platform_in_index)
    image = load_image(sample.layout, sample.digest)
    assert [one.platform for one in image.platforms] == [AMD64, ARM64]
    assert tuple(extra.source for extra in image.extras) == sample.extras
    in_toto = {blob.digest for blob in image_blobs(image) if blob.media_type == mt.IN_TOTO}
    assert len(in_toto) == 2


def test_shared_blobs_are_listed_once(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    blobs = image_blobs(load_image(sample.layout, sample.digest))
    digests = [blob.digest for blob in blobs]
    assert len(digests) == len(set(digests)) == 5  # two configurations, a shared layer, two others


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (truncate_blob, Code.DIGEST_MISMATCH),
        (corrupt_blob, Code.DIGEST_MISMATCH),
        (remove_blob, Code.IMAGE_NOT_FOUND),
    ],
)
@pytest.mark.parametrize("part", ["root", "manifest", "config"])
def test_damage_is_noticed_wherever_it_is(
    tmp_path: Path, damage: object, code: Code, part: str
) -> None:
    sample = build_layout(tmp_path)
    digest = {
        "root": sample.digest,
        "manifest": sample.manifests["linux/arm64"].digest,
        "config": sample.configs["linux/arm64"].digest,
    }[part]
    assert callable(damage)
    damage(sample, digest)
    with pytest.raises(ImageError, match=digest.partition(":")[2]) as caught:
        load_image(sample.layout, sample.digest)
    assert caught.value.code is code


def test_a_child_of_another_size_than_promised_is_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    root = index_of(sample.layout, replace(child(sample), size=1))
    with pytest.raises(ImageError, match="expected 1 bytes") as caught:
        load_image(sample.layout, root)
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_child_listed_under_another_type_is_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    root = index_of(sample.layout, replace(child(sample), media_type=mt.OCI_INDEX))
    with pytest.raises(ImageError, match="listed as") as caught:
        load_image(sample.layout, root)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_an_index_of_something_else_is_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    root = index_of(sample.layout, replace(child(sample), media_type="text/plain"))
    with pytest.raises(ImageError, match="'text/plain' is no image or index"):
        load_image(sample.layout, root)


def test_two_images_of_one_platform_are_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    root = index_of(
        sample.layout, child(sample), replace(child(sample, "linux/arm64"), platform=AMD64)
    )
    with pytest.raises(ImageError, match="two images for linux/amd64") as caught:
        load_image(sample.layout, root)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_an_artifact_is_no_image(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path)
    layout.create()
    empty = Descriptor(mt.OCI_EMPTY, layout.blobs.put(b"{}"), 2)
    raw = build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "artifactType": mt.SIGSTORE_BUNDLE,
            "config": empty.to_json(),
            "layers": [],
        }
    )
    with pytest.raises(ImageError, match="it is no image but"):
        load_image(layout, raw)


def test_layers_and_configuration_must_agree_in_number(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    document = msgspec.json.decode(sample.manifests["linux/amd64"].raw)
    document["layers"].pop()
    with pytest.raises(ImageError, match="has 1 layers, and its configuration 2"):
        load_image(sample.layout, build_manifest(document))


def test_an_index_without_an_image_is_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    empty = index_of(sample.layout)
    for root in (empty, index_of(sample.layout, empty.descriptor())):
        with pytest.raises(ImageError, match="lists no image") as caught:
            load_image(sample.layout, root)
        assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_indexes_nested_without_end_are_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    root = sample.root
    for _ in range(MAX_DEPTH - 1):
        root = index_of(sample.layout, root.descriptor())
    assert len(load_image(sample.layout, root).platforms) == 2
    root = index_of(sample.layout, root.descriptor())
    with pytest.raises(ImageError, match="nested more than 8 deep"):
        load_image(sample.layout, root)


def test_an_index_with_very_many_manifests_is_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    root = index_of(sample.layout, *[index_of(sample.layout).descriptor()] * 1001)
    with pytest.raises(ImageError, match="more than 1000 manifests"):
        load_image(sample.layout, root)


def test_what_is_copied_has_the_same_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry could hand out an index of indexes without end, whose digests all hold."""
    sample = build_layout(tmp_path)
    root = sample.root
    for _ in range(MAX_DEPTH - 1):
        root = index_of(sample.layout, root.descriptor())
    assert closure_of(sample.layout, root, what="x").manifests[-1] == root
    for _ in range(1500):
        root = index_of(sample.layout, root.descriptor())
    with pytest.raises(ImageError, match="nested more than 8 deep") as caught:
        closure_of(sample.layout, root, what="x")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    monkeypatch.setattr("shipseal.oci.closure.MAX_MANIFESTS", 1)
    with pytest.raises(ImageError, match="more than 1 manifests"):
        closure_of(sample.layout, sample.root, what="x")


def test_a_huge_configuration_is_not_read(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    document = msgspec.json.decode(sample.manifests["linux/amd64"].raw)
    document["config"]["size"] = 1 << 40
    with pytest.raises(ShipsealError, match="the limit for a image config") as caught:
        load_image(sample.layout, build_manifest(document))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_the_root_is_found_by_name_or_digest(tmp_path: Path) -> None:
    one = build_layout(tmp_path, ref="one")
    two = build_layout(tmp_path, platforms=["linux/riscv64"], ref="two")
    assert layout_root(one.layout, "one") == one.root
    assert layout_root(one.layout, "two") == two.root
    assert layout_root(one.layout, two.digest) == two.root
    for ref in (None, "three"):
        with pytest.raises(ImageError, match=f"one {one.digest}; two {two.digest}") as caught:
            layout_root(one.layout, ref)
        assert caught.value.code is Code.IMAGE_NOT_FOUND
        assert "name one of them" in caught.value.hint


def test_one_image_under_two_names_is_one_image(tmp_path: Path) -> None:
    build_layout(tmp_path, ref="one")
    sample = build_layout(tmp_path, ref="two")
    assert layout_root(sample.layout) == sample.root


def test_referrers_beside_the_image_do_not_hide_it(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, attestations=True)
    with sample.layout.updating() as entries:
        entries.append(replace(sample.extras[0].descriptor(), artifact_type=mt.SIGSTORE_BUNDLE))
    assert layout_root(sample.layout) == sample.root


def test_a_flat_layout_is_its_own_index_even_with_attestations_or_a_name(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, shape="flat", attestations=True, ref="v1")
    root = layout_root(sample.layout)
    assert root == layout_root(sample.layout, "v1") == sample.layout.read_manifest(root.digest)
    assert root.raw == (tmp_path / "index.json").read_bytes()
    image = load_image(sample.layout, root.digest)
    assert len(image.platforms) == len(image.extras) == 2


def test_an_empty_layout_has_no_root(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path)
    layout.create()
    with pytest.raises(ImageError, match="got 0 entries") as caught:
        layout_root(layout)
    assert caught.value.code is Code.IMAGE_NOT_FOUND
    with pytest.raises(ImageError, match="no OCI layout there"):
        layout_root(OciLayout(tmp_path / "elsewhere"))


def test_a_root_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    with pytest.raises(ImageError, match="cannot be read") as caught:
        load_image(sample.layout, Digest(f"sha256:{'0' * 64}"))
    assert caught.value.code is Code.IMAGE_NOT_FOUND

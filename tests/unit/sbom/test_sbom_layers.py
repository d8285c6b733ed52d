"""Layers are read once: proved, listed, and looked up from the listing afterwards."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, PlatformImage
from shipseal.oci import media_types as mt
from shipseal.oci.digest import digest_of
from shipseal.oci.layer import Kind, LayerEntry
from shipseal.oci.layout import OciLayout
from shipseal.oci.rootfs import HEAD_BYTES, RootFs
from shipseal.sbom import listing as listing_module
from shipseal.sbom.cache import SbomCache
from shipseal.sbom.layers import prove_layers, root_of
from shipseal.sbom.listing import pack_listing, unpack_listing
from shipseal.sbom.view import unpacked_path
from shipseal.testing.contents import executable, hardlink, plain, symlink
from shipseal.testing.images import SampleImage, build_layout
from tests.support.sample_images import of

BASE = {
    "usr/bin/tool": executable(b"#!/bin/sh\n" + b"x" * 2 * HEAD_BYTES),
    "bin": symlink("usr/bin"),
    "etc/passwd": plain(b"root"),
}
TOP = {"bin/extra": executable(b"\x7fELF"), "etc/.wh.passwd": plain(b""), "again": hardlink("bin")}
PATHS = ("bin/tool", "usr/bin/extra", "etc/passwd", "etc", "again", "nothing")


class CountingLayout(OciLayout):
    """Counts how often each blob is opened."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.opened: Counter[str] = Counter()

    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        self.opened[blob.digest] += 1
        return super().open_blob(blob, offset=offset)


@pytest.fixture
def sample(tmp_path: Path) -> SampleImage:
    return build_layout(tmp_path / "image", layers=[BASE, TOP], config={})


@pytest.fixture
def cache(tmp_path: Path) -> SbomCache:
    return SbomCache(tmp_path / "cache")


def counting(sample: SampleImage) -> CountingLayout:
    return CountingLayout(sample.layout.folder)


def test_proving_and_looking_up_reads_each_layer_once(
    sample: SampleImage, cache: SbomCache
) -> None:
    layout, image = counting(sample), of(sample, "linux/amd64")
    prove_layers(image, layout, cache)
    root = root_of(image, layout, cache)
    whole = RootFs(sample.layout, image.manifest)
    assert [root.find(path) for path in PATHS] == [whole.find(path) for path in PATHS]
    assert set(layout.opened.values()) == {1}
    assert len(layout.opened) == len(image.manifest.layers)


def test_platforms_that_share_layers_read_them_once_between_them(
    sample: SampleImage, cache: SbomCache
) -> None:
    layout = counting(sample)
    threads = [
        threading.Thread(target=prove_layers, args=(of(sample, platform), layout, cache))
        for platform in ("linux/amd64", "linux/arm64")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(layout.opened.values()) == {1}


def unpacked(folder: Path, image: PlatformImage) -> list[Path | None]:
    pairs = zip(image.manifest.layers, image.config.diff_ids, strict=True)
    return [unpacked_path(folder, layer, diff_id) for layer, diff_id in pairs]


@pytest.mark.parametrize("proved_before", [False, True])
def test_layers_are_unpacked_on_the_way_as_what_their_diff_ids_promise(
    tmp_path: Path, sample: SampleImage, cache: SbomCache, proved_before: bool
) -> None:
    layout, image = counting(sample), of(sample, "linux/amd64")
    if proved_before:
        prove_layers(image, sample.layout, cache)
    prove_layers(image, layout, cache, unpacked=tmp_path / "unpacked")
    assert set(layout.opened.values()) == {1}
    for path, diff_id in zip(
        unpacked(tmp_path / "unpacked", image), image.config.diff_ids, strict=True
    ):
        assert path is not None
        assert digest_of(path.read_bytes()) == diff_id
    assert not list(tmp_path.rglob("*.part"))


def test_a_layer_that_is_something_else_is_not_left_unpacked_under_that_name(
    tmp_path: Path, sample: SampleImage, cache: SbomCache
) -> None:
    image = of(sample, "linux/amd64")
    wrong = digest_of(b"something else")
    lying = replace(
        image, config=replace(image.config, diff_ids=(wrong, *image.config.diff_ids[1:]))
    )
    with pytest.raises(ImageError, match="decompresses to") as caught:
        prove_layers(lying, sample.layout, cache, unpacked=tmp_path / "unpacked")
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_damaged_listing_is_no_answer_and_the_layer_is_read_again(
    sample: SampleImage, cache: SbomCache
) -> None:
    image = of(sample, "linux/amd64")
    prove_layers(image, sample.layout, cache)
    for layer in image.manifest.layers:
        cache.remember_listing(layer.digest, b"no listing")
    layout = counting(sample)
    assert root_of(image, layout, cache).find("usr/bin/tool") is not None
    assert layout.opened


def test_a_layer_that_is_no_tar_can_be_proved_and_is_refused_when_its_files_matter(
    sample: SampleImage, cache: SbomCache
) -> None:
    image = of(sample, "linux/amd64")
    raw = b"this is no tar" * 100
    digest = sample.layout.blobs.put(raw)
    layer = Descriptor(mt.OCI_LAYER, digest, len(raw))
    odd = replace(
        image,
        manifest=replace(image.manifest, layers=(layer,)),
        config=replace(image.config, diff_ids=(digest,)),
    )
    prove_layers(odd, sample.layout, cache)
    assert cache.listing(digest) is None
    assert cache.diff_id(digest) == digest
    with pytest.raises(ImageError, match="not a valid tar") as caught:
        root_of(odd, sample.layout, cache).find("bin")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_a_layer_of_too_many_entries_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_module, "MOST_ENTRIES", 2)
    entries = [LayerEntry(f"file{number}") for number in range(3)]
    assert pack_listing(entries[:2]) is not None
    assert pack_listing(entries) is None


names = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0")
    | st.sampled_from([chr(code) for code in range(0xDC80, 0xDD00)]),
    min_size=1,
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(names, st.sampled_from(list(Kind)), st.integers(0, 0o7777), names, st.binary())
    )
)
def test_a_listing_gives_back_what_was_listed(
    rows: list[tuple[str, Kind, int, str, bytes]],
) -> None:
    entries = [
        LayerEntry(path, kind, mode, size=len(content), link=link, open=lambda c=content: (c,))  # type: ignore[misc]
        for path, kind, mode, link, content in rows
    ]
    packed = pack_listing(entries)
    assert packed is not None
    unpacked = unpack_listing(packed)
    assert unpacked is not None
    for before, after in zip(entries, unpacked(), strict=True):
        assert (after.path, after.kind, after.mode) == (before.path, before.kind, before.mode)
        assert (after.size, after.link) == (before.size, before.link)
        runs = before.kind is Kind.FILE and before.mode & 0o111
        whole = b"".join(before.open())
        assert b"".join(after.open()) == (whole[:HEAD_BYTES] if runs else b"")


@given(st.binary(max_size=200))
def test_rubbish_is_no_listing(rubbish: bytes) -> None:
    assert unpack_listing(rubbish) is None


def test_a_layer_that_an_image_has_twice_is_unpacked_once(
    tmp_path: Path, sample: SampleImage, cache: SbomCache
) -> None:
    image = of(sample, "linux/amd64")
    layers, diff_ids = image.manifest.layers, image.config.diff_ids
    twice = replace(
        image,
        manifest=replace(image.manifest, layers=(*layers, *layers)),
        config=replace(image.config, diff_ids=(*diff_ids, *diff_ids)),
    )
    layout = counting(sample)
    prove_layers(twice, layout, cache, unpacked=tmp_path / "unpacked")
    assert set(layout.opened.values()) == {1}
    assert len(list((tmp_path / "unpacked").rglob("*"))) == 1 + len(layers)

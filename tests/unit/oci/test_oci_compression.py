"""Layers are compressed reproducibly, and decompressed without trust."""

import contextlib
import gzip
import zlib
from collections.abc import Iterable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ImageError
from shipseal.oci import media_types as mt
from shipseal.oci.compression import (
    Compression,
    Expansion,
    compressed,
    decompressed,
    detect,
    layer_media_type,
    of_media_type,
)

PACKED = [Compression.GZIP, Compression.ZSTD]
SKIPPABLE = b"\x5e\x2a\x4d\x18\x05\x00\x00\x00hello"


def pack(data: bytes, how: Compression) -> bytes:
    return b"".join(compressed([data], how))


def unpack(chunks: Iterable[bytes], how: Compression | None = None) -> bytes:
    return b"".join(decompressed(chunks, how, what="layer"))


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=3000), max_size=5),
    st.sampled_from(list(Compression)),
    st.integers(1, 999),
)
def test_what_goes_in_comes_out_however_it_is_cut(
    parts: list[bytes], how: Compression, size: int
) -> None:
    data = b"".join(parts)
    packed = b"".join(compressed(parts, how))
    assert packed == pack(data, how)
    assert unpack(cut(packed, size), how) == data


@pytest.mark.parametrize("how", PACKED)
def test_the_kind_is_read_from_the_content(how: Compression) -> None:
    assert detect(pack(b"x", how)) is how
    assert unpack([b"", *cut(pack(b"text" * 1000, how), 1)]) == b"text" * 1000


def test_plain_content_passes_through_and_may_be_empty() -> None:
    assert unpack([b"a", b"", b"bcdefg"]) == b"abcdefg"
    assert unpack([]) == b""


def test_gzip_carries_neither_time_nor_name_and_other_tools_read_it() -> None:
    packed = pack(b"content", Compression.GZIP)
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    assert gzip.decompress(packed) == b"content"
    assert zstandard.decompress(pack(b"content", Compression.ZSTD), 100) == b"content"


@pytest.mark.parametrize("how", PACKED)
def test_several_members_and_padding_are_one_content(how: Compression) -> None:
    packed = pack(b"one", how) + pack(b"two", how) + b"\0" * 700
    assert unpack(cut(packed, 5), how) == b"onetwo"


def test_skippable_zstd_frames_are_skipped() -> None:
    packed = SKIPPABLE + pack(b"one", Compression.ZSTD) + SKIPPABLE
    assert detect(packed) is Compression.ZSTD
    assert unpack(cut(packed, 3)) == b"one"


@pytest.mark.parametrize("how", PACKED)
@pytest.mark.parametrize("lost", [1, 6])
def test_content_that_ends_early_is_refused(how: Compression, lost: int) -> None:
    packed = pack(b"some content", how)
    with pytest.raises(ImageError, match="end too early") as caught:
        unpack([packed[:-lost]], how)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


@pytest.mark.parametrize("how", PACKED)
def test_nothing_at_all_is_no_compressed_content(how: Compression) -> None:
    with pytest.raises(ImageError, match="end too early"):
        unpack([], how)


@pytest.mark.parametrize("how", PACKED)
def test_damaged_content_and_what_follows_it_are_refused(how: Compression) -> None:
    packed = pack(b"some content" * 50, how)
    with pytest.raises(ImageError, match=r"no valid|end too early"):
        unpack([packed + b"rubbish"], how)
    with pytest.raises(ImageError, match="no valid"):
        unpack([packed[:-3] + bytes([packed[-3] ^ 1]) + packed[-2:]], how)


@pytest.mark.parametrize("how", PACKED)
def test_a_bomb_is_refused_before_it_is_whole(how: Compression) -> None:
    packed = b"".join(compressed((bytes(1 << 20) for _ in range(512)), how))
    plain = decompressed(cut(packed, 4096), how, what="bomb", expansion=Expansion(8, 10))
    seen: list[int] = []
    with pytest.raises(ImageError, match="more than 10 times") as caught:
        seen.extend(len(chunk) for chunk in plain)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    assert sum(seen) < 1 << 28


def test_growth_within_the_allowance_is_no_bomb() -> None:
    packed = pack(bytes(1 << 20), Compression.GZIP)
    plain = decompressed([packed], what="zeros", expansion=Expansion(free=1 << 20, ratio=1))
    assert sum(len(chunk) for chunk in plain) == 1 << 20


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"]))
def test_any_bytes_give_content_or_an_image_error(tail: bytes, head: bytes) -> None:
    with contextlib.suppress(ImageError):
        unpack(cut(head + tail, 7))


@pytest.mark.parametrize(
    ("media_type", "how"),
    [
        (mt.OCI_LAYER, Compression.NONE),
        (mt.OCI_LAYER_GZIP, Compression.GZIP),
        (mt.OCI_LAYER_ZSTD, Compression.ZSTD),
        (mt.DOCKER_LAYER, Compression.NONE),
        (mt.DOCKER_LAYER_GZIP, Compression.GZIP),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Compression.GZIP),
        (mt.IN_TOTO, None),
    ],
)
def test_media_types_say_how(media_type: str, how: Compression | None) -> None:
    assert of_media_type(media_type) is how


@pytest.mark.parametrize("how", list(Compression))
def test_media_types_of_layers_are_read_back(how: Compression) -> None:
    assert of_media_type(layer_media_type(how)) is how


def test_docker_images_have_no_zstd_layers() -> None:
    assert layer_media_type(Compression.GZIP, docker=True) == mt.DOCKER_LAYER_GZIP
    with pytest.raises(ImageError, match="cannot have zstd layers") as caught:
        layer_media_type(Compression.ZSTD, docker=True)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_the_gzip_level_is_the_callers() -> None:
    data = zlib.compress(bytes(range(256)) * 40, 0)
    assert len(b"".join(compressed([data], Compression.GZIP, level=0))) > len(
        pack(data, Compression.GZIP)
    )

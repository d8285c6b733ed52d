"""Digests, platforms and descriptors: normal forms, and nothing but ImageError for anything else."""

import contextlib
import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Digest, Platform, digest_of, parse_digest
from shipseal.oci import media_types as mt
from shipseal.oci.digest import check_bytes, split_digest, verified

HEX = "0123456789abcdef" * 4
DIGEST = parse_digest(f"sha256:{HEX}")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["mediaType", "digest", "size", "platform", "os", "urls", "x"]), inner
        )
    ),
    max_leaves=8,
)


# Digests


@pytest.mark.parametrize("text", [f"sha256:{HEX}", f"sha512:{HEX}{HEX}"])
def test_digests_in_canonical_form_are_taken(text: str) -> None:
    assert parse_digest(text) == text
    assert ":".join(split_digest(parse_digest(text))) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEX,
        "sha256:",
        f"sha256:{HEX[:-1]}",
        f"sha256:{HEX}0",
        f"sha256:{HEX}\n",
        f"sha256:{HEX.upper()}",
        f"SHA256:{HEX}",
        f"md5:{HEX[:32]}",
        f"sha512:{HEX}",
        f"sha256:../../{HEX[6:]}",
        "x" * 10_000,
    ],
)
def test_anything_else_is_no_digest(text: str) -> None:
    with pytest.raises(ImageError, match="not a digest") as caught:
        parse_digest(text)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    assert len(caught.value.message) < 300


@given(st.binary(max_size=200), st.integers(1, 50))
def test_content_passes_when_it_is_what_was_promised(data: bytes, size: int) -> None:
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert b"".join(verified(chunks, digest_of(data), len(data), what="blob")) == data
    assert check_bytes(data, digest_of(data), what="blob") == data


def test_longer_digests_are_verified_too() -> None:
    digest = parse_digest(f"sha512:{hashlib.sha512(b'data').hexdigest()}")
    assert check_bytes(b"data", digest, what="blob") == b"data"
    with pytest.raises(ImageError, match="expected sha512:"):
        check_bytes(b"date", digest, what="blob")


@given(st.binary(min_size=1, max_size=100), st.data())
def test_content_that_was_changed_or_cut_is_refused(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    for wrong in (changed, data[:at], data + b"x"):
        with pytest.raises(ImageError, match="expected") as caught:
            check_bytes(wrong, digest_of(data), size=len(data), what="blob")
        assert caught.value.code is Code.DIGEST_MISMATCH
        assert "do not release it" in caught.value.hint


def test_endless_content_is_refused_as_soon_as_it_is_too_long() -> None:
    def endless() -> Any:
        while True:
            yield b"x" * 10

    with pytest.raises(ImageError, match="expected 25 bytes, got 30 bytes or more"):
        list(verified(endless(), DIGEST, 25, what="blob"))


# Platforms


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("Linux/x86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/i386", "linux/386"),
        (" windows/amd64 ", "windows/amd64"),
    ],
)
def test_platforms_have_one_normal_form(text: str, normal: str) -> None:
    assert str(Platform.parse(text)) == normal


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux/\n/x", "all"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(ImageError, match="not a platform") as caught:
        Platform.parse(text)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


WORDS = st.sampled_from(["linux", "arm", "arm64", "amd64", "x86_64", "v8", "8", "V7", "armhf", "q"])


@given(st.lists(WORDS, min_size=2, max_size=3))
def test_the_normal_form_is_its_own_normal_form(parts: list[str]) -> None:
    platform = Platform.parse("/".join(parts))
    assert Platform.parse(str(platform)) == platform
    assert (
        Descriptor.from_json(
            {"mediaType": "m", "digest": DIGEST, "size": 0, "platform": platform.to_json()},
            what="d",
        ).platform
        == platform
    )


def test_buildkits_attestations_have_no_platform() -> None:
    assert Platform.parse("unknown/unknown").is_unknown
    for text in ("linux/amd64", "linux/unknown", "unknown/amd64", "unknown/unknown/v2"):
        assert not Platform.parse(text).is_unknown


# Descriptors


TEXTS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)


@given(
    st.builds(
        Descriptor,
        media_type=st.text(max_size=20),
        digest=st.just(DIGEST),
        size=st.integers(0, 1 << 60),
        platform=st.none() | st.just(Platform.parse("linux/arm/v7")),
        artifact_type=st.text(max_size=10),
        annotations=TEXTS,
        urls=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    )
)
def test_a_descriptor_is_read_as_it_was_written(descriptor: Descriptor) -> None:
    assert Descriptor.from_json(descriptor.to_json(), what="d") == descriptor


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"size": -1}, "size"),
        ({"size": True}, "size"),
        ({"size": 1.0}, "size"),
        ({"size": "1"}, "size"),
        ({"digest": None}, "lacks mediaType or digest"),
        ({"mediaType": 1}, "lacks mediaType or digest"),
        ({"digest": "sha256:1"}, "not a digest"),
        ({"platform": []}, "platform that is not an object"),
        ({"platform": {"os": "linux"}}, "without os or architecture"),
        ({"platform": {"os": "", "architecture": ""}}, "without os or architecture"),
        ({"platform": {"os": "linux", "architecture": "arm64", "OS": "x"}}, "some tools read 'OS'"),
        ({"Digest": f"sha256:{'0' * 64}"}, "some tools read 'Digest' as 'digest'"),
        ({"\u017fize": 2}, "as 'size'"),
    ],
)
def test_descriptors_that_are_wrong_or_ambiguous_are_refused(
    change: dict[str, object], problem: str
) -> None:
    value: dict[str, object] = {"mediaType": mt.OCI_LAYER, "digest": DIGEST, "size": 1}
    assert Descriptor.from_json(value, what="layer 3").size == 1
    with pytest.raises(ImageError, match=problem) as caught:
        Descriptor.from_json(value | change, what="layer 3")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_members_of_a_wrong_kind_that_decide_nothing_are_left_out() -> None:
    value = {
        "mediaType": "m",
        "digest": DIGEST,
        "size": 0,
        "urls": 7,
        "annotations": {"a": "b", "c": 1},
        "artifactType": [],
    }
    found = Descriptor.from_json(value, what="d")
    assert found == Descriptor("m", Digest(DIGEST), 0, annotations={"a": "b"})


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json_is_a_descriptor_or_an_image_error(value: object) -> None:
    with contextlib.suppress(ImageError):
        Descriptor.from_json(value, what="d")

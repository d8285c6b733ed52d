"""Manifests, indexes and configurations: raw bytes with a parsed twin, one meaning only."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Platform, RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.image import parse_config
from shipseal.oci.manifest import build_manifest, claims_attestation, parse_index, parse_manifest

CONFIG = Descriptor(mt.OCI_CONFIG, digest_of(b"config"), 6)
LAYER = Descriptor(mt.OCI_LAYER_GZIP, digest_of(b"layer"), 5, annotations={"a": "b"})
MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": mt.OCI_MANIFEST,
    "config": CONFIG.to_json(),
    "layers": [LAYER.to_json()],
    "annotations": {"k": "v", "n": 1},
}
INDEX: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": mt.OCI_INDEX,
    "manifests": [Descriptor(mt.OCI_MANIFEST, digest_of(b"m"), 1).to_json()],
}
IMAGE: dict[str, Any] = {
    "os": "linux",
    "architecture": "arm64",
    "variant": "v8",
    "created": "2024-01-01T00:00:00Z",
    "config": {
        "Entrypoint": ["/app"],
        "Cmd": ["a"],
        "Env": ["A=b"],
        "Labels": {"k": "v"},
        "WorkingDir": "/srv",
    },
    "rootfs": {"type": "layers", "diff_ids": [digest_of(b"layer")]},
    "history": [{"created_by": "RUN x", "empty_layer": True}, {}, 7],
}


def raw(document: object, media_type: str = "") -> RawManifest:
    return RawManifest.of(msgspec.json.encode(document), media_type)


def test_a_manifest_keeps_its_bytes_and_shows_what_is_in_them() -> None:
    text = b' {"schemaVersion": 2,\n' + msgspec.json.encode(MANIFEST)[len(b'{"schemaVersion":2,') :]
    parsed = parse_manifest(RawManifest.of(text), what="m")
    assert parsed.source.raw == text
    assert parsed.source.digest == digest_of(text)
    assert (parsed.config, parsed.layers) == (CONFIG, (LAYER,))
    assert (parsed.subject, parsed.artifact_type) == (None, mt.OCI_CONFIG)
    assert parsed.annotations == {"k": "v"}
    assert parsed.source.descriptor() == Descriptor(mt.OCI_MANIFEST, digest_of(text), len(text))


def test_a_referrer_shows_its_subject_and_type() -> None:
    document = MANIFEST | {"subject": LAYER.to_json(), "artifactType": mt.SIGSTORE_BUNDLE}
    parsed = parse_manifest(raw(document), what="m")
    assert (parsed.subject, parsed.artifact_type) == (LAYER, mt.SIGSTORE_BUNDLE)


def test_an_index_tells_images_from_attestations() -> None:
    image = Descriptor(mt.OCI_MANIFEST, digest_of(b"1"), 1, Platform.parse("linux/amd64"))
    unknown = Descriptor(mt.OCI_MANIFEST, digest_of(b"2"), 1, Platform("unknown", "unknown"))
    marked = Descriptor(
        mt.OCI_MANIFEST,
        digest_of(b"3"),
        1,
        annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )
    children = [child.to_json() for child in (image, unknown, marked)]
    index = parse_index(raw(INDEX | {"manifests": children}), what="i")
    assert index.manifests == (image, unknown, marked)
    assert index.images() == (image,)
    assert [claims_attestation(child) for child in index.manifests] == [False, True, True]


def test_the_media_type_may_be_missing_in_oci_documents_only() -> None:
    for document, expected in ((MANIFEST, mt.OCI_MANIFEST), (INDEX, mt.OCI_INDEX)):
        bare = {key: value for key, value in document.items() if key != "mediaType"}
        assert raw(bare).media_type == expected


def test_docker_types_are_read_too() -> None:
    manifest = parse_manifest(raw({**MANIFEST, "mediaType": mt.DOCKER_MANIFEST}), what="m")
    assert manifest.layers == (LAYER,)
    index = parse_index(raw({**INDEX, "mediaType": mt.DOCKER_LIST}), what="i")
    assert len(index.manifests) == 1


def test_what_is_built_is_compact_sorted_and_of_the_type_that_it_names() -> None:
    built = build_manifest(MANIFEST)
    assert built.raw.startswith(b'{"annotations":{"k":"v","n":1},"config":')
    assert built == build_manifest(dict(reversed(MANIFEST.items())))
    assert built.media_type == mt.OCI_MANIFEST
    assert not built.is_index
    assert build_manifest(INDEX).is_index


# Type confusion (CVE-2021-41190): one document, two readings


@pytest.mark.parametrize(
    ("document", "served", "problem"),
    [
        (MANIFEST, mt.OCI_INDEX, "served as"),
        (INDEX, mt.OCI_MANIFEST, "served as"),
        (MANIFEST, mt.DOCKER_MANIFEST, "served as"),
        (MANIFEST | INDEX, mt.OCI_INDEX, "both a manifest and an index"),
        (MANIFEST | INDEX | {"mediaType": ""}, mt.OCI_MANIFEST, "both a manifest and an index"),
        (INDEX | {"config": CONFIG.to_json()}, mt.OCI_INDEX, "both a manifest and an index"),
        (MANIFEST | {"Layers": []}, mt.OCI_MANIFEST, "some tools read 'Layers' as 'layers'"),
        (INDEX | {"MANIFESTS": []}, mt.OCI_INDEX, "some tools read 'MANIFESTS'"),
        (MANIFEST | {"mediatype": mt.OCI_INDEX}, mt.OCI_MANIFEST, "some tools read 'mediatype'"),
        (MANIFEST | {"schemaVersion": 1}, mt.OCI_MANIFEST, "schemaVersion is 1, not 2"),
        (MANIFEST | {"schemaVersion": "2"}, mt.OCI_MANIFEST, "schemaVersion is '2'"),
        (MANIFEST | {"layers": {}}, mt.OCI_MANIFEST, "no list of layers"),
        (INDEX | {"manifests": None}, mt.OCI_INDEX, "no list of manifests"),
        (
            MANIFEST | {"config": None},
            mt.OCI_MANIFEST,
            "m, config: the descriptor is not an object",
        ),
        (
            MANIFEST | {"layers": [LAYER.to_json(), 1]},
            mt.OCI_MANIFEST,
            "m, layer 1: the descriptor",
        ),
        (MANIFEST | {"subject": {}}, mt.OCI_MANIFEST, "m, subject: the descriptor lacks"),
        ([], mt.OCI_MANIFEST, "not a JSON object"),
    ],
)
def test_documents_with_two_readings_or_none_are_refused(
    document: object, served: str, problem: str
) -> None:
    source = raw(document, served)
    parse = parse_index if source.is_index else parse_manifest
    with pytest.raises(ImageError, match=problem) as caught:
        parse(source, what="m")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_a_member_that_stands_twice_is_refused() -> None:
    text = msgspec.json.encode(MANIFEST)[:-1] + b',"layers":[]}'
    with pytest.raises(ImageError, match="the name 'layers' stands twice"):
        parse_manifest(RawManifest.of(text, mt.OCI_MANIFEST), what="m")


def test_each_parser_takes_its_own_kind_only() -> None:
    with pytest.raises(ImageError, match="is not an image manifest"):
        parse_manifest(raw(INDEX), what="m")
    with pytest.raises(ImageError, match="is not an image index"):
        parse_index(raw(MANIFEST), what="i")
    with pytest.raises(ImageError, match="no media type is not an image index") as caught:
        parse_index(RawManifest(b'{"schemaVersion":2}', "", digest_of(b"")), what="i")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def test_schema_1_is_refused_with_a_hint() -> None:
    with pytest.raises(ImageError, match="schemaVersion is 1") as caught:
        parse_manifest(raw({"schemaVersion": 1, "fsLayers": []}, DOCKER_SCHEMA_1), what="m")
    assert "schema 2" in caught.value.hint


# Configurations


def test_a_configuration_shows_what_matters() -> None:
    config = parse_config(msgspec.json.encode(IMAGE), what="c")
    assert str(config.platform) == "linux/arm64"
    assert config.diff_ids == (digest_of(b"layer"),)
    assert (config.entrypoint, config.cmd, config.env) == (("/app",), ("a",), ("A=b",))
    assert (config.labels, config.working_dir) == ({"k": "v"}, "/srv")
    assert config.created == "2024-01-01T00:00:00Z"
    assert [(line.created_by, line.empty_layer) for line in config.history] == [
        ("RUN x", True),
        ("", False),
    ]


def test_a_configuration_may_say_nothing_about_how_to_start() -> None:
    bare = {key: IMAGE[key] for key in ("os", "architecture", "rootfs")}
    for document in (bare, bare | {"config": None}, bare | {"config": {"Env": None, "Labels": []}}):
        config = parse_config(msgspec.json.encode(document), what="c")
        assert (config.entrypoint, config.env, config.labels, config.history) == ((), (), {}, ())


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, "names no os or no architecture"),
        (IMAGE | {"os": ""}, "names no os or no architecture"),
        (IMAGE | {"rootfs": {}}, "no rootfs.diff_ids"),
        (IMAGE | {"rootfs": []}, "no rootfs.diff_ids"),
        (IMAGE | {"rootfs": {"diff_ids": [1]}}, "not a digest"),
        (IMAGE | {"Architecture": "amd64"}, "some tools read 'Architecture'"),
        (IMAGE | {"config": {"entrypoint": ["/evil"]}}, "as 'Entrypoint'"),
        (IMAGE | {"rootfs": {"Diff_IDs": [], "diff_ids": []}}, "as 'diff_ids'"),
        ([], "not a JSON object"),
    ],
)
def test_what_is_no_configuration_is_refused(document: object, problem: str) -> None:
    with pytest.raises(ImageError, match=problem) as caught:
        parse_config(msgspec.json.encode(document), what="c")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([mt.OCI_INDEX, "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *MANIFEST,
                    *INDEX,
                    *IMAGE,
                    *IMAGE["config"],
                    "subject",
                    "size",
                    "digest",
                    "diff_ids",
                ]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(JSON, JSON.map(lambda value: MANIFEST | value if isinstance(value, dict) else value)),
    st.sampled_from(["", mt.OCI_INDEX, mt.OCI_MANIFEST]),
)
def test_any_document_is_parsed_or_an_image_error(document: object, served: str) -> None:
    text = msgspec.json.encode(document)
    for parse in (parse_manifest, parse_index):
        with contextlib.suppress(ImageError):
            parse(RawManifest.of(text, served), what="m")
    with contextlib.suppress(ImageError):
        parse_config(text, what="c")


@pytest.mark.parametrize("text", [b"", b"\xff", b'{"a":"\xff"}', b"[" * 100_000, b'{"a":1e9999}'])
def test_bytes_that_are_no_json_are_an_image_error(text: bytes) -> None:
    for served in ("", mt.OCI_INDEX):
        with pytest.raises(ImageError) as caught:
            parse_index(RawManifest.of(text, served), what="i")
        assert caught.value.code is Code.FORMAT_UNSUPPORTED
    with pytest.raises(ImageError):
        parse_config(text, what="c")

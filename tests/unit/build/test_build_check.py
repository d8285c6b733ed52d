"""Whatever a builder made is held against what was asked for before anything is pushed."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from shipseal.build.check import checked
from shipseal.build.values import RawBuild
from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Platform, digest_of
from shipseal.oci.manifest import build_manifest
from shipseal.testing.damage import corrupt_blob, remove_blob, truncate_blob
from shipseal.testing.images import SampleImage, build_layout
from tests.support.build_requests import build_request


def raw(sample: SampleImage, *, hashed: bool = False) -> RawBuild:
    return RawBuild(
        sample.layout, sample.digest, builder="test 1", hashed=hashed, notes=("so it is",)
    )


def refusal(
    sample: SampleImage, tmp_path: Path, *platforms: str, hashed: bool = False
) -> ImageError:
    request = build_request(tmp_path, platforms=platforms or ("linux/amd64", "linux/arm64"))
    with pytest.raises(ImageError) as caught:
        checked(raw(sample, hashed=hashed), request)
    return caught.value


@pytest.mark.parametrize("docker", [False, True])
@pytest.mark.parametrize("attestations", [False, True])
def test_a_whole_image_passes_with_everything_that_the_builder_said(
    tmp_path: Path, *, docker: bool, attestations: bool
) -> None:
    sample = build_layout(tmp_path / "image", docker=docker, attestations=attestations)
    built = checked(raw(sample), build_request(tmp_path))
    assert [str(one.platform) for one in built.image.platforms] == ["linux/amd64", "linux/arm64"]
    assert len(built.image.extras) == (2 if attestations else 0)
    assert (built.builder, built.warnings) == ("test 1", ("so it is",))


def test_no_required_platform_means_whatever_the_image_has(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image", platforms=["linux/riscv64"], shape="bare")
    built = checked(raw(sample), build_request(tmp_path, platforms=()))
    assert [str(one.platform) for one in built.image.platforms] == ["linux/riscv64"]


def test_a_missing_platform_is_named_beside_those_that_are_there(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image", platforms=["linux/amd64", "linux/arm/v7"])
    error = refusal(sample, tmp_path, "linux/amd64", "linux/arm64", "linux/s390x")
    assert error.code is Code.PLATFORM_MISSING
    assert "expected linux/arm64, linux/s390x, got linux/amd64, linux/arm/v7" in error.message
    assert error.context["missing"] == "linux/arm64, linux/s390x"


def test_buildkits_attestations_count_as_no_platform(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image", platforms=["linux/amd64"], attestations=True)
    error = refusal(sample, tmp_path, "linux/amd64", "unknown/unknown")
    assert error.code is Code.PLATFORM_MISSING
    assert "got linux/amd64" in error.message


def test_a_configuration_of_another_architecture_is_found(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image", claims={"linux/arm64": "linux/amd64"})
    error = refusal(sample, tmp_path)
    assert error.code is Code.PLATFORM_MISSING
    assert "lists it as linux/arm64, but its configuration says linux/amd64" in error.message
    assert (error.context["expected"], error.context["got"]) == ("linux/arm64", "linux/amd64")


def test_another_variant_is_another_platform(tmp_path: Path) -> None:
    sample = build_layout(
        tmp_path / "image", platforms=["linux/arm/v6"], claims={"linux/arm/v6": "linux/arm/v7"}
    )
    assert refusal(sample, tmp_path, "linux/arm/v6").code is Code.PLATFORM_MISSING


def test_a_configuration_without_a_variant_contradicts_nothing(tmp_path: Path) -> None:
    sample = build_layout(
        tmp_path / "image", platforms=["linux/amd64/v3"], claims={"linux/amd64/v3": "linux/amd64"}
    )
    built = checked(raw(sample), build_request(tmp_path, platforms=("linux/amd64/v3",)))
    assert str(built.image.platforms[0].platform) == "linux/amd64/v3"


@pytest.mark.parametrize("hashed", [False, True])
def test_a_truncated_layer_is_found_before_anything_is_pushed(
    tmp_path: Path, *, hashed: bool
) -> None:
    sample = build_layout(tmp_path / "image")
    layer = sample.layers["linux/arm64"][-1].descriptor
    truncate_blob(sample, layer.digest)
    error = refusal(sample, tmp_path, hashed=hashed)
    assert error.code is Code.DIGEST_MISMATCH
    assert (
        f"{layer.digest}: expected {layer.size} bytes, got {layer.size - 1} bytes" in error.message
    )


def test_a_changed_layer_of_the_right_size_is_found(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image")
    layer = sample.layers["linux/amd64"][0].descriptor
    corrupt_blob(sample, layer.digest)
    error = refusal(sample, tmp_path)
    assert error.code is Code.DIGEST_MISMATCH
    assert layer.digest in error.message


def test_what_the_builder_hashed_itself_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = build_layout(tmp_path / "image")
    layers = {one.descriptor.digest for layers in sample.layers.values() for one in layers}
    opened: list[str] = []
    whole = sample.layout.open_blob

    def watched(blob: Descriptor, *, offset: int = 0) -> object:
        opened.append(blob.digest)
        return whole(blob, offset=offset)

    monkeypatch.setattr(sample.layout, "open_blob", watched)
    checked(raw(sample, hashed=True), build_request(tmp_path))
    assert not layers & set(opened)
    checked(raw(sample), build_request(tmp_path))
    assert layers <= set(opened)


def test_missing_blobs_are_listed(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image")
    gone = [sample.layers[one][-1].descriptor.digest for one in ("linux/amd64", "linux/arm64")]
    for digest in set(gone):
        remove_blob(sample, digest)
    error = refusal(sample, tmp_path)
    assert error.code is Code.IMAGE_NOT_FOUND
    assert all(digest in error.message for digest in gone)


def test_a_missing_blob_of_an_attestation_is_missing_too(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image", attestations=True)
    document = msgspec.json.decode(sample.extras[0].raw)
    remove_blob(sample, document["layers"][0]["digest"])
    assert refusal(sample, tmp_path).code is Code.IMAGE_NOT_FOUND


def relisted(sample: SampleImage, *entries: Descriptor) -> RawBuild:
    """Return a build whose index lists the sample's images and ``entries``."""
    document = msgspec.json.decode(sample.root.raw)
    document["manifests"] = [entry.to_json() for entry in entries] + [
        entry for entry in document["manifests"] if entry["platform"]["os"] != "unknown"
    ]
    root = build_manifest(document)
    sample.layout.blobs.put(root.raw)
    return RawBuild(sample.layout, root.digest)


def hidden_image(tmp_path: Path) -> tuple[SampleImage, Descriptor]:
    """Return an image in one layout with another one, linux/amd64 too, that its index does not list yet."""
    planted = [{"planted": b"1"}]
    other = build_layout(tmp_path / "image", layers=planted, platforms=["linux/amd64"], ref="other")
    sample = build_layout(tmp_path / "image", platforms=["linux/amd64", "linux/arm64"])
    return sample, other.manifests["linux/amd64"].descriptor()


UNKNOWN = Platform("unknown", "unknown")
MARK = {"vnd.docker.reference.type": "attestation-manifest"}


@pytest.mark.parametrize(
    ("platform", "marked", "problem"),
    [
        (Platform.parse("linux/amd64"), True, "its platform is linux/amd64, not unknown/unknown"),
        (None, True, "its platform is not given, not unknown/unknown"),
        (Platform.parse("linux/unknown"), True, "its platform is linux/unknown"),
        (UNKNOWN, False, "it has no annotation vnd.docker.reference.type=attestation-manifest"),
        (UNKNOWN, True, "it has layers that are no in-toto documents: application/vnd.oci.image"),
    ],
)
def test_an_image_that_passes_as_an_attestation_is_refused(
    tmp_path: Path, platform: Platform | None, problem: str, *, marked: bool
) -> None:
    sample, entry = hidden_image(tmp_path)
    about = {"vnd.docker.reference.digest": str(sample.manifests["linux/amd64"].digest)}
    entry = replace(entry, platform=platform, annotations=(MARK | about) if marked else {})
    with pytest.raises(ImageError) as caught:
        checked(relisted(sample, entry), build_request(tmp_path))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    assert f"{entry.digest}: the index lists it as an attestation, but {problem}" in (
        caught.value.message
    )


@pytest.mark.parametrize("text", ["linux/unknown", "unknown/amd64"])
def test_a_half_unknown_platform_is_a_platform_that_the_configuration_must_name(
    tmp_path: Path, text: str
) -> None:
    sample, entry = hidden_image(tmp_path)
    entry = replace(entry, platform=Platform.parse(text))
    with pytest.raises(ImageError, match=f"lists it as {text}") as caught:
        checked(relisted(sample, entry), build_request(tmp_path))
    assert caught.value.code is Code.PLATFORM_MISSING


def test_an_image_of_a_half_unknown_platform_is_among_those_that_are_scanned(
    tmp_path: Path,
) -> None:
    sample = build_layout(tmp_path / "image", platforms=["linux/amd64", "linux/unknown"])
    built = checked(raw(sample), build_request(tmp_path, platforms=("linux/amd64",)))
    assert [str(one.platform) for one in built.image.platforms] == ["linux/amd64", "linux/unknown"]
    assert not built.image.extras


@pytest.mark.parametrize("about", ["", f"sha256:{'0' * 64}", "itself"])
def test_an_attestation_about_no_image_of_the_index_is_refused(tmp_path: Path, about: str) -> None:
    sample = build_layout(tmp_path / "image", attestations=True)
    entry = sample.extras[0].descriptor()
    about = str(entry.digest) if about == "itself" else about
    marks = MARK | ({"vnd.docker.reference.digest": about} if about else {})
    entry = replace(entry, platform=UNKNOWN, annotations=marks)
    with pytest.raises(ImageError, match="which is no image of the same index") as caught:
        checked(relisted(sample, entry), build_request(tmp_path))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def attestation_with(sample: SampleImage, *layers: Descriptor) -> Descriptor:
    """Return the entry of an attestation about the sample's linux/amd64 that has ``layers``."""
    document = msgspec.json.decode(sample.extras[0].raw)
    document["layers"] = [layer.to_json() for layer in layers]
    made = build_manifest(document)
    sample.layout.blobs.put(made.raw)
    about = {"vnd.docker.reference.digest": str(sample.manifests["linux/amd64"].digest)}
    return replace(made.descriptor(), platform=UNKNOWN, annotations=MARK | about)


def test_an_attestation_without_a_document_is_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image", attestations=True)
    with pytest.raises(ImageError, match="it has no layers") as caught:
        checked(relisted(sample, attestation_with(sample)), build_request(tmp_path))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\x1f\x8b\x08\x00", b"{name".ljust(512, b"\0"), b"{\x01}"]
)
def test_a_file_system_under_the_name_of_a_document_is_refused(tmp_path: Path, data: bytes) -> None:
    sample = build_layout(tmp_path / "image", attestations=True)
    layer = Descriptor("application/vnd.in-toto+json", sample.layout.blobs.put(data), len(data))
    with pytest.raises(ImageError, match=f"{layer.digest}.* it is no JSON document") as caught:
        checked(relisted(sample, attestation_with(sample, layer)), build_request(tmp_path))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_an_image_without_any_platform_is_no_attestation_either(tmp_path: Path) -> None:
    sample = build_layout(
        tmp_path / "image",
        platforms=["linux/amd64", "linux/arm64"],
        claims={"linux/amd64": "unknown/unknown"},
        platform_in_index=False,
    )
    with pytest.raises(ImageError, match="its configuration names no platform") as caught:
        checked(raw(sample), build_request(tmp_path, platforms=("linux/arm64",)))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_layers_that_only_a_foreign_server_has_are_refused(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image", platforms=["linux/amd64"], shape="bare")
    document = msgspec.json.decode(sample.root.raw)
    foreign = document["layers"][0]
    foreign["urls"] = ["https://files.example.org/layer"]
    remove_blob(sample, foreign["digest"])
    root = build_manifest(document)
    sample.layout.blobs.put(root.raw)
    with pytest.raises(ImageError, match="only a foreign server has") as caught:
        checked(
            RawBuild(sample.layout, root.digest),
            build_request(tmp_path, platforms=("linux/amd64",)),
        )
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


@pytest.mark.parametrize("media_type", [DOCKER_SCHEMA_1, None])
def test_docker_schema_1_is_refused(tmp_path: Path, media_type: str | None) -> None:
    sample = build_layout(tmp_path / "image")
    document = {"schemaVersion": 1, "name": "app", "tag": "1", "fsLayers": [], "history": []}
    root = msgspec.json.encode(document | ({"mediaType": media_type} if media_type else {}))
    sample.layout.blobs.put(root)
    with pytest.raises(ImageError) as caught:
        checked(RawBuild(sample.layout, digest_of(root)), build_request(tmp_path))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED
    assert "schema" in f"{caught.value.message} {caught.value.hint}"

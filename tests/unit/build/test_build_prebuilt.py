"""An image that is built already is taken from a layout, an archive, or a registry by digest."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shipseal.build.prebuilt import PREBUILT_IMAGE, PrebuiltBuilder, PrebuiltOptions
from shipseal.errors import Code, ConfigError, ImageError, ShipsealError
from shipseal.oci import media_types as mt
from shipseal.oci.reference import Reference
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from shipseal.testing.archives import docker_archive_files, oci_archive_files, write_archive
from shipseal.testing.damage import corrupt_blob, truncate_blob
from shipseal.testing.images import SampleImage, build_layout
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support import registries
from tests.support.build_requests import build_request
from tests.support.push import push_sample
from tests.support.targets import QUICK


def connect(reference: Reference) -> Target:
    return RepositoryTarget(reference, RegistryOptions(policy=QUICK))


def pushed(name: str, sample: SampleImage, tag: str = "") -> None:
    with closing(connect(Reference.parse(name))) as target:
        push_sample(target, sample, tag)


def never(reference: Reference) -> Target:
    raise AssertionError(f"nothing was to be asked of {reference}")


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    """Return a registry that runs."""
    with RegistrySimulator() as running:
        yield running


def refusal(folder: Path, options: PrebuiltOptions) -> ShipsealError:
    with pytest.raises(ShipsealError) as caught:
        PrebuiltBuilder(options, connect).build(build_request(folder))
    return caught.value


@pytest.mark.parametrize("shape", ["index", "nested"])
def test_a_layout_is_used_where_it_lies(tmp_path: Path, shape: str) -> None:
    sample = build_layout(tmp_path / "image", shape=shape, attestations=True)
    before = sorted(tmp_path.rglob("*"))
    built = PrebuiltBuilder(PrebuiltOptions(layout=Path("image")), never).build(
        build_request(tmp_path)
    )
    assert (built.image.digest, built.builder) == (sample.digest, "prebuilt")
    assert built.layout.folder == tmp_path / "image"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("archive", [False, True])
def test_an_index_json_that_is_the_image_itself_becomes_reachable_by_its_digest(
    tmp_path: Path, *, archive: bool
) -> None:
    sample = build_layout(tmp_path / "image", shape="flat")
    write_archive(tmp_path / "image.tar", oci_archive_files(sample))
    options = PrebuiltOptions(
        layout=None if archive else Path("image"), archive=Path("image.tar") if archive else None
    )
    built = PrebuiltBuilder(options, never).build(build_request(tmp_path))
    assert built.image.digest == sample.digest
    assert built.layout.read_manifest(sample.digest).raw == sample.root.raw
    assert not sample.layout.blobs.has(sample.digest)


def test_of_several_images_one_is_named(tmp_path: Path) -> None:
    build_layout(tmp_path / "image", ref="old", layers=[{"a": b"old"}])
    new = build_layout(tmp_path / "image", ref="new", layers=[{"a": b"new"}])
    for ref in ("new", new.digest):
        options = PrebuiltOptions(layout=Path("image"), ref=ref)
        built = PrebuiltBuilder(options, never).build(build_request(tmp_path))
        assert built.image.digest == new.digest
    error = refusal(tmp_path, PrebuiltOptions(layout=Path("image")))
    assert error.code is Code.IMAGE_NOT_FOUND
    assert "old sha256:" in error.message
    assert "new sha256:" in error.message


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_an_oci_archive_keeps_every_digest(tmp_path: Path, compression: str) -> None:
    sample = build_layout(tmp_path / "sample")
    write_archive(tmp_path / "image.tar", oci_archive_files(sample), compression)
    builder = PrebuiltBuilder(PrebuiltOptions(archive=Path("image.tar")), never)
    for _ in range(2):  # the second time over what the first one left
        assert builder.build(build_request(tmp_path)).image.digest == sample.digest


def test_a_docker_archive_is_chosen_from_by_tag(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "sample")
    files = docker_archive_files(sample, "linux/amd64", tags=("org/app:1",))
    write_archive(tmp_path / "saved.tar", files)
    options = PrebuiltOptions(archive=Path("saved.tar"), ref="docker.io/org/app:1")
    request = build_request(tmp_path, platforms=("linux/amd64",))
    built = PrebuiltBuilder(options, never).build(request)
    assert built.image.platforms[0].manifest.config.digest == sample.configs["linux/amd64"].digest


@pytest.mark.parametrize(
    "options", [PrebuiltOptions(layout=Path("none")), PrebuiltOptions(archive=Path("none.tar"))]
)
def test_what_is_not_there_is_not_found(tmp_path: Path, options: PrebuiltOptions) -> None:
    assert refusal(tmp_path, options).code is Code.IMAGE_NOT_FOUND


def test_a_layout_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "image")
    (sample.layout.folder / "index.json").write_text("{not json")
    assert refusal(tmp_path, PrebuiltOptions(layout=Path("image"))).code is Code.FORMAT_UNSUPPORTED


@pytest.mark.parametrize("damage", [truncate_blob, corrupt_blob])
def test_a_damaged_blob_of_a_layout_is_found(tmp_path: Path, damage: object) -> None:
    sample = build_layout(tmp_path / "image")
    assert callable(damage)
    damage(sample, sample.layers["linux/arm64"][0].descriptor.digest)
    assert refusal(tmp_path, PrebuiltOptions(layout=Path("image"))).code is Code.DIGEST_MISMATCH


def test_a_registry_image_is_pulled_by_digest(tmp_path: Path, server: RegistrySimulator) -> None:
    sample = build_layout(tmp_path / "sample", attestations=True)
    name = f"{server.host}/org/app"
    pushed(name, sample)
    options = PrebuiltOptions(reference=f"{name}@{sample.digest}")
    built = PrebuiltBuilder(options, connect).build(build_request(tmp_path))
    assert built.image.digest == sample.digest
    assert built.layout.folder == tmp_path / "work" / "image"
    assert [entry.digest for entry in built.layout.entries()] == [sample.digest]
    (material,) = built.materials
    assert material.name == PREBUILT_IMAGE
    assert material.uri.startswith("pkg:oci/app@sha256")
    assert material.digest == {"sha256": sample.digest.removeprefix("sha256:")}


def test_what_an_interrupted_pull_left_is_not_asked_for_again(
    tmp_path: Path, server: RegistrySimulator
) -> None:
    sample = build_layout(tmp_path / "sample")
    name = f"{server.host}/org/app"
    pushed(name, sample)
    builder = PrebuiltBuilder(PrebuiltOptions(reference=f"{name}@{sample.digest}"), connect)
    builder.build(build_request(tmp_path))
    asked = server.count("GET", "/blobs/")
    assert (
        asked
        == len({blob for blob in (tmp_path / "sample" / "blobs").rglob("*") if blob.is_file()}) - 3
    )
    builder.build(build_request(tmp_path))
    assert server.count("GET", "/blobs/") == asked


def test_a_tag_is_refused_unless_it_is_to_be_resolved_once_which_is_said(
    tmp_path: Path, server: RegistrySimulator
) -> None:
    sample = build_layout(tmp_path / "sample")
    name = f"{server.host}/org/app"
    pushed(name, sample, "1.4")
    error = refusal(tmp_path, PrebuiltOptions(reference=f"{name}:1.4"))
    assert error.code is Code.CONFIG_INVALID
    assert "sha256:" in error.hint
    assert (
        refusal(tmp_path, PrebuiltOptions(reference=name, resolve_tag=True)).code
        is Code.CONFIG_INVALID
    )
    tags = server.count("GET", "/manifests/1.4") + server.count("HEAD", "/manifests/1.4")
    options = PrebuiltOptions(reference=f"{name}:1.4", resolve_tag=True)
    built = PrebuiltBuilder(options, connect).build(build_request(tmp_path))
    assert built.image.digest == sample.digest
    assert built.warnings == (f"{name}:1.4 named {sample.digest} when it was resolved, once",)
    asked = server.count("GET", "/manifests/1.4") + server.count("HEAD", "/manifests/1.4")
    assert asked == tags + 1


def test_a_tag_or_digest_that_is_not_there_is_not_found(
    tmp_path: Path, server: RegistrySimulator
) -> None:
    sample = build_layout(tmp_path / "sample")
    name = f"{server.host}/org/app"
    for options in (
        PrebuiltOptions(reference=f"{name}:1", resolve_tag=True),
        PrebuiltOptions(reference=f"{name}@{sample.digest}"),
    ):
        assert refusal(tmp_path, options).code is Code.IMAGE_NOT_FOUND


def test_a_connection_that_breaks_while_pulling_is_taken_up_again(
    tmp_path: Path, server: RegistrySimulator
) -> None:
    layers = [{"big": bytes(range(256)) * 4096}]
    sample = build_layout(tmp_path / "sample", layers=layers, compression="none")
    name = f"{server.host}/org/app"
    pushed(name, sample)
    server.quirks.cut_downloads = [1000]
    options = PrebuiltOptions(reference=f"{name}@{sample.digest}")
    built = PrebuiltBuilder(options, connect).build(build_request(tmp_path))
    assert built.image.digest == sample.digest


def test_a_named_base_makes_its_labels_inherited_and_a_material(tmp_path: Path) -> None:
    labels = {"Labels": {mt.VERSION: "24.04"}}
    base = build_layout(tmp_path / "base", config=labels)
    build_layout(tmp_path / "image", config=labels, layers=[{"app": b"1"}])
    target = LayoutTarget(tmp_path / "base")
    reference = f"registry.example/library/ubuntu@{base.digest}"
    options = PrebuiltOptions(layout=Path("image"), base=reference)
    request = build_request(tmp_path, annotations="refuse")
    built = PrebuiltBuilder(options, lambda _: target).build(request)
    assert ["inherited" in one for one in built.warnings] == [True]
    assert [(one.name, one.digest["sha256"]) for one in built.materials] == [
        ("base image", base.digest.removeprefix("sha256:"))
    ]
    with pytest.raises(ImageError, match=r"24\.04"):
        PrebuiltBuilder(PrebuiltOptions(layout=Path("image"), base="scratch"), never).build(request)


@pytest.mark.parametrize(
    "options",
    [
        PrebuiltOptions(),
        PrebuiltOptions(layout=Path("a"), archive=Path("b")),
        PrebuiltOptions(reference="a@b", ref="x"),
    ],
)
def test_exactly_one_place_must_be_named(options: PrebuiltOptions) -> None:
    with pytest.raises(ConfigError, match="prebuilt") as caught:
        PrebuiltBuilder(options, never)
    assert caught.value.code is Code.CONFIG_INVALID


@pytest.mark.tools
def test_an_image_of_a_real_registry_is_pulled_whole(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "sample", docker=True)
    with registries.distribution(tmp_path / "registry") as registry:
        name = f"{registry.host}/org/app"
        pushed(name, sample, "1")
        options = PrebuiltOptions(reference=f"{name}:1@{sample.digest}")
        built = PrebuiltBuilder(options, connect).build(build_request(tmp_path))
    assert built.image.digest == sample.digest
    assert built.warnings == ()

"""Archives of every writer become layouts; nothing in one can reach outside, and nothing unverified gets in."""

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipseal._internal.limits import Limit
from shipseal.errors import Code, ImageError, ShipsealError
from shipseal.oci import archive as archive_module
from shipseal.oci.archive import open_archive
from shipseal.oci.compression import Compression
from shipseal.oci.layer import LayerEntry
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root, load_image
from shipseal.testing.archives import docker_archive_files, oci_archive_files, write_archive
from shipseal.testing.contents import Files, hardlink, plain, symlink
from shipseal.testing.damage import corrupt_blob, remove_blob
from shipseal.testing.images import SampleImage, build_layout
from tests.support.tools import need

AMD64 = "linux/amd64"
STYLES = ["docker", "podman", "crane"]
Dict = dict[str, bytes | LayerEntry]


def sample_of(tmp_path: Path, compression: str = "gzip") -> SampleImage:
    return build_layout(tmp_path / "sample", platforms=[AMD64], compression=compression)


def listed_in(files: Files) -> list[dict[str, Any]]:
    content = files["manifest.json"]
    assert isinstance(content, bytes)
    return msgspec.json.decode(content, type=list[dict[str, Any]])


def opened(tmp_path: Path, files: Files, compression: str = "none") -> OciLayout:
    path = write_archive(tmp_path / "image.tar", files, compression)
    return open_archive(path, tmp_path / "opened")


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("shape", ["index", "nested", "flat"])
def test_an_oci_archive_becomes_the_layout_that_it_was_made_of(
    tmp_path: Path, shape: str, compression: str
) -> None:
    sample = build_layout(tmp_path / "sample", shape=shape, attestations=True)
    layout = opened(tmp_path, oci_archive_files(sample), compression)
    assert layout_root(layout).digest == sample.digest
    assert layout.raw_index() == sample.layout.raw_index()
    assert load_image(layout, sample.digest) == load_image(sample.layout, sample.digest)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_docker_archive_keeps_configuration_and_layers(
    tmp_path: Path, style: str, compression: str
) -> None:
    sample = sample_of(tmp_path)
    layout = opened(tmp_path, docker_archive_files(sample, AMD64, style=style), compression)
    (image,) = load_image(layout, layout_root(layout)).platforms
    assert str(image.platform) == AMD64
    assert image.manifest.config.digest == sample.configs[AMD64].digest
    # Our own compression is deterministic, so that even the compressed layers are those of the sample.
    assert [layer.digest for layer in image.manifest.layers] == [
        layer.descriptor.digest for layer in sample.layers[AMD64]
    ]


def test_layers_of_a_docker_archive_may_be_kept_plain(tmp_path: Path) -> None:
    sample = sample_of(tmp_path, compression="none")
    path = write_archive(tmp_path / "image.tar", docker_archive_files(sample, AMD64))
    layout = open_archive(path, tmp_path / "opened", compression=Compression.NONE)
    (image,) = load_image(layout, layout_root(layout)).platforms
    assert image.manifest.layers == tuple(layer.descriptor for layer in sample.layers[AMD64])


@pytest.mark.parametrize("link", [symlink, hardlink])
def test_layers_that_are_links_are_found(tmp_path: Path, link: Callable[[str], LayerEntry]) -> None:
    files: Files = {"a": b"the same in two layers"}
    sample = build_layout(tmp_path / "sample", platforms=[AMD64], layers=[files, {}, files])
    archive: Dict = dict(docker_archive_files(sample, AMD64))
    name = f"{2:064x}/layer.tar"
    assert archive[name] == symlink(f"../{0:064x}/layer.tar")
    if link is hardlink:
        archive[name] = hardlink(f"{0:064x}/layer.tar")
    layout = opened(tmp_path, archive)
    (image,) = load_image(layout, layout_root(layout)).platforms
    assert len(image.manifest.layers) == 3


def test_each_tag_of_a_docker_archive_names_the_image(tmp_path: Path) -> None:
    files = docker_archive_files(sample_of(tmp_path), AMD64, tags=("org/app:1", "odd tag"))
    layout = opened(tmp_path, files)
    root = layout_root(layout)
    for ref in ("1", "docker.io/org/app:1", "odd tag"):
        assert layout_root(layout, ref) == root


def test_a_docker_archive_without_tags_has_one_image(tmp_path: Path) -> None:
    files = docker_archive_files(sample_of(tmp_path), AMD64, tags=())
    assert layout_root(opened(tmp_path, files)).is_index is False


def test_several_images_in_a_docker_archive_are_told_apart_by_their_tags(tmp_path: Path) -> None:
    sample = build_layout(tmp_path / "sample")
    one = docker_archive_files(sample, AMD64, style="podman", tags=("app:amd64",))
    two = docker_archive_files(sample, "linux/arm64", style="podman", tags=("app:arm64",))
    both = {**one, **two, "manifest.json": msgspec.json.encode(listed_in(one) + listed_in(two))}
    layout = opened(tmp_path, both)
    for tag in ("amd64", "arm64"):
        (image,) = load_image(layout, layout_root(layout, tag)).platforms
        assert image.platform.architecture == tag
    with pytest.raises(ImageError, match="expected one image"):
        layout_root(layout)


def test_the_layout_wins_where_an_archive_has_both_forms(tmp_path: Path) -> None:
    sample = sample_of(tmp_path)
    files = {**docker_archive_files(sample, AMD64), **oci_archive_files(sample)}
    assert layout_root(opened(tmp_path, files)).digest == sample.digest


def test_nothing_is_written_outside_or_under_a_name_of_the_archive(tmp_path: Path) -> None:
    sample = sample_of(tmp_path)
    path = write_archive(tmp_path / "image.tar", oci_archive_files(sample))
    with tarfile.open(path, "a") as archive:
        for name in ("../../evil", "/evil", "blobs/sha256/../../evil.tar", "x/../../evil"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"evil"))
        for name in ("blobs", "blobs/sha256/link"):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "../.."
            archive.addfile(info)
    layout = open_archive(path, tmp_path / "a/b/opened")
    assert layout_root(layout).digest == sample.digest
    written = [path.relative_to(tmp_path) for path in (tmp_path / "a").rglob("*")]
    assert not any("evil" in str(path) or path.is_symlink() for path in written)
    assert not (tmp_path / "evil").exists()
    assert {path.parts[:3] for path in written if len(path.parts) > 2} == {("a", "b", "opened")}


def test_content_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    sample = sample_of(tmp_path)
    digest = sample.layers[AMD64][0].descriptor.digest
    corrupt_blob(sample, digest)
    with pytest.raises(ImageError, match=digest) as caught:
        opened(tmp_path, oci_archive_files(sample))
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_manifest_that_is_missing_is_not_found(tmp_path: Path) -> None:
    sample = sample_of(tmp_path)
    remove_blob(sample, sample.digest)
    with pytest.raises(ImageError) as caught:
        opened(tmp_path, oci_archive_files(sample))
    assert caught.value.code is Code.IMAGE_NOT_FOUND


@pytest.mark.parametrize("style", STYLES)
def test_a_layer_that_is_missing_is_named(tmp_path: Path, style: str) -> None:
    files = dict(docker_archive_files(sample_of(tmp_path), AMD64, style=style))
    (listed,) = listed_in(files)
    del files[listed["Layers"][1]]
    with pytest.raises(ImageError, match=listed["Layers"][1]) as caught:
        opened(tmp_path, files)
    assert caught.value.code is Code.IMAGE_NOT_FOUND


def test_links_in_a_circle_lead_to_no_layer(tmp_path: Path) -> None:
    files = dict(docker_archive_files(sample_of(tmp_path), AMD64))
    files[f"{1:064x}/layer.tar"] = symlink("layer.tar")
    with pytest.raises(ImageError, match="not in the archive") as caught:
        opened(tmp_path, files)
    assert caught.value.code is Code.IMAGE_NOT_FOUND


def test_layers_that_the_configuration_does_not_know_are_refused(tmp_path: Path) -> None:
    files = dict(docker_archive_files(sample_of(tmp_path), AMD64))
    files[f"{1:064x}/layer.tar"] = bytes(1024)
    with pytest.raises(ImageError, match="expected layers") as caught:
        opened(tmp_path, files)
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_configuration_under_another_digest_is_refused(tmp_path: Path) -> None:
    files = dict(docker_archive_files(sample_of(tmp_path), AMD64))
    name = next(name for name in files if name.endswith(".json") and name != "manifest.json")
    files[name] = b"{}"
    with pytest.raises(ImageError, match="expected sha256") as caught:
        opened(tmp_path, files)
    assert caught.value.code is Code.DIGEST_MISMATCH


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"readme": b"text"}, "neither an OCI layout nor a manifest.json"),
        ({}, "neither an OCI layout"),
        ({"index.json": b"{}"}, "no oci-layout"),
        ({"index.json": b"{}", "oci-layout": b"[]"}, "not a JSON object"),
        ({"index.json": b"{}", "oci-layout": b"{}"}, "version None"),
        ({"index.json": b"{}", "oci-layout": b'{"imageLayoutVersion":"2.0.0"}'}, "version '2.0.0'"),
        ({"index.json": b"{}", "oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}, "no list of"),
        ({"manifest.json": b"{}"}, "manifest.json: Expected `array`"),
        ({"manifest.json": b"["}, "manifest.json: "),
        ({"manifest.json": b'[{"\xff'}, "manifest.json: "),
        ({"manifest.json": b"[" * 100_000}, "manifest.json: "),
        ({"manifest.json": b"[]"}, "lists no image"),
        ({"manifest.json": b'[{"Config":1,"Layers":[]}]'}, "Config"),
        ({"manifest.json": b'[{"Config":"c","Layers":[]}]', "c": b"[]"}, "not a JSON object"),
        ({"blobs/sha256/abc": b""}, "not a digest"),
        ({"a/layer.tar": b"\x1f\x8b\x08rubbish"}, "gzip data"),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(
    tmp_path: Path, files: Files, problem: str
) -> None:
    with pytest.raises(ImageError, match=problem) as caught:
        opened(tmp_path, files)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


@pytest.mark.parametrize("content", [b"no tar at all", b"\x1f\x8b\x08\x00broken", b"x" * 5000])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "image.tar").write_bytes(content)
    with pytest.raises(ImageError, match=r"image\.tar") as caught:
        open_archive(tmp_path / "image.tar", tmp_path / "opened")
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_an_archive_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "image.tar", oci_archive_files(sample_of(tmp_path)))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ImageError) as caught:
        open_archive(path, tmp_path / "opened")
    assert caught.value.code in {Code.FORMAT_UNSUPPORTED, Code.DIGEST_MISMATCH}
    assert not OciLayout(tmp_path / "opened").exists()


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read") as caught:
        open_archive(tmp_path / "nothing.tar", tmp_path / "opened")
    assert caught.value.code is Code.IMAGE_NOT_FOUND


def test_a_layout_is_not_mixed_with_an_archive(tmp_path: Path) -> None:
    sample = sample_of(tmp_path)
    path = write_archive(tmp_path / "image.tar", oci_archive_files(sample))
    with pytest.raises(ImageError, match="there is an OCI layout already"):
        open_archive(path, sample.layout.folder)


@pytest.mark.parametrize("name", ["index.json", "manifest.json", "big.json"])
def test_documents_have_a_limit(tmp_path: Path, name: str) -> None:
    files: Dict = {name: plain(bytes(5 << 20))}
    if name == "big.json":
        files |= {f"{number}.json": bytes(7 << 20) for number in range(10)}
    with pytest.raises(ShipsealError, match="the limit for a") as caught:
        opened(tmp_path, files)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_an_archive_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "ARCHIVE", Limit("image archive", 1000, "it is a test"))
    with pytest.raises(ShipsealError, match="more than 1000 bytes") as caught:
        opened(tmp_path, oci_archive_files(sample_of(tmp_path)))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


@pytest.mark.tools
@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_archives_that_skopeo_writes_are_read(tmp_path: Path, form: str) -> None:
    skopeo = need("skopeo")
    sample = build_layout(tmp_path / "sample", ref="v1")
    archive = tmp_path / "image.tar"
    chosen = (
        ["--all"] if form == "oci-archive" else ["--override-arch=amd64", "--override-os=linux"]
    )
    source = f"oci:{sample.layout.folder}:v1"
    subprocess.run(
        [skopeo, "copy", *chosen, source, f"{form}:{archive}:org/app:v1"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    layout = open_archive(archive, tmp_path / "opened")
    image = load_image(layout, layout_root(layout))
    if form == "oci-archive":
        assert image.digest == sample.digest
    assert image.platforms[0].config.diff_ids == tuple(
        layer.diff_id for layer in sample.layers[AMD64]
    )

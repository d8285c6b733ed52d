"""What the embedded builder makes, in the eyes of other tools and of a real registry."""

import subprocess
from pathlib import Path

import pytest

from shipseal.build.interface import BuildRequest, GitFacts
from shipseal.build.layer_options import LayerFile, LayersOptions, LayerSpec
from shipseal.build.layers import LayersBuilder
from shipseal.oci import Platform
from shipseal.oci.archive import open_archive
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root, load_image
from shipseal.testing.contents import elf
from tests.support.registries import distribution
from tests.support.tools import need

EPOCH = 1_700_000_000
PLATFORMS = (Platform.parse("linux/amd64"), Platform.parse("linux/arm64"))

pytestmark = pytest.mark.tools


@pytest.fixture
def built(tmp_path: Path) -> OciLayout:
    """An image whose names, owners and sizes need every kind of record that a layer can have."""
    sources = tmp_path / "sources"
    (sources / "data").mkdir(parents=True)
    (sources / "data/ünïcode").write_bytes(b"x")
    (sources / "data" / ("long" * 40)).write_bytes(b"y")
    (sources / "data/link").symlink_to("to/" + "far" * 50)
    for platform in PLATFORMS:
        (sources / platform.architecture).write_bytes(elf(platform))
    layers = [
        LayerSpec((LayerFile(Path(one.architecture), "/bin/app", mode=0o755),), one)
        for one in PLATFORMS
    ]
    data = LayerSpec((LayerFile(Path("data"), "/srv", uid=1000, gid=3_000_000),))
    options = LayersOptions(layers=(*layers, data), entrypoint=("/bin/app",))
    builder = LayersBuilder(options, lambda reference: pytest.fail(str(reference)))
    request = BuildRequest(
        name="app",
        version="1",
        platforms=PLATFORMS,
        folder=sources,
        work=tmp_path / "work",
        git=GitFacts(),
        epoch=EPOCH,
    )
    return builder.build(request).layout


def run(*words: str | Path) -> str:
    done = subprocess.run(
        [str(word) for word in words], check=True, capture_output=True, text=True, timeout=50
    )
    return done.stdout.strip()


def test_a_registry_takes_it_and_crane_finds_it_valid(built: OciLayout, tmp_path: Path) -> None:
    crane = need("crane")
    with distribution(tmp_path / "registry") as registry:
        name = f"{registry.host}/org/app:1"
        run(crane, "push", built.folder, name)
        root = layout_root(built)
        assert run(crane, "digest", name) == root.digest
        for platform in PLATFORMS:
            # It reads every layer and compares digests, sizes and diff ids.
            run(crane, "validate", "--remote", name, "--platform", str(platform))
        for form in ("tarball", "legacy"):
            archive = tmp_path / f"{form}.tar"
            run(crane, "pull", "--platform=linux/arm64", f"--format={form}", name, archive)
            layout = open_archive(archive, tmp_path / form)
            (image,) = load_image(layout, layout_root(layout)).platforms
            expected = load_image(built, root).platforms[1]
            assert image.config.raw == expected.config.raw
            assert image.manifest.layers == expected.manifest.layers


def test_tar_reads_every_name_owner_and_time(built: OciLayout, tmp_path: Path) -> None:
    layer = load_image(built, layout_root(built)).platforms[0].manifest.layers[1]
    listed = run(
        "tar",
        "--list",
        "--verbose",
        "--numeric-owner",
        "--utc",
        "--full-time",
        "--quoting-style=literal",
        "--gzip",
        f"--file={built.blobs.path(layer.digest)}",
    ).splitlines()
    assert [line.split()[:2] for line in listed] == [
        ["drwxr-xr-x", "1000/3000000"],
        ["lrwxrwxrwx", "1000/3000000"],
        ["-rw-r--r--", "1000/3000000"],
        ["-rw-r--r--", "1000/3000000"],
    ]
    assert all("2023-11-14 22:13:20" in line for line in listed)
    assert listed[1].endswith(f"srv/link -> to/{'far' * 50}")
    assert listed[3].endswith("srv/ünïcode")

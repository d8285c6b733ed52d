"""Sample images are valid in the eyes of other tools, and the same on every run."""

import json
import subprocess
from pathlib import Path

import pytest

from shipseal.oci import Platform
from shipseal.oci.load import load_image
from shipseal.testing.contents import elf, symlink
from shipseal.testing.images import build_layout
from tests.support.tools import need


def test_equal_arguments_give_equal_digests(tmp_path: Path) -> None:
    first = build_layout(tmp_path / "a", attestations=True, annotations={"k": "v"})
    second = build_layout(tmp_path / "b", attestations=True, annotations={"k": "v"})
    assert first.digest == second.digest
    assert first.digest != build_layout(tmp_path / "c", attestations=True).digest


def test_what_platforms_share_is_stored_once(tmp_path: Path) -> None:
    sample = build_layout(tmp_path)
    amd64, arm64 = sample.layers["linux/amd64"], sample.layers["linux/arm64"]
    assert amd64[0] == arm64[0]
    assert amd64[1] != arm64[1]


def test_several_images_can_lie_in_one_layout(tmp_path: Path) -> None:
    build_layout(tmp_path, ref="one")
    build_layout(tmp_path, platforms=["linux/riscv64"], ref="two")
    assert len(build_layout(tmp_path, ref="three").layout.entries()) == 3


def test_layers_may_differ_by_platform_and_hold_links(tmp_path: Path) -> None:
    sample = build_layout(
        tmp_path,
        layers=lambda platform: [{"bin": symlink("usr/bin"), "usr/bin/app": elf(platform)}],
        config={"Entrypoint": ["/bin/app"]},
        compression=["none"],
    )
    image = load_image(sample.layout, sample.digest)
    assert [one.config.entrypoint for one in image.platforms] == [("/bin/app",)] * 2
    assert image.platforms[0].config.diff_ids != image.platforms[1].config.diff_ids


def test_the_elf_header_names_the_processor() -> None:
    assert elf(Platform.parse("linux/arm64"))[18:20] == b"\xb7\x00"
    assert len(elf(Platform.parse("linux/amd64"))) == 64


@pytest.mark.tools
@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_skopeo_copies_every_platform_unchanged(tmp_path: Path, compression: str) -> None:
    skopeo = need("skopeo")
    sample = build_layout(tmp_path / "image", compression=compression, ref="v1")
    source = f"oci:{sample.layout.folder}:v1"
    _run([skopeo, "copy", "--all", "--preserve-digests", source, f"oci:{tmp_path}/copy:v1"])
    assert (tmp_path / "copy/blobs/sha256" / sample.digest.partition(":")[2]).is_file()
    for text in sample.manifests:
        os, architecture = text.split("/")
        choice = [f"--override-os={os}", f"--override-arch={architecture}"]
        shown = json.loads(_run([skopeo, *choice, "inspect", source]))
        assert shown["Architecture"] == architecture
        assert len(shown["Layers"]) == 2


@pytest.mark.tools
def test_skopeo_reads_docker_types_by_digest(tmp_path: Path) -> None:
    skopeo = need("skopeo")
    sample = build_layout(tmp_path / "image", docker=True, shape="bare", platforms=["linux/arm64"])
    shown = json.loads(_run([skopeo, "inspect", "--raw", f"oci:{sample.layout.folder}"]))
    assert shown["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"


def _run(words: list[object]) -> str:
    return subprocess.run(
        [str(word) for word in words], check=True, capture_output=True, text=True, timeout=30
    ).stdout

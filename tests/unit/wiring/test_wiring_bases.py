"""The base image that somebody names: by configuration or annotation, and told when it cannot be looked at."""

from pathlib import Path

import pytest

from shipseal._internal.clock import SystemClock
from shipseal.config.load import load
from shipseal.errors import ConfigError
from shipseal.oci import Image, Platform
from shipseal.oci.load import load_image
from shipseal.oci.reference import Reference
from shipseal.registry.interface import Target
from shipseal.scan.origin import KnownBase, base_layers
from shipseal.testing.images import build_layout
from shipseal.wiring.bases import base_finder, known_base, said_base
from shipseal.wiring.targets import Connections

AMD64, S390X = Platform.parse("linux/amd64"), Platform.parse("linux/s390x")
NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"

ONE = "sha256:" + "1" * 64


def nowhere(reference: Reference) -> Target:
    raise ConfigError(f"{reference.name}: nobody answers")


def image(folder: Path, **annotations: str) -> Image:
    made = build_layout(folder, annotations=annotations)
    return load_image(made.layout, made.digest)


def test_a_layout_is_looked_at_and_its_layers_are_the_images_first(tmp_path: Path) -> None:
    base = image(tmp_path / "base")
    found = known_base("oci:base", tmp_path, nowhere, AMD64)
    own = next(one for one in base.platforms if one.platform == AMD64)
    assert found == KnownBase("oci:base", own.config.diff_ids)
    assert base_layers(own, found).exact


@pytest.mark.parametrize(
    ("text", "platform", "problem"),
    [
        ("oci:gone", AMD64, "gone"),
        ("oci:base", S390X, "linux/s390x"),
        ("docker.io/library/debian:12", AMD64, "nobody answers"),
        ("not a reference", AMD64, "not a reference"),
    ],
)
def test_what_cannot_be_looked_at_is_told_and_never_raised(
    tmp_path: Path, text: str, platform: Platform, problem: str
) -> None:
    image(tmp_path / "base")
    found = known_base(text, tmp_path, nowhere, platform)
    assert problem in found.problem
    assert found.diff_ids == ()


def test_scratch_has_no_layers() -> None:
    assert known_base("scratch", Path(), nowhere, AMD64) == KnownBase("scratch")


@pytest.mark.parametrize(
    ("annotations", "text"),
    [
        ({NAME: "docker.io/org/base:12", DIGEST: ONE}, f"docker.io/org/base:12@{ONE}"),
        ({NAME: "docker.io/org/base:12"}, "docker.io/org/base:12"),
        ({DIGEST: ONE}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_annotations_say_a_reference_or_nothing(
    tmp_path: Path, annotations: dict[str, str], text: str
) -> None:
    made = image(tmp_path / "image", **annotations)
    assert said_base(made, made.platforms[0]) == text


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        ("{builder: prebuilt, layout: ./image}", None),
        ("{builder: layers, base: scratch, layers: [{files: {a: /a}}]}", KnownBase("scratch")),
    ],
)
def test_the_configuration_names_it_else_nobody_is_asked(
    tmp_path: Path, build: str, expected: KnownBase | None
) -> None:
    made = image(tmp_path / "image")
    file = tmp_path / "shipseal.yaml"
    file.write_text(f"image: app\ntargets: ['oci:out']\nplatforms: [linux/amd64]\nbuild: {build}")
    loaded = load(file, env={}, overrides={})
    find = base_finder(loaded, Connections(loaded.config, tmp_path, SystemClock()))
    assert find(made, made.platforms[0]) == expected

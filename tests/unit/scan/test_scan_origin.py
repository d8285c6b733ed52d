"""Base image or application, and how that is known; what is not known stays unknown."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.oci import Digest, Platform, PlatformImage
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.image import HistoryEntry, ImageConfig
from shipseal.oci.manifest import Manifest, RawManifest
from shipseal.scan.interface import Origin, Package
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.origin import (
    BaseLayers,
    KnownBase,
    annotated_base,
    base_layers,
    origin_of,
    with_origins,
)
from shipseal.scan.package_databases import is_only_listed
from tests.support.scanning import finding, scan_report

AMD64 = Platform.parse("linux/amd64")
LAYERS = tuple(Digest("sha256:" + letter * 64) for letter in "abcde")
NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"


def image(
    *history: str, layers: tuple[Digest, ...] = LAYERS, annotations: dict[str, str] | None = None
) -> PlatformImage:
    """Return an image; entries of its history that begin with ``#`` made no layer."""
    entries = tuple(HistoryEntry(text.lstrip("#"), text.startswith("#")) for text in history)
    config = ImageConfig(b"{}", AMD64, layers, (), (), (), {}, "", entries)
    blob = Descriptor("application/vnd.oci.image.config.v1+json", LAYERS[0], 2)
    source = RawManifest(b"{}", "application/vnd.oci.image.manifest.v1+json", LAYERS[0])
    return PlatformImage(AMD64, Manifest(source, blob, (), None, "", annotations or {}), config)


DOCKERFILE = (
    "ADD rootfs.tar /",
    '#CMD ["bash"]',
    "RUN apt-get install python",
    "RUN make",
    '#CMD ["python3"]',
    "COPY . /app",
    "RUN pip install",
    "#ENTRYPOINT [app]",
    '#CMD ["serve"]',
)


def package(layer: int | None = 0, *paths: str, type: str = "python") -> Package:
    found = str(LAYERS[layer]) if layer is not None else ""
    return Package("p", "1", type, layer=found, locations=paths or ("/app/p/METADATA",))


def test_the_layers_of_a_named_base_image_are_compared() -> None:
    layers = base_layers(image(), KnownBase("debian@sha256:1", LAYERS[:2]))
    assert (layers.base, layers.exact) == (2, True)
    assert layers.reason == "2 of 5 layers are those of the base image debian@sha256:1"
    assert [str(origin_of(package(layer), layers)) for layer in (0, 1, 2, 4)] == [
        "base",
        "base",
        "application",
        "application",
    ]


def test_another_base_image_than_the_one_that_is_named_tells_nothing() -> None:
    layers = base_layers(image(*DOCKERFILE), KnownBase("debian", LAYERS[1:3]))
    assert layers.base is None
    assert "does not begin with the layers of debian" in layers.reason
    assert origin_of(package(0), layers) is Origin.UNKNOWN


def test_on_scratch_everything_is_the_application() -> None:
    layers = base_layers(image(), KnownBase("scratch"))
    assert origin_of(package(0), layers) is Origin.APPLICATION


def test_history_ends_the_base_image_at_its_last_command() -> None:
    layers = base_layers(image(*DOCKERFILE))
    assert (layers.base, layers.exact) == (3, False)
    assert layers.reason.startswith("by its history, 3 of 5 layers are its base image's")


@pytest.mark.parametrize(
    "command", ['#/bin/sh -c #(nop)  CMD ["bash"]', '#CMD ["bash"]', "#CMD /bin/sh"]
)
def test_both_builders_write_a_command_that_is_recognised(command: str) -> None:
    found = base_layers(image("ADD x", command, "COPY y", layers=LAYERS[:2]))
    assert found.base == 1


@pytest.mark.parametrize(
    "history",
    [
        (),
        ("ADD x",),
        ("ADD x", "COPY y"),
        ("ADD x", "COPY y", '#CMD ["serve"]'),
        ("ADD x", "#ENV A=CMD", "COPY y"),
        ("ADD x", '#CMD ["bash"]'),
    ],
)
def test_a_history_that_tells_nothing_leaves_it_unknown(history: tuple[str, ...]) -> None:
    layers = base_layers(image(*history, layers=LAYERS[:2]))
    assert layers.base is None
    assert origin_of(package(0), layers) is Origin.UNKNOWN


def test_a_base_image_that_cannot_be_looked_at_is_said_and_history_is_asked() -> None:
    layers = base_layers(image(*DOCKERFILE), KnownBase("gone", problem="not found"))
    assert layers.base == 3
    assert layers.reason.startswith("the base image gone could not be looked at (not found); by")


@pytest.mark.parametrize(
    ("own", "index", "expected"),
    [
        ({NAME: "debian:12", DIGEST: "sha256:1"}, {NAME: "other"}, ("debian:12", "sha256:1")),
        ({}, {NAME: "debian:12"}, ("debian:12", "")),
        ({}, {}, ("", "")),
    ],
)
def test_annotations_name_the_base_image_the_nearest_first(
    own: dict[str, str], index: dict[str, str], expected: tuple[str, str]
) -> None:
    assert annotated_base(image(annotations=own), index) == expected


@pytest.mark.parametrize(
    ("layer", "paths", "expected"),
    [
        (None, (), Origin.UNKNOWN),
        (0, ("/lib/apk/db/installed",), Origin.BASE),
        (4, ("/lib/apk/db/installed",), Origin.UNKNOWN),
        (4, ("/usr/lib/apk/db/installed",), Origin.UNKNOWN),
        (4, ("/var/lib/rpm/rpmdb.sqlite",), Origin.UNKNOWN),
        (4, ("/var/lib/dpkg/status", "/usr/share/doc/p/copyright"), Origin.UNKNOWN),
        (4, ("/var/lib/dpkg/status", "/var/lib/dpkg/info/p.list"), Origin.APPLICATION),
        (0, ("/var/lib/dpkg/status", "/var/lib/dpkg/info/p.list"), Origin.BASE),
        (4, ("/var/lib/dpkg/status.d/p",), Origin.APPLICATION),
    ],
)
def test_a_database_of_all_packages_does_not_say_who_brought_one(
    layer: int | None, paths: tuple[str, ...], expected: Origin
) -> None:
    layers = BaseLayers(tuple(map(str, LAYERS)), 2, "")
    assert origin_of(package(layer, *paths), layers) is expected


def test_a_layer_of_another_image_is_unknown() -> None:
    layers = BaseLayers(tuple(map(str, LAYERS)), 2, "")
    other = replace(package(0), layer="sha256:" + "9" * 64)
    assert origin_of(other, layers) is Origin.UNKNOWN


def test_a_report_says_how_many_come_from_where() -> None:
    report = scan_report(
        finding("A", layer=str(LAYERS[0])), finding("B", layer=str(LAYERS[4])), finding("C")
    )
    found = with_origins(report, base_layers(image(), KnownBase("debian", LAYERS[:2])))
    assert [str(item.origin) for item in found.findings] == ["base", "application", "unknown"]
    assert found.notes == (
        "base or application: 2 of 5 layers are those of the base image debian; "
        "1 in the base image, 1 in the application, 1 unknown",
    )
    assert with_origins(scan_report(), base_layers(image())).notes == ()


def test_debian_packages_are_in_the_layer_that_installed_them(tmp_path: Path) -> None:
    status = {
        "path": "/var/lib/dpkg/status",
        "layerID": str(LAYERS[4]),
        "annotations": {"evidence": "primary"},
    }
    record = {"path": "/var/lib/dpkg/info/p.md5sums", "layerID": str(LAYERS[0])}
    document = tmp_path / "native.json"
    document.write_text(
        json.dumps(
            {"artifacts": [{"id": "1", "name": "p", "version": "1", "locations": [status, record]}]}
        )
    )
    found = NativeCatalogue.read(document).complete(Package("p", "1", "deb"), "SPDXRef-p-1")
    assert found.layer == LAYERS[0]


@given(
    base=st.integers(0, 5),
    layer=st.integers(0, 4),
    paths=st.lists(st.sampled_from(["/app/x", "/lib/apk/db/installed"]), max_size=2),
)
@settings(max_examples=60, deadline=None)
def test_what_is_called_base_lies_in_a_base_layer_and_only_that(
    base: int, layer: int, paths: list[str]
) -> None:
    layers = base_layers(image(), KnownBase("b", LAYERS[:base]))
    origin = origin_of(package(layer, *paths), layers)
    assert (origin is Origin.BASE) is (layer < base)
    if origin is Origin.APPLICATION:
        assert not is_only_listed(paths)

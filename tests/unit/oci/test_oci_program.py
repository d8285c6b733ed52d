"""The program of an image is found as a runtime finds it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from shipseal.oci import Platform
from shipseal.oci.image import parse_config
from shipseal.oci.load import load_image
from shipseal.oci.program import find_program
from shipseal.oci.rootfs import RootFs
from shipseal.testing.contents import Files, elf, executable
from shipseal.testing.images import build_layout

BINARY = executable(elf(Platform.parse("linux/amd64")))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"Entrypoint": ["/usr/bin/app", "serve"]}, "usr/bin/app"),
        ({"Cmd": ["/usr/bin/app"]}, "usr/bin/app"),
        ({"Entrypoint": ["app"], "Cmd": ["/nothing"]}, "usr/bin/app"),
        ({"Entrypoint": ["app"], "Env": ["A=b", "PATH=/nowhere:/opt"]}, "opt/app"),
        ({"Entrypoint": ["./app"], "WorkingDir": "/opt"}, "opt/app"),
        ({"Entrypoint": ["bin/app"], "WorkingDir": "/usr"}, "usr/bin/app"),
        ({"Entrypoint": ["/etc/app"]}, None),
        ({"Entrypoint": ["/usr/bin"]}, None),
        ({"Entrypoint": ["missing"]}, None),
        ({}, None),
    ],
)
def test_the_program_of_an_image_is_found_as_a_runtime_finds_it(
    tmp_path: Path, config: Mapping[str, object], expected: str | None
) -> None:
    files: Files = {"usr/bin/app": BINARY, "opt/app": BINARY, "etc/app": b"not executable"}
    sample = build_layout(tmp_path, platforms=["linux/amd64"], layers=[files], config=config)
    image = load_image(sample.layout, sample.digest).platforms[0]
    found = find_program(RootFs(sample.layout, image.manifest), image.config)
    assert (found and found.path) == expected


def test_windows_programs_are_not_looked_up(tmp_path: Path) -> None:
    sample = build_layout(tmp_path, platforms=["linux/amd64"], layers=[{"app": BINARY}])
    image = load_image(sample.layout, sample.digest).platforms[0]
    raw = (
        b'{"os":"windows","architecture":"amd64","rootfs":{"diff_ids":[]},"config":{"Cmd":["app"]}}'
    )
    config = parse_config(raw, what="config")
    assert find_program(RootFs(sample.layout, image.manifest), config) is None

"""Images with packages in them, for cataloguers."""

import json
from collections.abc import Sequence
from pathlib import Path

from shipseal.oci import Image, Platform, PlatformImage
from shipseal.oci.load import load_image
from shipseal.sbom.interface import CatalogueRequest
from shipseal.testing.contents import Files, elf, executable, symlink
from shipseal.testing.images import SampleImage, Shape, build_layout

_STATUS = b"""\
Package: bash
Status: install ok installed
Priority: required
Section: shells
Installed-Size: 100
Maintainer: Debian Bash <bash@example.org>
Architecture: amd64
Version: 5.2.15-2
Description: shell

Package: zlib1g
Status: install ok installed
Maintainer: Debian Zlib <zlib@example.org>
Architecture: amd64
Source: zlib
Version: 1:1.2.13.dfsg-1
Description: compression

"""


def debian(platform: Platform) -> Files:
    """Return a layer with a merged /usr, a dpkg database of two packages, and a shell that belongs to one of them."""
    return {
        "etc/os-release": b'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n',
        "bin": symlink("usr/bin"),
        "usr/bin/bash": executable(elf(platform)),
        "usr/bin/sh": symlink("bash"),
        "var/lib/dpkg/status": _STATUS,
        "var/lib/dpkg/info/bash.list": b"/.\n/bin\n/bin/bash\n",
        "var/lib/dpkg/info/bash.md5sums": b"0123456789abcdef0123456789abcdef  bin/bash\n",
    }


def node_application() -> Files:
    """Return a layer with two npm packages, the same for every platform."""
    return {
        f"app/node_modules/{name}/package.json": json.dumps(
            {"name": name, "version": version, "license": "MIT"}
        ).encode()
        for name, version in (("lodash", "4.17.20"), ("minimist", "1.2.0"))
    }


def debian_image(
    folder: Path,
    *,
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64"),
    compression: str = "gzip",
    docker: bool = False,
) -> SampleImage:
    """Return an image with four packages, which starts its shell."""
    return build_layout(
        folder,
        platforms=platforms,
        shape=Shape.INDEX if len(platforms) > 1 else Shape.BARE,
        layers=lambda platform: (debian(platform), node_application()),
        config={"Entrypoint": ["/bin/bash"]},
        compression=compression,
        docker=docker,
    )


def loaded(sample: SampleImage) -> Image:
    """Return the sample, parsed."""
    return load_image(sample.layout, sample.digest)


def request(sample: SampleImage, platform: str = "linux/amd64") -> CatalogueRequest:
    """Return the request to catalogue one platform."""
    return CatalogueRequest(of(sample, platform), sample.layout, "registry.test/org/app", "1.4.2")


def of(sample: SampleImage, platform: str) -> PlatformImage:
    """Return one platform's image."""
    wanted = Platform.parse(platform)
    return next(image for image in loaded(sample).platforms if image.platform == wanted)

"""Make a real image for tests and measurements: Debian with Python and npm packages, for amd64 and arm64.

    python scripts/real_image.py                              # about 3,000 packages for each platform
    python scripts/real_image.py --small                      # some dozen packages, in seconds
    python scripts/real_image.py --planted Django==2.2.0      # the same, with a package that has known critical faults

Everything comes through the machine's own apt, pip and npm as they are configured, and nothing has to run on the other
architecture. The result is an OCI layout (default: below build/real-image); what is there already is not made again.
Python and npm versions are pinned, Debian's are those that apt offers.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

if __package__ in (None, ""):  # started by its path: then only this folder is searched
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import msgspec

from scripts.realimage.apt import download
from scripts.realimage.assemble import LayerCache, Part, write_image
from scripts.realimage.debian import root_tar
from scripts.realimage.languages import entries_of, install_node, install_python, node_packages
from shipseal._internal.durable import write_atomic
from shipseal.oci import Platform
from shipseal.oci.layer import LayerEntry, layer_tar, with_folders

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "scripts" / "realimage"
HOME = ROOT / "build" / "real-image"
ARCHITECTURES = ("amd64", "arm64")
# 2024-01-01T00:00:00Z: what is made here is dated equally on every run.
EPOCH, CREATED = 1704067200, "2024-01-01T00:00:00Z"
# Counts up when the same inputs give other bytes.
FORMAT = "1"
SITE = "usr/local/lib/python3.11/dist-packages"
APP = "opt/app"
SETTINGS = {
    "Entrypoint": ["/usr/bin/python3", f"/{APP}/server.py"],
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "WorkingDir": f"/{APP}",
}
SERVER = b'''\
"""Answer every request with one line."""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"shipped sealed\\\\n")


HTTPServer(("", 8080), Handler).serve_forever()
'''
_BASE = (
    "base-files", "base-passwd", "ca-certificates", "dash", "dpkg", "grep", "libc-bin", "python3", "sed",
    "usr-is-merged",
)  # fmt: skip
_MORE = (
    "?essential", "apt", "curl", "gnupg", "nodejs", "npm", "openssl", "python3-cryptography",
    "python3-requests", "python3-yaml",
)  # fmt: skip
_SMALL = frozenset(
    {"certifi", "charset-normalizer", "click", "idna", "jinja2", "requests", "urllib3"}
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into an image.

    Attributes:
        name: of its folder.
        debian: package names and apt patterns.
        python: pins.
        node: folder with package.json and package-lock.json.
        planted: a further pin, in a layer of its own; empty for none.
    """

    name: str
    debian: tuple[str, ...]
    python: tuple[str, ...]
    node: Path
    planted: str = ""

    def digest(self) -> str:
        """Return one value for all inputs."""
        lock = (self.node / "package-lock.json").read_text()
        inputs = (FORMAT, *self.debian, *self.python, lock, self.planted, *ARCHITECTURES)
        return sha256("\n".join(inputs).encode()).hexdigest()


def recipe(*, small: bool, planted: str = "") -> Recipe:
    """Return the recipe of one of the images."""
    pins = tuple((HERE / "python.txt").read_text().split())
    suffix = f"-with-{planted.replace('==', '-').lower()}" if planted else ""
    if small:
        few = tuple(pin for pin in pins if pin.partition("==")[0] in _SMALL)
        return Recipe(f"small{suffix}", _BASE, few, HERE / "node-small", planted)
    return Recipe(f"full{suffix}", (*_BASE, *_MORE), pins, HERE / "node-full", planted)


def make(what: Recipe, home: Path, out: Path) -> dict[str, object]:
    """Make the image unless it is there, and return what there is to say about it.

    Args:
        what: the recipe.
        home: downloads and layers, kept between runs.
        out: the layout.
    """
    stamp = out.with_name(f"{out.name}.json")
    if stamp.is_file() and (out / "index.json").is_file():
        said: dict[str, object] = msgspec.json.decode(stamp.read_bytes())
        if said["recipe"] == what.digest():
            return said
    started = time.monotonic()
    cache = LayerCache(home / "layers")
    with ThreadPoolExecutor(2) as pool:
        systems = [pool.submit(_debian, cache, what, one, home) for one in ARCHITECTURES]
        shared = [pool.submit(part, cache, what, home) for part in (_node, _python, _planted)]
        above = [part for future in shared if (part := future.result())]
        platforms = {
            Platform.of("linux", architecture): [system.result(), *above, _application(cache)]
            for architecture, system in zip(ARCHITECTURES, systems, strict=True)
        }
    index = write_image(out, cache, platforms, SETTINGS, created=CREATED)
    said = {
        "recipe": what.digest(),
        "layout": str(out),
        "digest": index.digest,
        "platforms": {str(platform): _summary(parts) for platform, parts in platforms.items()},
        "compressed_bytes": sum(_sizes(platforms.values()).values()),
        "seconds": round(time.monotonic() - started, 1),
    }
    write_atomic(stamp, msgspec.json.encode(said))
    return said


def _debian(cache: LayerCache, what: Recipe, architecture: str, home: Path) -> Part:
    packages = download(architecture, what.debian, home / "apt" / architecture)
    names = [path.name for path in packages]
    return cache.part(
        f"Debian packages for {architecture}",
        (FORMAT, *names),
        lambda: (root_tar(packages, architecture, mtime=EPOCH), len(packages)),
    )


def _node(cache: LayerCache, what: Recipe, home: Path) -> Part:
    def tar() -> tuple[Iterable[bytes], int]:
        modules = install_node(what.node / "package.json", home / what.node.name)
        entries = entries_of(modules, f"{APP}/node_modules", mtime=EPOCH)
        return layer_tar(entries), node_packages(modules)

    lock = (what.node / "package-lock.json").read_text()
    return cache.part("npm packages", (FORMAT, lock), tar)


def _python(cache: LayerCache, what: Recipe, home: Path) -> Part:
    return _wheels(cache, "Python packages", what.python, home / "python")


def _planted(cache: LayerCache, what: Recipe, home: Path) -> Part | None:
    if not what.planted:
        return None
    return _wheels(cache, f"planted {what.planted}", (what.planted,), home / "planted")


def _wheels(cache: LayerCache, title: str, pins: Sequence[str], folder: Path) -> Part:
    def tar() -> tuple[Iterable[bytes], int]:
        install_python(pins, folder)
        return layer_tar(entries_of(folder, SITE, mtime=EPOCH)), len(pins)

    return cache.part(title, (FORMAT, *pins), tar)


def _application(cache: LayerCache) -> Part:
    entry = LayerEntry(f"{APP}/server.py", size=len(SERVER), mtime=EPOCH, open=lambda: (SERVER,))
    entries = with_folders([entry], mtime=EPOCH)
    return cache.part("application", (FORMAT, SERVER.decode()), lambda: (layer_tar(entries), 0))


def _summary(parts: Iterable[Part]) -> dict[str, int]:
    found = {part.title: part.packages for part in parts if part.packages}
    return {**found, "all": sum(found.values())}


def _sizes(platforms: Iterable[Iterable[Part]]) -> dict[str, int]:
    """Return the size of each distinct layer in bytes."""
    layers = (part.layer.descriptor for parts in platforms for part in parts)
    return {layer.digest: layer.size for layer in layers}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--small", action="store_true", help="a few dozen packages, in seconds")
    parser.add_argument(
        "--planted", default="", metavar="PACKAGE==VERSION", help="add one more wheel"
    )
    parser.add_argument("--out", type=Path, help="where the layout goes (replaced as a whole)")
    parser.add_argument(
        "--home", type=Path, default=HOME, help="downloads, layers, default layouts"
    )
    options = parser.parse_args(argv)
    what = recipe(small=options.small, planted=options.planted)
    said = make(what, options.home, options.out or options.home / what.name)
    print(msgspec.json.format(msgspec.json.encode(said), indent=2).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The image that is taken or built on, as far as its platforms go."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

from shipseal.build.base_image import open_base
from shipseal.config.build_model import LayersBuild, PrebuiltBuild
from shipseal.config.load import LoadedConfig
from shipseal.doctor.examination import Examined, Probe, skipped
from shipseal.doctor.image import PLATFORMS, platform_check
from shipseal.oci import Image, Platform
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root, load_image
from shipseal.oci.reference import Reference
from shipseal.registry.interface import resolve_or_fail
from shipseal.wiring.targets import Connections

Load = Callable[[], Sequence[Platform]]


def platform_probes(loaded: LoadedConfig, connections: Connections) -> Iterator[Probe]:
    """Return what looks at the configured image: its index and configurations are read, no layers."""
    wanted = tuple(Platform.parse(str(name)) for name in loaded.config.platforms)
    found = _image(loaded, connections)
    if isinstance(found, str):
        yield Probe(PLATFORMS, "", lambda: (skipped(PLATFORMS, "", found),))
        return
    what, load, host = found

    def look() -> Iterable[Examined]:
        return platform_check(what, wanted, load)

    yield Probe(PLATFORMS, what, look, network=bool(host), host=host)


def _image(loaded: LoadedConfig, connections: Connections) -> tuple[str, Load, str] | str:
    """Return the image's name, what reads its platforms, and where from; else why there is nothing to read."""
    build = loaded.config.build
    if isinstance(build, PrebuiltBuild):
        return _prebuilt(build, connections)
    if not isinstance(build, LayersBuild):
        return f"{build.builder} builds it: what its Dockerfile is based on is known then"
    if build.base == "scratch":
        return "it is built on nothing"
    base = build.base

    def load() -> Sequence[Platform]:
        with open_base(base, loaded.folder, connections.repository) as found:
            return _platforms(found.image) if found else ()

    host = "" if base.startswith("oci:") else Reference.parse(base).registry
    return f"base image {base}", load, host


def _prebuilt(build: PrebuiltBuild, connections: Connections) -> tuple[str, Load, str] | str:
    if build.layout is not None:
        layout, ref = OciLayout(build.layout.resolve()), build.ref
        return (
            str(build.layout),
            lambda: _platforms(load_image(layout, layout_root(layout, ref))),
            "",
        )
    if build.reference is None:
        return "an archive is read when it is unpacked: `shipseal release --dry-run` does"
    reference = Reference.parse(build.reference)

    def load() -> Sequence[Platform]:
        with closing(connections.repository(reference)) as target:
            digest = reference.digest or resolve_or_fail(target, reference.tag_or_latest())
            return _platforms(load_image(target, digest))

    return str(reference), load, reference.registry


def _platforms(image: Image) -> Sequence[Platform]:
    return [one.platform for one in image.platforms]

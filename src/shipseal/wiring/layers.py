"""The embedded builder from ``build: {builder: layers}``."""

from pathlib import Path

from shipseal.build.interface import Builder
from shipseal.build.layer_options import LayerFile, LayersOptions, LayerSpec
from shipseal.build.layers import LayersBuilder
from shipseal.config.build_model import FileEntry, Layer, LayersBuild
from shipseal.oci import Platform
from shipseal.wiring.targets import Connections


def layers_builder(build: LayersBuild, connections: Connections) -> Builder:
    """Return the builder of an image made of files."""
    options = LayersOptions(
        base=build.base,
        layers=tuple(_layer(layer) for layer in build.layers),
        entrypoint=build.entrypoint,
        cmd=build.cmd,
        env=build.env,
        labels=build.labels,
        user=build.user,
        workdir=build.workdir,
        ports=build.ports,
    )
    return LayersBuilder(options, connections.repository)


def _layer(layer: Layer) -> LayerSpec:
    platform = Platform.parse(str(layer.platform)) if layer.platform else None
    return LayerSpec(tuple(_file(entry) for entry in layer.files), platform)


def _file(entry: FileEntry) -> LayerFile:
    uid, _, gid = (entry.owner or "0").partition(":")
    return LayerFile(
        source=Path(entry.from_),
        destination=entry.to,
        uid=int(uid),
        gid=int(gid or uid),
        mode=int(entry.mode, 8) if entry.mode else None,
    )

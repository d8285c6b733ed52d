"""Image archives for tests, in the forms that tools write."""

from enum import StrEnum
from pathlib import Path

import msgspec

from shipseal.oci.compression import Compression, compressed, decompressed
from shipseal.oci.layer import LayerEntry, StoredLayer, layer_tar
from shipseal.testing.contents import Files, as_entries, symlink
from shipseal.testing.images import SampleImage


class DockerStyle(StrEnum):
    """Who wrote a Docker archive."""

    DOCKER = "docker"
    """``<id>/layer.tar``; a layer that occurs again is a link to the first one."""
    PODMAN = "podman"
    """``<diff id>.tar``, with ``<id>/layer.tar`` links to them (podman, skopeo)."""
    CRANE = "crane"
    """``sha256:<hex>`` and ``<digest>.tar.gz``: the layers stay compressed (go-containerregistry, kaniko)."""


def oci_archive_files(sample: SampleImage) -> dict[str, bytes]:
    """Return the files of an OCI archive of ``sample`` by their names."""
    folder = sample.layout.folder
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def docker_archive_files(
    sample: SampleImage,
    platform: str,
    *,
    style: str = DockerStyle.DOCKER,
    tags: tuple[str, ...] = ("sample:1",),
) -> Files:
    """Return the files of a Docker archive of one platform of ``sample`` by their names."""
    config = sample.configs[platform].digest
    files: dict[str, bytes | LayerEntry] = {}
    name = config if style == DockerStyle.CRANE else f"{_hex(config)}.json"
    files[name] = sample.layout.blobs.read(config)
    layers = [
        _add_layer(files, sample, layer, DockerStyle(style), number)
        for number, layer in enumerate(sample.layers[platform])
    ]
    listed = [{"Config": name, "RepoTags": list(tags) or None, "Layers": layers}]
    return files | {"manifest.json": msgspec.json.encode(listed)}


def write_archive(path: Path, files: Files, compression: str = "none") -> Path:
    """Write ``files`` as a tar and return its path."""
    tar = layer_tar(as_entries(files))
    path.write_bytes(b"".join(compressed(tar, Compression(compression))))
    return path


def _add_layer(
    files: dict[str, bytes | LayerEntry],
    sample: SampleImage,
    layer: StoredLayer,
    style: DockerStyle,
    number: int,
) -> str:
    """Put a layer into ``files`` and return the name that ``manifest.json`` calls it by."""
    raw = sample.layout.blobs.read(layer.descriptor.digest)
    if style is DockerStyle.CRANE:
        name = f"{_hex(layer.descriptor.digest)}.tar.gz"
        files[name] = raw
        return name
    plain = b"".join(decompressed([raw], what=layer.diff_id))
    name = f"{number:064x}/layer.tar"
    if style is DockerStyle.PODMAN:
        real = f"{_hex(layer.diff_id)}.tar"
        files |= {real: plain, name: symlink(f"../{real}")}
        return real
    first = next((known for known, content in files.items() if content == plain), None)
    files |= {
        f"{number:064x}/VERSION": b"1.0",
        name: plain if first is None else symlink(f"../{first}"),
    }
    return name


def _hex(digest: str) -> str:
    return digest.partition(":")[2]

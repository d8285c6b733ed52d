"""What the embedded builder is told: files, a base, and how a container starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shipseal.oci import Platform
from shipseal.oci.compression import Compression

SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A file or folder that goes into a layer.

    Attributes:
        source: relative to the configuration's folder. Of a folder, what is in it goes to ``destination``.
        destination: absolute path in the image; with a ``/`` at the end, a file goes into that folder under its own
            name.
        uid: owner of everything that is copied.
        gid: group of everything that is copied.
        mode: permission bits of the files; None: 0755 for what may be executed, else 0644. Folders always have 0755.
    """

    source: Path
    destination: str
    uid: int = 0
    gid: int = 0
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer.

    Attributes:
        files: what is in it; no path may come from two of them, folders excepted.
        platform: None for a layer of every platform.
    """

    files: tuple[LayerFile, ...]
    platform: Platform | None = None


@dataclass(frozen=True, slots=True)
class LayersOptions:
    """An image made of files.

    Attributes:
        base: ``scratch``; ``oci:DIR``, ``oci:DIR:NAME`` or ``oci:DIR@sha256:…`` for a layout; else a reference, best by
            digest: a tag is resolved once.
        layers: above the base, lowest first.
        entrypoint: program and arguments; None keeps the base's. Setting it drops the base's ``cmd``, as in a
            Dockerfile.
        cmd: default arguments; None keeps the base's.
        env: added to the base's, by name.
        labels: added to the base's; those of ``org.opencontainers.image.*`` become annotations too.
        user: ``user[:group]``; None keeps the base's.
        workdir: absolute path; None keeps the base's.
        ports: ``8080`` or ``53/udp``, added to the base's.
        compression: of the new layers.
    """

    base: str = SCRATCH
    layers: tuple[LayerSpec, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    workdir: str | None = None
    ports: tuple[str, ...] = ()
    compression: Compression = Compression.GZIP

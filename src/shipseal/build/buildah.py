"""Build with buildah: no daemon, and nothing outside the release's own folder is touched.

One ``buildah build`` for each platform, in order, in a private storage; each result is pushed to a ``dir:`` and taken
over into one layout under an index of our own. ``buildah manifest push`` would list platforms in the order in which
they were ready, store Docker's format as OCI (and lose health checks), and so give the same build another digest.
``dir:`` is described in containers-transports(5).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from shipseal._internal.limits import MANIFEST, read_file
from shipseal._internal.process import find_tool
from shipseal.build.buildah_run import Buildah
from shipseal.build.interface import Builder
from shipseal.build.materials import base_image, builder
from shipseal.build.recipe import Recipe
from shipseal.build.values import BuildRequest, Material, RawBuild
from shipseal.errors import ConfigError
from shipseal.oci import Descriptor, Digest, RawManifest, parse_digest
from shipseal.oci import media_types as mt
from shipseal.oci.image import parse_config
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import build_manifest, parse_manifest

INSTALL = (
    "install buildah (Debian: apt-get install buildah), or use another builder in shipseal.yaml"
)
_PUSH_FORMATS = {"oci": "oci", "docker": "v2s2"}
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BuildahOptions:
    """How buildah is asked.

    Attributes:
        recipe: what is built.
        format: ``oci``, or ``docker`` for what only Docker's format holds (HEALTHCHECK, SHELL, ONBUILD).
        isolation: ``chroot`` needs no runtime; ``oci`` uses runc or crun.
        storage_driver: ``vfs`` works everywhere, ``overlay`` is faster where it works.
        tls_verify: False lets base images come over plain HTTP.
        program: name or path.
    """

    recipe: Recipe = field(default_factory=Recipe)
    format: str = "oci"
    isolation: str = "chroot"
    storage_driver: str = "vfs"
    tls_verify: bool = True
    program: str = "buildah"


class BuildahBuilder(Builder):
    """Builds a Containerfile with buildah.

    Args:
        options: how.
    """

    name = "buildah"

    def __init__(self, options: BuildahOptions) -> None:
        self._options = options

    def _build(self, request: BuildRequest) -> RawBuild:
        """Make the image; see :meth:`Builder.build` for what is raised, and ``config.invalid`` for wrong options."""
        program = find_tool(self._options.program, hint=INSTALL)
        arguments, handed = self._options.recipe.arguments(request.folder)
        arguments = [*self._flags(request), *arguments]
        run = Buildah(program, request, self._options.storage_driver, handed)
        version = run.version()
        layout = OciLayout(request.work / "image")
        layout.create()
        children: list[Descriptor] = []
        bases = _Bases(run)
        for platform in [str(one) for one in request.platforms] or [""]:
            request.reporter.note(f"buildah: building {platform or 'for this machine'}")
            image = run.build(arguments, platform)
            bases.collect(image)
            children.append(
                _take_over(layout, run.push(image, _PUSH_FORMATS[self._options.format]))
            )
        root = _root(layout, children, docker=self._options.format == "docker")
        run.forget()
        return RawBuild(
            layout=layout,
            root=root.digest,
            materials=(*bases.materials, builder("buildah", version, program)),
            builder=f"buildah {version}",
            base_labels=tuple(bases.labels),
            base_digests=frozenset(bases.digests),
        )

    def _flags(self, request: BuildRequest) -> list[str]:
        options = self._options
        if options.format not in _PUSH_FORMATS:
            raise ConfigError(
                f"buildah: unknown format {options.format!r}", hint="use oci or docker"
            )
        tls = "true" if options.tls_verify else "false"
        flags = [f"--isolation={options.isolation}", f"--format={options.format}"]
        return [*flags, f"--timestamp={request.epoch}", f"--tls-verify={tls}"]


class _Bases:
    """Base images: what is in the private storage and was not made by us."""

    def __init__(self, run: Buildah) -> None:
        self._run = run
        self._seen: set[str] = set()
        self._materials: dict[Digest, Material] = {}
        self.labels: list[Mapping[str, str]] = []
        self.digests: set[Digest] = set()

    @property
    def materials(self) -> tuple[Material, ...]:
        """Each base once: the platforms of one index are one base."""
        return tuple(self._materials.values())

    def collect(self, made: str) -> None:
        """Look for bases that the build of ``made`` has pulled."""
        self._seen.add(made.removeprefix("sha256:"))
        for entry in self._run.images():
            identity = str(entry.get("id", "")).removeprefix("sha256:")
            if identity in self._seen:
                continue
            self._seen.add(identity)
            names = entry.get("names")
            name = str(names[0]) if isinstance(names, list) and names else ""
            stored = self._run.inspect(identity)
            pulled = parse_digest(str(entry.get("digest", "")))
            self._materials.setdefault(pulled, base_image(name, pulled))
            self.labels.append(stored.labels)
            self.digests |= {pulled, stored.manifest}


def _take_over(layout: OciLayout, folder: Path) -> Descriptor:
    """Move an image out of a ``dir:`` folder and return its descriptor, with its platform."""
    raw = RawManifest.of(read_file(folder / "manifest.json", MANIFEST))
    layout.blobs.put(raw.raw)
    manifest = parse_manifest(raw, what=str(folder))
    for path in _blobs(folder):
        target = layout.blobs.root / "sha256" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    config = parse_config(layout.read_config(manifest.config), what=str(folder))
    return replace(raw.descriptor(), platform=config.platform)


def _blobs(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if _HEX.fullmatch(path.name))


def _root(layout: OciLayout, children: list[Descriptor], *, docker: bool) -> RawManifest:
    """Write the root: an index of several platforms, or the one manifest itself."""
    if len(children) == 1:
        root = layout.read_manifest(children[0].digest)
    else:
        document = {
            "schemaVersion": 2,
            "mediaType": mt.DOCKER_LIST if docker else mt.OCI_INDEX,
            "manifests": [child.to_json() for child in children],
        }
        root = build_manifest(document)
        layout.blobs.put(root.raw)
    with layout.updating() as entries:
        entries[:] = [root.descriptor()]
    return root

"""The embedded builder: files and folders on a base image or on nothing, without a daemon and without a Containerfile.

It is reproducible: the same files, options and epoch give the same digests, whatever the umask, the files' times or
the order of a folder (``SOURCE_DATE_EPOCH``, reproducible-builds.org). A layer that several platforms share is written
once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from shipseal import __version__
from shipseal._internal.progress import Reporter
from shipseal._internal.threads import thread_pool
from shipseal.build import image_config
from shipseal.build.base_image import Base, Connect, open_base
from shipseal.build.image_config import NewLayer
from shipseal.build.interface import Builder
from shipseal.build.layer_files import SourceEntry, source_entries
from shipseal.build.layer_options import SCRATCH, LayerFile, LayersOptions, LayerSpec
from shipseal.build.layer_placing import placed
from shipseal.build.materials import base_image
from shipseal.build.pull import pull_blobs
from shipseal.build.values import BuildRequest, RawBuild
from shipseal.errors import ConfigError
from shipseal.oci import Descriptor, Platform, PlatformImage, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.layer import StoredLayer, layer_tar, store_tar
from shipseal.oci.layout import OciLayout
from shipseal.oci.rootfs import RootFs

# Compression lets go of the interpreter lock.
_AT_ONCE = 4


Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Planned:
    """A layer that is to be written, for one platform or several.

    Attributes:
        entries: what is in it.
        created_by: its line in the history.
        key: what decides its bytes: equal keys, equal layers.
    """

    entries: tuple[SourceEntry, ...]
    created_by: str
    key: Key


class LayersBuilder(Builder):
    """Builds an image out of layers of files.

    Args:
        options: files, base, and how a container starts.
        connect: opens the repository of a base image; not used for ``scratch`` and layouts.
    """

    name = "layers"

    def __init__(self, options: LayersOptions, connect: Connect) -> None:
        self._options = options
        self._connect = connect

    def _build(self, request: BuildRequest) -> RawBuild:
        """Build; see :meth:`Builder.build` for what is raised, and ``config.invalid`` for files that cannot be used."""
        for spec in self._options.layers:
            for file in spec.files:
                # What is not there is told before a base image is asked for.
                source_entries(file, request.folder, request.epoch)
        layout = OciLayout(request.work / "image")
        with open_base(self._options.base, request.folder, self._connect) as base:
            images = {one: base.of(one) if base else None for one in self._platforms(request, base)}
            if base is not None:
                blobs = _layers_of(image for image in images.values() if image)
                pull_blobs(base.source, blobs, layout, request.reporter)
        plans = {
            one: self._plan(request, RootFs(layout, image.manifest if image else None), one)
            for one, image in images.items()
        }
        stored = self._store(layout, plans.values(), request.reporter)
        writer = _Writer(self._options, request, layout, base)
        children = [
            writer.platform(one, image, [_new(plan, stored) for plan in plans[one]])
            for one, image in images.items()
        ]
        root = writer.index(children)
        return RawBuild(
            layout=layout,
            root=root.digest,
            materials=(base_image(base.name, base.digest),) if base else (),
            builder=f"shipseal layers {__version__}",
            base_labels=tuple(image.config.labels for image in images.values() if image),
            hashed=True,
            notes=(base.note,) if base and base.note else (),
        )

    def _platforms(self, request: BuildRequest, base: Base | None) -> Sequence[Platform]:
        """Return what to build: what was asked for, else all of the base, else all that layers are for."""
        own = {spec.platform for spec in self._options.layers if spec.platform is not None}
        found = request.platforms or (
            [one.platform for one in base.image.platforms] if base else sorted(own)
        )
        if not found:
            raise ConfigError(
                "layers: for which platforms?",
                hint="write `platforms: [linux/amd64]`, or give layers their platform",
            )
        return found

    def _plan(self, request: BuildRequest, below: RootFs, platform: Platform) -> list[_Planned]:
        plans: list[_Planned] = []
        for spec in self._options.layers:
            if spec.platform in (None, platform):
                plans.append(_planned(spec, below, request))
                below = below.with_layer([one.entry for one in plans[-1].entries])
        if not plans and self._options.base == SCRATCH:
            raise ConfigError(
                f"layers: the image for {platform} would be empty",
                hint="give it a layer, or a base image",
            )
        return plans

    def _store(
        self, layout: OciLayout, plans: Iterable[Sequence[_Planned]], reporter: Reporter
    ) -> dict[Key, StoredLayer]:
        """Write each layer once, several at a time."""
        layers = {plan.key: plan for one in plans for plan in one}
        with thread_pool(_AT_ONCE, "layer") as pool:
            waiting = {
                key: pool.submit(self._write, layout, plan, reporter)
                for key, plan in layers.items()
            }
            try:
                return {key: future.result() for key, future in waiting.items()}
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _write(self, layout: OciLayout, plan: _Planned, reporter: Reporter) -> StoredLayer:
        transfer = reporter.transfer(plan.created_by, sum(one.entry.size for one in plan.entries))

        def counted() -> Iterator[bytes]:
            for chunk in layer_tar(one.entry for one in plan.entries):
                transfer.advance(len(chunk))
                yield chunk

        layer = store_tar(layout.blobs, counted(), self._options.compression)
        transfer.done()
        return layer


class _Writer:
    """Writes the documents of the image."""

    def __init__(
        self, options: LayersOptions, request: BuildRequest, layout: OciLayout, base: Base | None
    ) -> None:
        self._options = options
        self._epoch = request.epoch
        self._layout = layout
        self._annotations = image_config.annotations_of(
            request,
            options,
            base_name=base.name if base else "",
            base_digest=base.digest if base else "",
        )

    def platform(
        self, platform: Platform, base: PlatformImage | None, layers: Sequence[NewLayer]
    ) -> Descriptor:
        raw = image_config.configuration(
            base.config if base else None,
            platform,
            self._options,
            layers,
            epoch=self._epoch,
            annotations=self._annotations,
        )
        config = Descriptor(mt.OCI_CONFIG, self._layout.blobs.put(raw), len(raw))
        below = base.manifest.layers if base else ()
        manifest = image_config.manifest(config, below, layers, self._annotations)
        self._layout.blobs.put(manifest.raw)
        return replace(manifest.descriptor(), platform=platform)

    def index(self, children: Sequence[Descriptor]) -> RawManifest:
        """Write the index and let the layout name nothing else."""
        root = image_config.index(children, self._annotations)
        self._layout.blobs.put(root.raw)
        with self._layout.updating() as entries:
            entries[:] = [root.descriptor()]
        return root


def _planned(spec: LayerSpec, below: RootFs, request: BuildRequest) -> _Planned:
    found = [
        one for file in spec.files for one in source_entries(file, request.folder, request.epoch)
    ]
    entries = placed(found, below, request.epoch)
    entries.sort(key=lambda one: one.entry.path)
    key = tuple((structs.replace(one.entry, open=tuple), one.source) for one in entries)
    return _Planned(tuple(entries), "; ".join(_line(file) for file in spec.files), key)


def _line(file: LayerFile) -> str:
    # The folder of a build machine is nobody's business, and would make two builds differ.
    source = file.source.name if file.source.is_absolute() else file.source.as_posix()
    return f"COPY {source} {file.destination}"


def _new(plan: _Planned, stored: Mapping[Key, StoredLayer]) -> NewLayer:
    layer = stored[plan.key]
    return NewLayer(layer.descriptor, layer.diff_id, plan.created_by)


def _layers_of(images: Iterable[PlatformImage]) -> Iterable[Descriptor]:
    layers = (layer for image in images for layer in image.manifest.layers)
    return {layer.digest: layer for layer in layers}.values()

"""Take an image that is built already: an OCI layout, an archive, or an image in a registry by its digest.

A layout is used where it lies (unless its ``index.json`` is the image's own index); archives and registries are read
into the release's own folder. A registry image is named by its digest, because a tag may name another image a minute
later; a tag is accepted only when the options say so, is then resolved once, and what it named is said.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from shipseal.build.base_image import Connect, open_base
from shipseal.build.interface import Builder
from shipseal.build.materials import base_image
from shipseal.build.pull import pull_image
from shipseal.build.values import BuildRequest, RawBuild
from shipseal.errors import ConfigError
from shipseal.oci import Digest
from shipseal.oci.archive import open_archive
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root
from shipseal.oci.reference import Reference
from shipseal.registry.interface import Target, resolve_or_fail

PREBUILT_IMAGE = "prebuilt image"


@dataclass(frozen=True, slots=True)
class PrebuiltOptions:
    """Where the image is: exactly one of ``layout``, ``archive`` and ``reference`` is set.

    Attributes:
        layout: folder of an OCI layout, relative to the configuration's folder.
        archive: a tar of an OCI layout, or of ``docker save``; plain, gzip or zstd.
        reference: ``registry/repository@sha256:…``.
        ref: which image of a layout or archive that holds several: its name or digest.
        resolve_tag: whether ``reference`` may be a tag, which is then resolved once.
        base: the base image it was built on (a reference, best by digest; ``oci:DIR``; ``scratch``): provenance names
            it, and its labels are known as inherited. Empty: not known.
    """

    layout: Path | None = None
    archive: Path | None = None
    reference: str = ""
    ref: str = ""
    resolve_tag: bool = False
    base: str = ""


class PrebuiltBuilder(Builder):
    """Takes an image that is there.

    Args:
        options: where it is.
        connect: opens repositories; used for ``reference`` and ``base`` only.

    Raises:
        ConfigError: not exactly one place is named.
    """

    name = "prebuilt"

    def __init__(self, options: PrebuiltOptions, connect: Connect) -> None:
        places = [options.layout is not None, options.archive is not None, bool(options.reference)]
        if sum(places) != 1:
            raise ConfigError(
                f"prebuilt: expected one of layout, archive and reference, got {sum(places)}",
                hint="name the one place where the image is (build: in shipseal.yaml)",
            )
        if options.ref and options.reference:
            raise ConfigError(
                "prebuilt: `ref` chooses among the images of a layout or archive",
                hint="write the digest into `reference`",
            )
        self._options = options
        self._connect = connect

    def _build(self, request: BuildRequest) -> RawBuild:
        """Take the image; see :meth:`Builder.build` for what is raised, and ``config.invalid`` for a tag."""
        if self._options.reference:
            found = self._pulled(request)
        elif self._options.archive is not None:
            found = self._unpacked(request.folder / self._options.archive, request)
        else:
            found = self._in_place(request.folder / (self._options.layout or Path()), request)
        return self._based(found, request)

    def _in_place(self, folder: Path, request: BuildRequest) -> RawBuild:
        layout = OciLayout(folder.resolve())
        root = layout_root(layout, self._options.ref or None)
        if layout.blobs.has(root.digest):
            return RawBuild(layout, root.digest)
        # The image's index is index.json itself, which no digest leads to: it becomes a blob in a copy.
        copy = OciLayout(request.work / "image")
        pull_image(layout, root, copy, request.reporter)
        return RawBuild(copy, root.digest, hashed=True)

    def _unpacked(self, path: Path, request: BuildRequest) -> RawBuild:
        folder = request.work / "image"
        # What an interrupted attempt left would be taken for a layout that must not be written over.
        shutil.rmtree(folder, ignore_errors=True)
        request.reporter.note(f"prebuilt: reading {path}")
        layout = open_archive(path.resolve(), folder)
        root = layout_root(layout, self._options.ref or None)
        # Where index.json itself is the image's index, no digest leads to it yet.
        layout.blobs.put(root.raw)
        return RawBuild(layout, root.digest, hashed=True)

    def _pulled(self, request: BuildRequest) -> RawBuild:
        reference = Reference.parse(self._options.reference)
        if reference.digest is None and not (reference.tag and self._options.resolve_tag):
            raise ConfigError(
                f"prebuilt: {reference} is not named by digest, and a tag may move while the release runs",
                hint="write name@sha256:…, as `crane digest` or `docker buildx imagetools inspect` tells it",
                context={"reference": str(reference)},
            )
        target = self._connect(reference)
        try:
            digest, notes = _resolved(target, reference)
            for note in notes:
                request.reporter.note(note)
            layout = OciLayout(request.work / "image")
            pull_image(target, digest, layout, request.reporter)
        finally:
            target.close()
        material = replace(base_image(str(reference), digest), name=PREBUILT_IMAGE)
        return RawBuild(layout, digest, materials=(material,), hashed=True, notes=notes)

    def _based(self, found: RawBuild, request: BuildRequest) -> RawBuild:
        """Return ``found`` with what is known of its base image."""
        if not self._options.base:
            return replace(found, builder=self.name)
        with open_base(self._options.base, request.folder, self._connect) as base:
            if base is None:
                return replace(found, builder=self.name, base_labels=())
            return replace(
                found,
                builder=self.name,
                materials=(*found.materials, base_image(base.name, base.digest)),
                base_labels=tuple(one.config.labels for one in base.image.platforms),
                base_digests=frozenset(one.digest for one in base.image.subjects()),
                notes=(*found.notes, *filter(None, (base.note,))),
            )


def _resolved(target: Target, reference: Reference) -> tuple[Digest, tuple[str, ...]]:
    """Return the digest that is meant, and what to say about it."""
    if reference.digest is not None:
        return reference.digest, ()
    tag = reference.tag or ""
    digest = resolve_or_fail(target, tag, what=PREBUILT_IMAGE)
    return digest, (f"{target.name}:{tag} named {digest} when it was resolved, once",)

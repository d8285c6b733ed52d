"""Look up a path in an image's merged root file system, without unpacking it.

Layers are read from the top, each at most once, and only as far down as the answer needs. What a lower layer holds is
hidden by whiteouts, opaque folders and by anything but a folder in a folder's place (OCI image-spec, layer.md); links
are followed inside the root, and an entry whose parent is a link in a lower layer (``bin/app`` above a base whose
``bin`` points to ``usr/bin``) lies where a runtime puts it: behind the link.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec

from shipseal.oci.compression import decompressed
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.image import ContentSource
from shipseal.oci.layer import OPAQUE, WHITEOUT, Kind, LayerEntry
from shipseal.oci.manifest import Manifest
from shipseal.oci.tar_stream import clean_path, read_tar

_Reader = Callable[[], Iterable[LayerEntry]]

HEAD_BYTES: Final = 256
"""How much of an executable file is kept: what Linux itself reads to tell how to start it (``BINPRM_BUF_SIZE``)."""

_MAX_LINKS = 40
_AUFS = ".wh..wh."
_EXECUTE_BITS = 0o111


@dataclass(frozen=True, slots=True)
class RootFile:
    """What lies at a path.

    Attributes:
        path: the real one, without a leading slash and without links.
        kind: never a symlink or hardlink: these were followed.
        mode: permission bits.
        size: bytes of a file.
        head: the first :data:`HEAD_BYTES` of an executable file; empty for anything else.
        layer: position of the layer that holds it, from 0 for the lowest.
    """

    path: str
    kind: Kind
    mode: int
    size: int
    head: bytes = field(repr=False)
    layer: int

    @property
    def is_executable(self) -> bool:
        """Whether it is a file that may be started."""
        return self.kind is Kind.FILE and bool(self.mode & _EXECUTE_BITS)


class _Node(msgspec.Struct, frozen=True, gc=False):
    kind: Kind
    mode: int
    size: int
    link: str
    head: bytes
    layer: int


@dataclass(slots=True)
class _View:
    """One layer, its paths free of links.

    Attributes:
        nodes: entries by real path.
        implied: folders that have no entry but hold one.
        removed: paths that lower layers no longer have.
        opaque: folders whose lower content is gone.
        folders: folder paths as written to real ones, as far as they are known.
        through_links: whether a link was followed for any of them; then every entry may change what is known.
    """

    nodes: dict[str, _Node] = field(default_factory=dict)
    implied: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    folders: dict[str, str] = field(default_factory=lambda: {"": ""})
    through_links: bool = False

    def add(self, path: str, node: _Node) -> None:
        self.nodes[path] = node
        for parent in _ancestors(path):
            if parent in self.implied:
                break  # and so are all above it
            self.implied.add(parent)
        known = self.folders.get(path)
        if self.through_links or (known is not None and node.kind is not Kind.FOLDER):
            self._forget_folders()

    def remove(self, path: str) -> None:
        self.removed.add(path)
        self._forget_folders()

    def make_opaque(self, folder: str) -> None:
        self.opaque.add(folder)
        self._forget_folders()

    def _forget_folders(self) -> None:
        # What was a link may be a folder from here on, or the other way round.
        self.folders, self.through_links = {"": ""}, False

    def know_folder(self, spelled: str, real: str) -> None:
        self.folders[spelled] = real
        self.through_links = self.through_links or spelled != real

    def hides(self, path: str) -> bool:
        """Return whether nothing of ``path`` in lower layers can be seen."""
        if path in self.removed:
            return True
        for parent in _ancestors(path):
            node = self.nodes.get(parent)
            if parent in self.removed or parent in self.opaque:
                return True
            if node is not None and node.kind is not Kind.FOLDER:
                return True
        return "" in self.opaque


class RootFs:
    """The merged layers of one platform's image. Not for several threads at once.

    Args:
        source: where the layers are read from; digests and sizes are verified.
        manifest: of the platform; None for no layer at all (``scratch``).
    """

    def __init__(self, source: ContentSource, manifest: Manifest | None) -> None:
        layers = () if manifest is None else manifest.layers
        self._readers: list[_Reader] = [partial(read_entries, source, layer) for layer in layers]
        self._views: dict[int, _View] = {}

    @classmethod
    def of_readers(cls, readers: Iterable[_Reader]) -> "RootFs":
        """Return the file system of layers that give their own entries, the lowest first."""
        made = cls.__new__(cls)
        made._readers = list(readers)  # noqa: SLF001 - its own class
        made._views = {}  # noqa: SLF001
        return made

    def with_layer(self, entries: Sequence[LayerEntry]) -> "RootFs":
        """Return this file system with one more layer on top; what has been read is not read again."""
        above = RootFs.of_readers([*self._readers, lambda: entries])
        above._views = dict(self._views)  # noqa: SLF001 - its own class
        return above

    def find(self, path: str) -> RootFile | None:
        """Return what lies at ``path``, links followed; None when there is nothing, or links go round in a circle.

        Raises:
            ImageError: ``image.format-unsupported`` for a damaged layer; ``image.not-found`` or
                ``image.digest-mismatch`` for a missing or wrong one.
        """
        real, node = self._resolve(path, len(self._readers) - 1)
        if node is None:
            return None
        return RootFile(real, node.kind, node.mode, node.size, node.head, node.layer)

    def real_path(self, path: str) -> str:
        """Return where an entry that is written to ``path`` will lie: links in the folders above it are followed.

        Raises:
            ImageError: as :meth:`find`.
        """
        folder, _, name = clean_path(path).rpartition("/")
        return _join(self._resolve(folder, len(self._readers) - 1)[0], name)

    def _resolve(self, path: str, top: int) -> tuple[str, _Node | None]:
        """Follow all links of ``path`` as layers up to ``top`` have them; without a node, as far as they lead."""
        rest, real, links = path.split("/")[::-1], "", 0
        node: _Node | None = _ROOT
        while rest:
            part = rest.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                real, node = real.rpartition("/")[0], _ROOT
                continue
            here = _join(real, part)
            node = self._at(here, top)
            if node is not None and node.kind is Kind.SYMLINK:
                links += 1
                if links > _MAX_LINKS:
                    return here, None
                rest.extend(node.link.split("/")[::-1])
                real, node = "" if node.link.startswith("/") else real, _ROOT
                continue
            if node is None or (rest and node.kind is not Kind.FOLDER):
                return clean_path("/".join([here, *rest[::-1]])), None
            real = here
        return real, node if real else _ROOT

    def _at(self, path: str, top: int) -> _Node | None:
        """Return what layers up to ``top`` have at a path whose parents are no links."""
        for number in range(top, -1, -1):
            view = self._view(number)
            node = view.nodes.get(path)
            if node is not None:
                return node
            if path in view.implied:
                below = None if view.hides(path) else self._at(path, number - 1)
                return below if below is not None and below.kind is Kind.FOLDER else _IMPLIED
            if view.hides(path):
                return None
        return None

    def _view(self, number: int) -> _View:
        view = self._views.get(number)
        if view is None:
            view = self._views[number] = _View()
            try:
                for entry in self._readers[number]():
                    self._apply(view, number, entry)
            except BaseException:
                # Half a layer must not answer the next question.
                del self._views[number]
                raise
        return view

    def _apply(self, view: _View, number: int, entry: LayerEntry) -> None:
        folder, _, name = entry.path.rpartition("/")
        real = self._real_folder(view, number, folder)
        if name == OPAQUE:
            view.make_opaque(real)
        elif name.startswith(WHITEOUT):
            if not name.startswith(_AUFS):
                view.remove(_join(real, name.removeprefix(WHITEOUT)))
        elif name:
            view.add(_join(real, name), self._node(entry, number))

    def _node(self, entry: LayerEntry, number: int) -> _Node:
        if entry.kind is Kind.HARDLINK:
            found = self._resolve(clean_path(entry.link), number)[1]
            return found or _Node(Kind.OTHER, 0, 0, "", b"", number)
        head = head_of(entry)
        return _Node(entry.kind, entry.mode, entry.size, entry.link, head, number)

    def _real_folder(self, view: _View, number: int, folder: str) -> str:
        """Return where ``folder`` of an entry of this layer lies, as far as the layer has been read."""
        if folder in view.folders:
            return view.folders[folder]
        spelled, real = "", ""
        for part in folder.split("/"):
            spelled, here = _join(spelled, part), _join(real, part)
            if spelled not in view.folders:
                node = self._at(here, number)
                link = node is not None and node.kind is Kind.SYMLINK
                view.know_folder(spelled, self._resolve(here, number)[0] if link else here)
            real = view.folders[spelled]
        return real


def read_entries(source: ContentSource, layer: Descriptor) -> Iterator[LayerEntry]:
    """Return the entries of a layer; its digest is verified at the end.

    Raises:
        ImageError: as :meth:`RootFs.find`.
    """
    what = f"layer {layer.digest}"
    content = decompressed(source.open_blob(layer), what=what)
    yield from read_tar(content, what=what)
    # The digest is verified at the end of the data, which lies behind the end of the tar.
    for _ in content:
        pass


def head_of(entry: LayerEntry) -> bytes:
    """Return the first :data:`HEAD_BYTES` of an executable file; nothing of anything else."""
    head = b""
    if entry.kind is not Kind.FILE or not entry.mode & _EXECUTE_BITS:
        return head
    for chunk in entry.open():
        head += chunk[: HEAD_BYTES - len(head)]
        if len(head) >= HEAD_BYTES:
            break
    return head


def _ancestors(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


_IMPLIED = _ROOT = _Node(Kind.FOLDER, 0o755, 0, "", b"", 0)

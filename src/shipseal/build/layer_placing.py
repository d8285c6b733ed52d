"""Where entries lie once they are on top of what is below: nothing there is broken by accident.

A tar that carries ``bin/app`` with an entry for ``bin`` would replace a base's link ``bin -> usr/bin`` by a folder, and
a ``tmp`` with mode 0755 would take the sticky bit from the base's. So links of lower layers are followed for the
parents of each entry, folders that are there stay as they are, and only parents that are missing are added.
"""

from collections.abc import Iterable

from shipseal.build.layer_files import SourceEntry
from shipseal.errors import ConfigError
from shipseal.oci.layer import Kind, LayerEntry
from shipseal.oci.rootfs import RootFs


def placed(entries: Iterable[SourceEntry], below: RootFs, epoch: int) -> list[SourceEntry]:
    """Return ``entries`` where they will lie above ``below``, with the folders that they need.

    Args:
        entries: of one layer, from any number of sources.
        below: what is under the layer.
        epoch: seconds; the time of folders that are added.

    Raises:
        ConfigError: ``config.invalid``: two sources for one path, an entry inside another one that is no folder, or a
            file in the place of a folder below.
        ImageError: the layers below cannot be read.
    """
    made: dict[str, SourceEntry] = {}
    for one in sorted(entries, key=lambda one: one.entry.path.split("/")):
        there = below.find(one.entry.path)
        is_folder = there is not None and there.kind is Kind.FOLDER
        if one.entry.kind is Kind.FOLDER and is_folder:
            continue
        if is_folder and below.real_path(one.entry.path) == one.entry.path:
            raise _conflict(one, "would hide a folder that lies below")
        _add(made, one.moved(below.real_path(one.entry.path)))
    for path in list(made):
        _add_parents(made, path, below, epoch)
    return list(made.values())


def _add(made: dict[str, SourceEntry], one: SourceEntry) -> None:
    other = made.get(one.entry.path)
    if other is not None and not (other.entry.kind is one.entry.kind is Kind.FOLDER):
        raise _conflict(one, f"comes from {other.source} too")
    made[one.entry.path] = one


def _add_parents(made: dict[str, SourceEntry], path: str, below: RootFs, epoch: int) -> None:
    parent = path.rpartition("/")[0]
    while parent:
        known = made.get(parent)
        if known is not None:
            if known.entry.kind is not Kind.FOLDER:
                raise _conflict(made[path], f"lies inside {known.source}, which is no folder")
            return
        there = below.find(parent)
        if there is None or there.kind is not Kind.FOLDER:
            made[parent] = SourceEntry(LayerEntry(parent, Kind.FOLDER, 0o755, mtime=epoch))
        parent = parent.rpartition("/")[0]


def _conflict(one: SourceEntry, problem: str) -> ConfigError:
    return ConfigError(
        f"layers: /{one.entry.path}, from {one.source}: {problem}",
        hint="correct the destinations in `files:` of the layer in shipseal.yaml",
        context={"path": f"/{one.entry.path}"},
    )

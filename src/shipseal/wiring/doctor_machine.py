"""What a release needs of this machine: where it writes, and how much."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from shipseal._internal.budget import Wanted
from shipseal._internal.capacity import Machine, this_machine
from shipseal._internal.limits import GIB, MIB
from shipseal._internal.temporary import check_temporary
from shipseal._internal.user_cache import cache_root
from shipseal.config.build_model import PrebuiltBuild
from shipseal.config.load import LoadedConfig
from shipseal.config.model import Config
from shipseal.doctor.machine import Room
from shipseal.wiring.state import state_folder
from shipseal.wiring.turns import DEFAULT_PARALLEL

_STATE, _CACHE, _TEMPORARY = 1 * GIB, 512 * MIB, 1 * GIB
# Journals, SBOMs, scans and bundles, besides the image itself.
_BESIDES = 64 * MIB
# Layers are unpacked, some of them twice (docs/reliability.md).
_UNPACKED = 3
_LAYOUT = "oci:"


def rooms_of(
    loaded: LoadedConfig | None, config: Path | None, env: Mapping[str, str]
) -> tuple[Room, ...]:
    """Return the folders that a release writes to, with what it needs there.

    Raises:
        ConfigError: TMPDIR names what cannot be used.
        ShipsealError: ``resource.disk-full``.
    """
    size = _image_size(loaded)
    known = f"for an image of {-(-size // MIB)} MiB" if size else "for an image of usual size"
    state = state_folder(loaded.path if loaded else config, env).root
    return (
        Room(
            "state folder", state, _BESIDES + 2 * size if size else _STATE, known, "SHIPSEAL_STATE"
        ),
        Room(
            "cache",
            cache_root(env),
            _CACHE,
            "for SBOMs and advisories",
            "SHIPSEAL_CACHE",
            optional=True,
        ),
        Room(
            "temporary files",
            check_temporary(env),
            _BESIDES + _UNPACKED * size if size else _TEMPORARY,
            f"to unpack layers, {known}",
            "TMPDIR",
        ),
        *(_named(loaded, size, known) if loaded else ()),
    )


def _named(loaded: LoadedConfig, size: int, known: str) -> Iterator[Room]:
    """Yield the folders that the configuration names: for the evidence, and layouts that are targets."""
    if folder := loaded.config.evidence.folder:
        yield Room(
            "evidence folder", loaded.folder / folder, _BESIDES, "for bundles", "evidence.folder"
        )
    for text in loaded.config.targets:
        if text.startswith(_LAYOUT):
            place = loaded.folder / text.removeprefix(_LAYOUT)
            yield Room("target", place, _BESIDES + size, known, "targets")


def _image_size(loaded: LoadedConfig | None) -> int:
    """Return the bytes of an image that lies on this machine already; 0 where there is none yet."""
    build = loaded.config.build if loaded else None
    if not isinstance(build, PrebuiltBuild):
        return 0
    if build.archive is not None and build.archive.is_file():
        return build.archive.stat().st_size
    if build.layout is not None and build.layout.is_dir():
        blobs = (build.layout / "blobs").glob("*/*")
        return sum(blob.stat().st_size for blob in blobs if blob.is_file())
    return 0


def machine_now() -> Machine:
    """Return what this process may use now."""
    return this_machine()


def budget_wanted(config: Config | None) -> Wanted:
    """Return what the configuration allows of it."""
    if config is None:
        return Wanted(DEFAULT_PARALLEL)
    return Wanted(config.limits.parallel, config.limits.cores, config.limits.memory)

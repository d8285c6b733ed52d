"""What a CI system must have for the releases that a configuration describes."""

from dataclasses import dataclass
from pathlib import Path

from shipseal.config.load import LoadedConfig
from shipseal.config.sources import missing_sources
from shipseal.config.values import LAYOUT_PREFIX

GHCR, HUB = "ghcr.io", "docker.io"


@dataclass(frozen=True, slots=True)
class CiFacts:
    """What a job needs, and nothing that it does not.

    Attributes:
        config: path of the configuration in the repository.
        image: name of the image, without what stands before the last ``/``.
        builder: ``buildx``, ``buildah``, ``layers`` or ``prebuilt``.
        foreign: whether a platform is not ``linux/amd64``, so that a Dockerfile needs an emulator.
        registries: hosts of the targets, each once, without layouts.
        key: the key file that signs, relative to the repository; empty for keyless signing and for key services.
        keyless: whether the job signs as what it is.
        github_store: whether evidence goes to GitHub's attestations.
        sources: what has to be built before, relative to the repository.
    """

    config: str
    image: str
    builder: str
    foreign: bool
    registries: tuple[str, ...]
    key: str
    keyless: bool
    github_store: bool
    sources: tuple[str, ...]


def ci_facts(loaded: LoadedConfig, root: Path, *, keyless: bool) -> CiFacts:
    """Return what ``loaded`` needs.

    Args:
        loaded: the configuration.
        root: of the repository; paths are relative to it.
        keyless: whether it signs keyless.
    """
    config = loaded.config
    hosts = (
        target.partition("/")[0]
        for target in config.targets
        if not target.startswith(LAYOUT_PREFIX)
    )
    key = config.sign.key if not keyless and isinstance(config.sign.key, Path) else None
    store = config.evidence.github
    missing = (
        _shown(one.path, root)
        for one in missing_sources(loaded)
        if one.key.startswith(("build.layers", "build.layout", "build.archive"))
    )
    return CiFacts(
        config=_shown(loaded.path, root),
        image=config.image.rpartition("/")[2],
        builder=config.build.builder,
        foreign=any(str(one) != "linux/amd64" for one in config.platforms),
        registries=tuple(dict.fromkeys(hosts)),
        key=_shown(key, root) if key else "",
        keyless=keyless,
        github_store=store not in ("none", "auto")
        or (store == "auto" and keyless and config.sign.signing_config is None),
        sources=tuple(dict.fromkeys(missing)),
    )


def _shown(path: Path, root: Path) -> str:
    resolved, base = path.resolve(), root.resolve()
    return resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else str(path)

"""Files and folders that a configuration names and that are not there yet: a key to be made, an image to be built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal.config.load import LoadedConfig
from shipseal.config.model import Config
from shipseal.config.problems import KeyPath, key_text
from shipseal.config.section import Section

# What a release writes itself.
_WRITTEN = frozenset({"evidence.folder"})
# What is there only while a job runs.
_LATER = frozenset({"sign.token_file"})
_ADVICE: Mapping[str, str] = {
    "build.layout": "build the image first",
    "build.archive": "build the image first",
    "build.context": "correct build.context",
    "build.file": "write it, or name another one",
    "sign.key": "`shipseal key generate` makes one",
}
_DOCKERFILES = ("Dockerfile", "Containerfile")


@dataclass(frozen=True, slots=True)
class MissingSource:
    """A file or folder that is not there.

    Attributes:
        key: which key names it, as ``build.layers[0].files[0].from``.
        path: the absolute path.
        message: a sentence with what to do.
    """

    key: str
    path: Path
    message: str


def missing_sources(loaded: LoadedConfig) -> tuple[MissingSource, ...]:
    """Return everything that the configuration reads from this machine and that does not exist, in its order."""
    named = [*_paths(loaded.config, ()), *_dockerfile(loaded.config)]
    return tuple(
        _missing(loaded, key, path)
        for key, path in named
        if key not in _WRITTEN | _LATER and not path.exists()
    )


def _missing(loaded: LoadedConfig, key: str, path: Path) -> MissingSource:
    advice = _ADVICE.get(key, "build it first" if key.startswith("build.layers") else "")
    inside = path.is_relative_to(loaded.folder)
    shown = f"./{path.relative_to(loaded.folder).as_posix()}" if inside else str(path)
    place = loaded.sources.get(key, loaded.path.name)
    told = f"{place}: {key}: {shown} does not exist yet"
    return MissingSource(key, path, f"{told}: {advice}" if advice else told)


def _dockerfile(config: Config) -> Iterator[tuple[str, Path]]:
    """Yield the Dockerfile that is looked for where none is named, unless there is one."""
    context = getattr(config.build, "context", None)
    if context is None or getattr(config.build, "file", None) or not context.is_dir():
        return
    if not any((context / name).is_file() for name in _DOCKERFILES):
        yield "build.file", context / _DOCKERFILES[0]


def _paths(value: object, place: KeyPath) -> Iterator[tuple[str, Path]]:
    """Yield every path in ``value``, with the key that names it."""
    if isinstance(value, Path):
        yield key_text(place), value
    elif isinstance(value, Section):
        for name, field in type(value).model_fields.items():
            yield from _paths(getattr(value, name), (*place, field.alias or name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _paths(item, (*place, str(name)))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _paths(item, (*place, number))

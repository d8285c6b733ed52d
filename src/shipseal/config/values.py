"""The kinds of values in a configuration: how each is written, checked, and shown to people and editors.

Relative paths in a file are relative to the file's folder; the folder comes in through pydantic's validation context
under ``folder``, so that the model holds absolute paths only and nobody after it can get them wrong.
"""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)

from shipseal._internal.kms_names import is_kms_name, parse_kms_name
from shipseal.config.section import Shown
from shipseal.errors import ConfigError, ShipsealError
from shipseal.oci import Platform, Reference

FOLDER = "folder"
LAYOUT_PREFIX = "oci:"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_MOST = 36_525 * 86_400.0
_DURATION_LENGTH = 60
_TOO_LONG = "expected a duration of at most 36525d (a hundred years)"
_DURATION = r"(?:\d+(?:ms|s|m|h|d))+"
_PART = re.compile(r"(\d+)(ms|s|m|h|d)")
_SIZES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = r"\d{1,9}(?:KiB|MiB|GiB|TiB)"
_LEAST_MEMORY = 64 << 20
_IMAGE_FORM = "a lower-case name such as app or ghcr.io/org/app, without tag and digest"


def parse_duration(value: object) -> float:
    """Return the seconds that ``value`` states: ``90s``, ``5m``, ``1h30m``, ``5d``.

    Raises:
        ValueError: it has another form (a number alone has no unit), or is longer than a century.
    """
    if not isinstance(value, str) or not re.fullmatch(_DURATION, value):
        raise ValueError("expected a duration such as 90s, 5m, 1h30m or 5d")
    # Longer ones are a slip, and beyond what times can be reckoned with.
    if len(value) > _DURATION_LENGTH:
        raise ValueError(_TOO_LONG)
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    if seconds > _DURATION_MOST:
        raise ValueError(_TOO_LONG)
    return seconds


def format_duration(seconds: float | None) -> str:
    """Return ``seconds`` as a duration that :func:`parse_duration` reads; None is ``none``."""
    if seconds is None:
        return "none"
    for unit in ("d", "h", "m", "s"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{round(seconds * 1000)}ms" if seconds else "0s"


def parse_size(value: object) -> int:
    """Return the bytes that ``value`` states: ``512MiB``, ``4GiB``.

    Raises:
        ValueError: it has another form: a number alone has no unit.
    """
    if not isinstance(value, str) or not re.fullmatch(_SIZE, value):
        raise ValueError("expected a size such as 512MiB or 4GiB")
    return int(value[:-3]) * _SIZES[value[-3:]]


def format_size(size: int | None) -> str | None:
    """Return ``size`` bytes as :func:`parse_size` reads it; None is None."""
    if size is None:
        return None
    unit = next(name for name in reversed(_SIZES) if size % _SIZES[name] == 0)
    return f"{size // _SIZES[unit]}{unit}"


def _memory(value: object) -> int | None:
    if value is None:
        return None
    size = parse_size(value)
    if size < _LEAST_MEMORY:
        raise ValueError("expected at least 64MiB: no tool lives in less")
    return size


def _duration_or_none(value: object) -> float | None:
    if value is None or value == "none":
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        problem = str(error) if str(error) == _TOO_LONG else "expected a duration such as 5d"
        raise ValueError(f"{problem}, or none") from None


def absolute(text: str, folder: Path) -> str:
    """Return the path ``text`` made absolute against ``folder``; ``~/`` is the home folder.

    Raises:
        ValueError: it begins with ``~/``, and this user has no home folder.
    """
    if not text.startswith("~/"):
        return str((folder / text).resolve())
    try:
        home = Path.home()
    except RuntimeError as error:
        raise ValueError("~/ means nothing here: this user has no home folder (HOME)") from error
    return str((home / text.removeprefix("~/")).resolve())


def absolute_target(text: str, folder: Path) -> str:
    """Return ``text`` with the folder of an ``oci:`` target made absolute; other targets unchanged."""
    if not text.startswith(LAYOUT_PREFIX):
        return text
    return LAYOUT_PREFIX + absolute(text.removeprefix(LAYOUT_PREFIX), folder)


def absolute_program(text: str, folder: Path) -> str:
    """Return a program's path made absolute; a bare name is looked up on PATH and stays as it is."""
    return absolute(text, folder) if "/" in text else text


def _folder(info: ValidationInfo) -> Path:
    return Path((info.context or {}).get(FOLDER, "."))


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("expected a path")
    return Path(absolute(value, _folder(info)))


def _key(value: object, info: ValidationInfo) -> Path | str:
    if not isinstance(value, str) or not is_kms_name(value):
        return _path(value, info)
    try:
        return parse_kms_name(value).text
    except ConfigError as error:
        raise ValueError(f"{error.message}: {error.hint}") from error


def _path_or_input(value: object, info: ValidationInfo) -> Path:
    return Path("-") if value == "-" else _path(value, info)


def _program(value: str, info: ValidationInfo) -> str:
    return absolute_program(value, _folder(info))


def _target(value: object, info: ValidationInfo) -> str:
    """Return the normal form of a target, in which two spellings of one place are equal."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected a target: host/repository, or oci:FOLDER")
    if value.startswith(LAYOUT_PREFIX):
        if value == LAYOUT_PREFIX:
            raise ValueError("expected a folder after oci:")
        return absolute_target(value, _folder(info))
    if "/" not in value:
        raise ValueError("expected host/repository, such as ghcr.io/org/app")
    reference = _reference(value)
    if reference.tag or reference.digest:
        raise ValueError(
            "a target has no tag and no digest: those come from tags and from the image"
        )
    return reference.name


def _reference(text: str) -> Reference:
    try:
        return Reference.parse(text)
    except ShipsealError as error:
        raise ValueError(error.message) from error


def _pinned(value: str) -> str:
    reference = _reference(value)
    if reference.digest is None:
        raise ValueError(
            "expected a reference by digest (name@sha256:…): a tag can change meanwhile"
        )
    return str(reference)


def _base(value: str) -> str:
    return value if value == "scratch" else str(_reference(value))


def _image(value: str) -> str:
    try:
        reference = Reference.parse(value)
    except ShipsealError:
        raise ValueError(f"expected {_IMAGE_FORM}") from None
    if reference.tag or reference.digest:
        raise ValueError(f"expected {_IMAGE_FORM}")
    return value


def _platform(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a platform such as linux/amd64")
    try:
        platform = Platform.parse(value)
    except ShipsealError:
        raise ValueError("expected a platform such as linux/amd64 or linux/arm/v7") from None
    if "unknown" in (platform.os, platform.architecture):
        raise ValueError("unknown is no platform that an image can have")
    return str(platform)


def _source(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http", "ssh", "git+https", "git+ssh") or not parts.netloc:
        raise ValueError("expected a URL such as https://github.com/org/app")
    return value


def registry_host(value: object) -> str:
    """Return the normal form of a registry's host; ``index.docker.io`` is ``docker.io``.

    Raises:
        ValueError: it is no host.
    """
    if not isinstance(value, str) or "/" in value:
        raise ValueError("expected a host with an optional port, such as registry.example.org:5000")
    try:
        return Reference.parse(f"{value}/x/y").registry if _is_host(value) else _refuse_host()
    except ShipsealError:
        return _refuse_host()


def _is_host(text: str) -> bool:
    return text == "localhost" or "." in text or ":" in text


def _refuse_host() -> str:
    raise ValueError("expected a host with an optional port, such as registry.example.org:5000")


def _unquoted(value: object) -> object:
    """Let whole numbers stand for their text, as in ``PORT: 8080``; anything else that is no text must be quoted."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, Field(min_length=1), Shown("text")]
LooseText = Annotated[str, BeforeValidator(_unquoted), Shown("text")]
Flag = Annotated[bool, Strict(), Shown("true or false")]
Whole = Annotated[int, Strict(), Shown("number")]
FilePath = Annotated[
    Path,
    BeforeValidator(_path),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "minLength": 1}),
    Shown("path", is_path=True),
]
KeyName = Annotated[
    Path | str,
    BeforeValidator(_key),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "minLength": 1}),
    Shown("path, or name in a key service", is_path=True),
]
FileOrInput = Annotated[
    Path,
    BeforeValidator(_path_or_input),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "minLength": 1}),
    Shown("path, or - for standard input", is_path=True),
]
Program = Annotated[
    str, Field(min_length=1), AfterValidator(_program), Shown("program", is_path=True)
]
Target = Annotated[
    str,
    BeforeValidator(_target),
    WithJsonSchema({"type": "string", "pattern": "^(oci:.+|[^/]+/.+)$"}),
    Shown("target", is_path=True),
]
ImageName = Annotated[str, AfterValidator(_image), Shown("image name")]
PinnedReference = Annotated[str, AfterValidator(_pinned), Shown("reference by digest")]
BaseReference = Annotated[str, AfterValidator(_base), Shown("reference, or scratch")]
PlatformName = Annotated[
    str,
    BeforeValidator(_platform),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9]+/[a-z0-9_-]+(/[a-z0-9]+)?$"}),
    Shown("platform"),
]
SourceUrl = Annotated[str, AfterValidator(_source), Shown("URL")]
RegistryHost = Annotated[str, BeforeValidator(registry_host), WithJsonSchema({"type": "string"})]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$"}),
    Shown("duration"),
]
DurationOrNone = Annotated[
    float | None,
    BeforeValidator(_duration_or_none),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": f"^(none|{_DURATION})$"}),
    Shown("duration or none"),
]
MemoryOrNone = Annotated[
    int | None,
    BeforeValidator(_memory),
    PlainSerializer(format_size),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{_SIZE}$"}, {"type": "null"}]}),
    Shown("size"),
]


def without_duplicates(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return ``values``, all different in their normal form.

    Raises:
        ValueError: naming the first one that stands twice.
    """
    for number, value in enumerate(values):
        if value in values[:number]:
            raise ValueError(f"{value} stands here twice (in normal form)")
    return values

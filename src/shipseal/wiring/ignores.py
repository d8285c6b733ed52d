"""The ignore rules in force, from ``ignores:``."""

from collections.abc import Mapping
from pathlib import Path

from shipseal._internal.limits import CONFIG_FILE, read_limited
from shipseal._internal.progress import Reporter
from shipseal._internal.regular_file import open_file
from shipseal.config.load import FILE_NAME, LoadedConfig, load
from shipseal.errors import Code, ConfigError
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import IgnoreRule

DEFAULT = ".grype.yaml"


def ignore_rules(loaded: LoadedConfig, reporter: Reporter) -> tuple[IgnoreRule, ...]:
    """Return the rules of ``ignores.file``, or of ``.grype.yaml`` beside the configuration when there is one.

    Raises:
        ConfigError: the file that is named is not there, or is no file of rules.
    """
    named = loaded.config.ignores.file
    path = Path(named) if named else loaded.folder / DEFAULT
    return () if not named and not path.exists() else rules_in(path, reporter)


def rules_in(path: Path, reporter: Reporter) -> tuple[IgnoreRule, ...]:
    """Return the rules of a file that was named.

    Raises:
        ConfigError: it is not there, or is no file of rules.
    """
    found = read_ignores(_text(path), name=str(path))
    for remark in found.remarks:
        reporter.note(f"{path.name}, line {remark.line}: {remark.text}")
    if found.rules:
        reporter.note(f"{len(found.rules)} ignore rule(s) of {path.name} are in force")
    return found.rules


def ignores_asked(
    file: Path | None, config: Path | None, env: Mapping[str, str]
) -> tuple[Path, str]:
    """Return the file that a command on ignores is about, and its text.

    Args:
        file: the one that was named; else that of the configuration.
        config: the configuration that was named; None for the one in this folder, if there is one.
        env: the environment.

    Raises:
        ConfigError: a file that was named is not there, or cannot be read.
    """
    path = file or _configured(config, env)
    return path, _text(path)


def _configured(config: Path | None, env: Mapping[str, str]) -> Path:
    if config is None and not Path(FILE_NAME).exists():
        return Path(DEFAULT)
    loaded = load(config, env=env, overrides={})
    named = loaded.config.ignores.file
    return Path(named) if named else loaded.folder / DEFAULT


def _text(path: Path) -> str:
    try:
        with open_file(path) as stream:
            data = read_limited(stream, CONFIG_FILE, what=str(path), code=Code.CONFIG_INVALID)
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read: {error}",
            hint="mend it, or name another file with ignores.file",
        ) from error

"""The ignore rules in force, from ``ignores:``."""

from collections.abc import Mapping
from pathlib import Path

from shipseal._internal.limits import IGNORES_FILE, read_limited
from shipseal._internal.progress import Reporter
from shipseal._internal.regular_file import open_file
from shipseal.config.ignores_model import Ignores
from shipseal.config.load import FILE_NAME, LoadedConfig, load
from shipseal.errors import Code, ConfigError
from shipseal.ignores.justification import IgnoreTerms
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import IgnoreRule
from shipseal.wiring.gate import ignore_terms

DEFAULT = ".grype.yaml"


def ignore_rules(loaded: LoadedConfig, reporter: Reporter) -> tuple[IgnoreRule, ...]:
    """Return the rules of ``ignores.file``, or of ``.grype.yaml`` beside the configuration when there is one.

    Raises:
        ConfigError: the file that is named is not there, or is no file of rules.
    """
    path = configured_file(loaded)
    default = loaded.config.ignores.file is None
    return () if default and not path.exists() else rules_in(path, reporter)


def configured_file(loaded: LoadedConfig) -> Path:
    """Return the file of rules that a configuration names, or that stands beside it."""
    named = loaded.config.ignores.file
    return Path(named) if named else loaded.folder / DEFAULT


def rules_in(path: Path, reporter: Reporter) -> tuple[IgnoreRule, ...]:
    """Return the rules of a file that was named.

    Raises:
        ConfigError: it is not there, or is no file of rules.
    """
    found = read_ignores(text_of(path), name=str(path))
    for remark in found.remarks:
        reporter.note(f"{path.name}, line {remark.line}: {remark.text}")
    if found.rules:
        # Which of them are in force, the gate says: some may have ended or lack a justification.
        reporter.note(f"{len(found.rules)} ignore rule(s) in {path.name}")
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
    path = ignores_path(file, config, env)
    return path, text_of(path)


def ignores_path(file: Path | None, config: Path | None, env: Mapping[str, str]) -> Path:
    """Return the file that a command on ignores is about, whether it is there or not.

    Args:
        file: the one that was named; else that of the configuration.
        config: the configuration that was named; None for the one in this folder, if there is one.
        env: the environment.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    if file is not None:
        return file
    if config is None and not Path(FILE_NAME).exists():
        return Path(DEFAULT)
    return configured_file(load(config, env=env, overrides={}))


def terms_asked(config: Path | None, env: Mapping[str, str]) -> tuple[IgnoreTerms, float]:
    """Return what rules owe, and how many seconds before its end a rule is told of.

    Args:
        config: the configuration that was named; None for the one in this folder, or the defaults without one.
        env: the environment.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    found = Ignores()
    if config is not None or Path(FILE_NAME).exists():
        found = load(config, env=env, overrides={}).config.ignores
    return ignore_terms(found), found.warn_before


def text_of(path: Path) -> str:
    """Return the text of a file of rules.

    Raises:
        ConfigError: it is not there, or is no text; the line is named.
    """
    hint = "mend it, or name another file with ignores.file"
    try:
        with open_file(path) as stream:
            data = read_limited(stream, IGNORES_FILE, what=str(path), code=Code.CONFIG_INVALID)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}", hint=hint) from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: cannot be read: {error.reason}", hint=hint) from error

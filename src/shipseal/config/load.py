"""Read ``shipseal.yaml`` and what overrides it: the command line before the environment before the file.

Everything that is wrong is told at once, with file, line, key, value and what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from shipseal._internal.limits import CONFIG_FILE, read_limited
from shipseal._internal.regular_file import open_file
from shipseal.config.environment import Setting, from_environment, from_options
from shipseal.config.explain import Explainer
from shipseal.config.gate_model import Gate
from shipseal.config.locate import key_at, prefixes, value_at
from shipseal.config.model import Config, ScanPolicy
from shipseal.config.problems import ConfigProblems, KeyPath, Problem, key_text
from shipseal.config.secrets import secrets_in
from shipseal.config.sections import Verify
from shipseal.config.shape import Kind
from shipseal.config.values import FOLDER
from shipseal.config.yaml_tree import Tree, parse_yaml
from shipseal.errors import Code, ConfigError
from shipseal.oci import Digest, digest_of

FILE_NAME = "shipseal.yaml"
_POLICY = ("verify",)
_GATE = ("gate",)
_BEGIN_POLICY = "begin with `keys:` or `identities:`: whom the policy trusts"
_BEGIN_GATE = "begin with a key of gate:, such as `fail_on: critical`"
_NO_POLICY = "name the file with the policy, whose keys are those of a part of shipseal.yaml"
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration, and where it came from.

    Attributes:
        config: the effective values; paths are absolute.
        path: the file.
        digest: of the file's bytes; overriding values are not in it.
        sources: where each value that is no default came from, by key (``gate.fail_on``, ``targets[0]``):
            ``FILE:LINE``, a variable's name, an option's, or ``command line``.
    """

    config: Config
    path: Path
    digest: Digest
    sources: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """The folder of the file, which relative paths in it are relative to."""
        return self.path.parent


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy that stands alone.

    Attributes:
        policy: what is required.
        path: the file.
        digest: of the file's bytes.
    """

    policy: Verify
    path: Path
    digest: Digest


def load(
    path: Path | None,
    *,
    env: Mapping[str, str],
    overrides: Mapping[str, object],
    cwd: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Return the configuration.

    Args:
        path: the file; None for ``shipseal.yaml`` in ``cwd``.
        env: the environment; ``SHIPSEAL_*`` variables override the file.
        overrides: what the command line says, by key name (``gate.fail_on``); None means not given.
        cwd: what relative paths in ``env`` and ``overrides`` are relative to; default: the current folder.
        options: what the options are called that set ``overrides``, by key name: ``--wait``.

    Raises:
        ConfigProblems: ``config.invalid`` with everything that is wrong.
        ConfigError: ``config.invalid``: there is no such file, or it cannot be read.
    """
    folder = (cwd or Path.cwd()).resolve()
    path = folder / (path or FILE_NAME)
    shown = _shown(path, folder)
    data = _read(path, shown)
    tree = parse_yaml(data)
    settings, problems = from_environment(env, folder)
    if tree.problems:
        raise ConfigProblems(shown, [*tree.problems, *problems])
    settings += from_options(overrides, folder, options or {})
    origins = _merge(tree.value, settings)
    explainer = Explainer(tree, tree.value, origins)
    config = _validate(Config, path.parent, explainer, (shown, problems))
    return LoadedConfig(config, path, digest_of(data), _sources(path, tree, origins))


def load_policy(path: Path) -> LoadedPolicy:
    """Return a consumer's policy: a file with the keys of ``verify:`` at its top.

    Raises:
        ConfigProblems: everything that is wrong: ``policy.empty`` when it would let everything through, else
            ``config.invalid``.
        ConfigError: ``config.invalid``: there is no such file, or it cannot be read.
    """
    shown, path = path, path.absolute()
    data = _read(path, shown, _NO_POLICY)
    tree = parse_yaml(data, begin=_BEGIN_POLICY, empty=Code.POLICY_EMPTY)
    if tree.problems:
        raise ConfigProblems(shown, tree.problems)
    explainer = Explainer(tree, tree.value, {}, prefix=_POLICY)
    policy = _validate(Verify, path.parent, explainer, (shown, ()))
    return LoadedPolicy(policy, path, digest_of(data))


def load_scan_policy(path: Path) -> ScanPolicy:
    """Return what a scan is decided by: a file with the sections ``gate``, ``scan``, ``sbom`` and ``ignores``.

    A file with none of these sections has the keys of ``gate:`` at its top.

    Raises:
        ConfigProblems: ``config.invalid`` with everything that is wrong.
        ConfigError: ``config.invalid``: there is no such file, or it cannot be read.
    """
    shown, path = path, path.absolute()
    tree = parse_yaml(_read(path, shown, _NO_POLICY), begin=_BEGIN_GATE)
    if tree.problems:
        raise ConfigProblems(shown, tree.problems)
    if isinstance(tree.value, dict) and ScanPolicy.model_fields.keys() & tree.value.keys():
        explainer = Explainer(tree, tree.value, {})
        return _validate(ScanPolicy, path.parent, explainer, (shown, ()))
    explainer = Explainer(tree, tree.value, {}, prefix=_GATE)
    return ScanPolicy(gate=_validate(Gate, path.parent, explainer, (shown, ())))


def _shown(path: Path, folder: Path) -> Path:
    """Return the path as people and GitHub's annotations want it: without the folder that they are in."""
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _read(path: Path, shown: Path, no_such: str = "") -> bytes:
    try:
        with open_file(path) as stream:
            return read_limited(stream, CONFIG_FILE, what=str(shown), code=Code.CONFIG_INVALID)
    except FileNotFoundError:
        raise _not_found(path, shown, no_such) from None
    except OSError as error:
        raise ConfigError(
            f"{shown}: cannot be read: {error.strerror}",
            hint="name a file that you may read with --config",
            context={"file": str(shown)},
        ) from error


def _not_found(path: Path, shown: Path, no_such: str) -> ConfigError:
    other = path.with_suffix(".yml")
    found = other.name if path.name == FILE_NAME and other.exists() else ""
    hint = (
        f"rename {found} to {FILE_NAME}"
        if found
        else no_such or "`shipseal init` writes one; --config names one elsewhere"
    )
    return ConfigError(f"{shown}: no such file", hint=hint, context={"file": str(shown)})


def _validate(
    model: type[_Model],
    folder: Path,
    explainer: Explainer,
    told: tuple[Path, Sequence[Problem]],
) -> _Model:
    """Return the model of what is in ``folder``, or raise everything that is wrong.

    Args:
        model: which.
        folder: what relative paths in the file are relative to.
        explainer: has the value.
        told: how the file is called, and the problems that were found before.
    """
    shown, problems = told
    found = [*problems, *_without_value(explainer), *_secrets(explainer)]
    known = {problem.key for problem in found}
    try:
        config = model.model_validate(explainer.value, context={FOLDER: folder})
    except ValidationError as error:
        found += [problem for problem in explainer.explain(error) if problem.key not in known]
    else:
        if not found:
            return config
    raise ConfigProblems(shown, found)


def _secrets(explainer: Explainer) -> list[Problem]:
    return [
        explainer.problem_at(
            path,
            f"{kind} must not stand here",
            "give it in the environment, on standard input, in a file or in the Docker configuration, and replace it: "
            "whoever can read this has it",
        )
        for path, kind in secrets_in(explainer.value)
    ]


def _without_value(explainer: Explainer) -> list[Problem]:
    """Return the keys that stand there without a value; sections and lists without one count as not written."""
    found = []
    for path in list(explainer.tree.lines):
        key = key_at(path, explainer.prefix)
        parent = value_at(explainer.value, path[:-1])
        if key is None or not isinstance(parent, dict) or parent.get(path[-1], "") is not None:
            continue
        if key.shape.kind in (Kind.SECTION, Kind.LIST, Kind.MAPPING):
            del parent[path[-1]]
            continue
        hint = "write one, or remove the line: then the default holds"
        found.append(explainer.problem_at(path, "has no value", hint))
    return found


def _merge(value: object, settings: Sequence[Setting]) -> dict[KeyPath, str]:
    """Put ``settings`` into the file's ``value``, later ones over earlier ones, and return where they came from."""
    origins: dict[KeyPath, str] = {}
    for setting in settings:
        place = value
        for part in setting.path[:-1]:
            place = place.setdefault(part, {}) if isinstance(place, dict) else None
        # What is no mapping here is refused by the models, which say so better.
        if isinstance(place, dict):
            place[setting.path[-1]] = setting.value
            origins[setting.path] = setting.origin
    return origins


def _sources(path: Path, tree: Tree, origins: Mapping[KeyPath, str]) -> dict[str, str]:
    """Return where each single value came from."""
    written = {
        key_text(place): f"{path.name}:{line}"
        for place, line in tree.lines.items()
        if not isinstance(value_at(tree.value, place), dict | list)
        and not any(part in origins for part in prefixes(place))
    }
    return written | {key_text(place): origin for place, origin in origins.items()}

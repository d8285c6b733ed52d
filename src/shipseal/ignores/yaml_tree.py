"""A ``.grype.yaml`` as a tree of nodes with their places in the text: YAML alone, no rule yet."""

from typing import Any

from shipseal.errors import ConfigError

_HINT = "correct the YAML; Grype cannot read it either"


def load_tree(text: str, name: str) -> Any:
    """Return the values in ``text``, with the line of each key.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: it is no YAML; the line is named where it is known.
    """
    return _read(text, name, compose=False)


def compose_tree(text: str, name: str) -> Any:
    """Return the nodes of ``text``, each with the marks at which it begins and ends; None when there is none.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: it is no YAML; the line is named where it is known.
    """
    return _read(text, name, compose=True)


def _read(text: str, name: str, *, compose: bool) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import
    from ruamel.yaml.constructor import RoundTripConstructor  # noqa: PLC0415
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    class Plain(RoundTripConstructor):
        """Leaves dates as they are written: one that does not exist spoils its rule, not the file."""

    Plain.add_constructor("tag:yaml.org,2002:timestamp", Plain.construct_scalar)
    reader = YAML(typ="rt", pure=True)
    reader.Constructor = Plain
    try:
        return reader.compose(text) if compose else reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}" if mark else "?"
        problem = " ".join((error.problem or "cannot be read").split())
        raise ConfigError(f"{name}:{line}: {problem}", hint=_HINT) from error
    except (YAMLError, ValueError, RecursionError, AttributeError, TypeError) as error:
        # What is wrong with a character has its place alone, in characters from 0.
        at = getattr(error, "position", None)
        line = f":{text.count(chr(10), 0, at) + 1}" if isinstance(at, int) else ""
        told = " ".join(str(error).split())
        raise ConfigError(f"{name}{line}: cannot be read as YAML: {told}", hint=_HINT) from error

"""What the ``init`` commands for CI systems share: the configuration looked at, and a file written or printed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.output import say, tell
from shipseal.errors import ConfigError

if TYPE_CHECKING:
    from shipseal.config.ci_facts import CiFacts
    from shipseal.wiring.ci import Ground

Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
OnlyPrint = Annotated[bool, typer.Option("--print", help="Print it and write nothing.")]
Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml.")
]


def ground(config: Path | None) -> "Ground":
    """Return what ``config`` asks for.

    Raises:
        ConfigError: there is no configuration, or it is wrong.
    """
    from shipseal.wiring.ci import ground as made_for  # noqa: PLC0415 - not for --help

    return made_for(config, os.environ)


def put(
    made: "Ground", file: str, text: str, *, force: bool, only_print: bool, program: bool = False
) -> bool:
    """Write or print what was made; return whether it was written.

    Args:
        made: what it is for.
        file: its path in the repository.
        text: what it holds.
        force: whether it may replace a file.
        only_print: whether it is only printed.
        program: whether it can be run.

    Raises:
        ConfigError: there is such a file already.
    """
    from shipseal._internal.durable import write_atomic  # noqa: PLC0415 - not for --help

    if only_print:
        typer.echo(text, nl=False)
        return False
    path = made.root / file
    if path.exists() and not force:
        raise ConfigError(
            f"{file}: exists already and was not touched",
            hint="the same command with --print shows what would be written; --force replaces it",
            context={"file": file},
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, text.encode(), mode=0o755 if program else 0o644)
    say(f"wrote {file}")
    return True


def tell_secrets(names: tuple[str, ...], how: Callable[[str], str]) -> None:
    """Say which secrets somebody has to set, with a command for each."""
    for name in names:
        tell(f"next: {how(name)}")


def tell_sources(facts: "CiFacts") -> None:
    """Say what has to be built before, which nobody here knows how to do."""
    if facts.sources:
        tell(f"next: add the steps that make {', '.join(facts.sources)}; the file says where")

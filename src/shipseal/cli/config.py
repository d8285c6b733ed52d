"""``shipseal config``: check, show and describe the configuration."""

import os
from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.output import print_json, print_table, say, tell

app = typer.Typer(help="Check, show and describe the configuration.", no_args_is_help=True)

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def schema() -> None:
    """Print the JSON Schema of shipseal.yaml, for editors."""
    from shipseal.config.schema import config_schema  # noqa: PLC0415 - pydantic only when it is needed

    print_json(config_schema())


@app.command()
def check(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Say whether the configuration, with what the environment overrides, is correct.

    Files that it names and that are not there yet are noted; that is no fault of the configuration.
    """
    from shipseal.config.load import load  # noqa: PLC0415 - as above
    from shipseal.config.sources import missing_sources  # noqa: PLC0415

    loaded = load(config, env=os.environ, overrides={})
    missing = missing_sources(loaded)
    if as_json:
        notes = [{"key": one.key, "path": str(one.path), "message": one.message} for one in missing]
        print_json(
            {"valid": True, "file": str(loaded.path), "digest": loaded.digest, "notes": notes}
        )
        return
    say(f"{loaded.path}: correct ({loaded.digest})")
    for key, source in loaded.sources.items():
        if source.startswith("SHIPSEAL_"):
            say(f"  {key} comes from {source}")
    for one in missing:
        tell(f"note: {one.message}")


@app.command()
def show(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print every effective value and where it came from."""
    from shipseal.config.load import load  # noqa: PLC0415 - as above
    from shipseal.config.show import as_json as values  # noqa: PLC0415
    from shipseal.config.show import effective  # noqa: PLC0415

    loaded = load(config, env=os.environ, overrides={})
    if as_json:
        print_json(
            {
                "file": str(loaded.path),
                "digest": loaded.digest,
                "config": values(loaded),
                "sources": loaded.sources,
            }
        )
        return
    print_table(
        ["key", "value", "source"],
        [(item.key, item.value, item.source) for item in effective(loaded)],
    )

"""``shipseal init shell``: write a plain script that releases this repository's image."""

import typer

from shipseal.cli.init_ci import Config, Force, OnlyPrint, ground, put, tell_sources
from shipseal.cli.output import tell

app = typer.Typer(help="Write a plain script that releases this image.")


@app.command(
    help="Write release.sh for any other CI system, fit for the shipseal.yaml that is here."
)
def shell(*, config: Config = None, force: Force = False, only_print: OnlyPrint = False) -> None:
    """Write the script.

    Raises:
        ConfigError: there is no configuration, or the file is there already.
    """
    from shipseal.config.ci_shell import FILE, shell_script  # noqa: PLC0415 - not for --help

    made = ground(config)
    if put(made, FILE, shell_script(made.facts), force=force, only_print=only_print, program=True):
        tell_sources(made.facts)
        tell(f"next: ./{FILE} --check, then ./{FILE} 1.0.0")

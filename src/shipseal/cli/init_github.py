"""``shipseal init github``: write the workflow that releases this repository's image."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.given import as_given
from shipseal.cli.init_ci import Config, Force, OnlyPrint, ground, put, tell_secrets, tell_sources
from shipseal.cli.output import tell
from shipseal.errors import ConfigError

if TYPE_CHECKING:
    from shipseal.wiring.ci import Ground

app = typer.Typer(help="Write the workflow of GitHub Actions that releases this image.")
_ACTION = re.compile(r"(\./[\w./-]*|[\w.-]+/[\w.-]+(/[\w./-]+)?@[\w./-]+)", re.ASCII)
_COMMIT = re.compile(r".+@[0-9a-f]{40}|\./.*")


@app.command(help="Write .github/workflows/release.yml, fit for the shipseal.yaml that is here.")
def github(
    *,
    action: Annotated[
        str,
        typer.Option(
            "--action",
            metavar="OWNER/NAME@COMMIT",
            help="Where shipseal's action lies; default: where this shipseal comes from, at its commit.",
        ),
    ] = "",
    config: Config = None,
    force: Force = False,
    only_print: OnlyPrint = False,
) -> None:
    """Write the workflow, and say what is left to do.

    Raises:
        ConfigError: there is no configuration, the file is there already, or the action is not known.
    """
    from shipseal.config.ci_github import FILE, github_workflow, secrets_of  # noqa: PLC0415

    uses = _named(action) if action else _own()
    made = ground(config)
    text = github_workflow(made.facts, uses)
    if put(made, FILE, text, force=force, only_print=only_print):
        tell_secrets(secrets_of(made.facts), lambda name: f"`gh secret set {name}`")
        tell_sources(made.facts)
        _tell_identity(made, FILE)
        command = "`shipseal watch actions --job release --step Release`"
        tell(as_given(f"next: {command} looks whether it works"))


def _named(action: str) -> str:
    if not _ACTION.fullmatch(action):
        raise ConfigError(
            f"--action: {action[:200]!r} is no action", hint="write it as OWNER/NAME@COMMIT"
        )
    if not _COMMIT.fullmatch(action):
        tell(
            f"note: {action} is not pinned by commit: whoever can move that ref runs code in your releases"
        )
    return action


def _own() -> str:
    from shipseal.wiring.own_source import own_source  # noqa: PLC0415 - not for --help

    source = own_source()
    if not source.commit:
        raise ConfigError(
            "nothing says where this shipseal comes from, and so where its action is",
            hint="name it with --action OWNER/NAME@COMMIT",
        )
    name = source.url.removeprefix("https://").partition("/")[2].removesuffix(".git")
    if not source.sure:
        tell(
            f"note: this shipseal's repository has no remote: {name} is assumed; --action names another"
        )
    return f"{name}@{source.commit} # v{source.version}"


def _tell_identity(made: "Ground", file: str) -> None:
    """Say so when what the workflow signs as is not what is accepted."""
    named = [one.workflow for one in made.loaded.config.verify.identities if one.workflow]
    if made.facts.keyless and named and not any(file in one for one in named):
        tell(f"note: verify.identities accepts {', '.join(named)} and not {file}, which will sign")

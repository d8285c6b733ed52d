"""``shipseal init gitlab``: write the pipeline that releases this repository's image."""

from typing import Annotated

import typer

from shipseal.cli.init_ci import Config, Force, OnlyPrint, ground, put, tell_secrets, tell_sources
from shipseal.cli.output import tell
from shipseal.errors import ConfigError

app = typer.Typer(help="Write the pipeline of GitLab that releases this image.")


@app.command(help="Write .gitlab-ci.yml, fit for the shipseal.yaml that is here.")
def gitlab(
    *,
    source: Annotated[
        str,
        typer.Option(
            "--source",
            metavar="URL@COMMIT",
            help="Where shipseal's repository lies; default: where this shipseal comes from.",
        ),
    ] = "",
    config: Config = None,
    force: Force = False,
    only_print: OnlyPrint = False,
) -> None:
    """Write the pipeline, and say what is left to do.

    Raises:
        ConfigError: there is no configuration, the file is there already, or the source is not known.
    """
    from shipseal.config.ci_gitlab import FILE, gitlab_pipeline, variables_of  # noqa: PLC0415

    url, commit = _named(source) if source else _own()
    made = ground(config)
    text = gitlab_pipeline(made.facts, source=url, commit=commit)
    if put(made, FILE, text, force=force, only_print=only_print):
        tell_secrets(
            variables_of(made.facts),
            # GitLab masks single lines of 8 characters and more, and so no key file and not every user's name.
            lambda name: (
                f"set the CI/CD variable {name}, protected"
                + (", and masked" if name.endswith(("_TOKEN", "_PASSWORD")) else "")
            ),
        )
        tell_sources(made.facts)
        tell("next: protect the tags v*, so that they alone see protected variables")


def _named(source: str) -> tuple[str, str]:
    url, at, commit = source.rpartition("@")
    if not at or not url.startswith("https://") or not commit.isalnum():
        raise ConfigError(
            f"--source: {source[:200]!r} is none", hint="write it as https://HOST/PATH@COMMIT"
        )
    return url, commit


def _own() -> tuple[str, str]:
    from shipseal.wiring.own_source import own_source  # noqa: PLC0415 - not for --help

    found = own_source()
    if not found.commit:
        raise ConfigError(
            "nothing says where this shipseal comes from",
            hint="name it with --source https://HOST/PATH@COMMIT",
        )
    if not found.sure:
        tell(
            f"note: this shipseal's repository has no remote: {found.url} is assumed; --source names another"
        )
    return found.url, found.commit

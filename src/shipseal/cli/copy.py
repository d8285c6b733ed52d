"""`shipseal copy`: an image with its whole evidence, the same bytes, tagged only when it was verified there."""

from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.identity_options import TrustedRootFile, with_identity_options
from shipseal.cli.output import print_json
from shipseal.errors import Exit
from shipseal.wiring.identity_words import IdentityWords

app = typer.Typer(
    help="Copy an image with its evidence; tag it when it was verified there.", no_args_is_help=True
)


@app.command()
@with_identity_options
def copy(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="Image, or oci:DIR, oci:DIR:TAG, oci:DIR@sha256:…")
    ],
    destination: Annotated[
        str, typer.Argument(metavar="DST", help="Repository or oci:DIR, with a tag or without.")
    ],
    *,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            help="Tag of the copy; may be given several times. Default: that of DST, else that of SRC.",
        ),
    ] = None,
    move_tags: Annotated[
        bool,
        typer.Option(
            "--move-tags", help="Take tags that are no whole version from what they name there now."
        ),
    ] = False,
    platform: Annotated[
        str | None,
        typer.Option("--platform", help="Copy the image of this platform alone, not the index."),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="Public key (PEM) that is trusted; may be given several times."),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", "--predicate-type", help="Require this kind only, as in verify."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration whose verify part is the policy."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="File with the keys of verify at its top.")
    ] = None,
    trusted_root: TrustedRootFile = None,
    without_verification: Annotated[
        bool,
        typer.Option("--without-verification", help="Tag the copy although nobody verified it."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    who: IdentityWords,
) -> None:
    """Copy an image with all that is said of it: evidence, SBOMs, cosign's old tags, the record of its release.

    What is there already is not sent again. Exit status: 0 when it is there and tagged, 3 when its evidence does not
    hold there: then no tag names it; 4 or 5 when a place refused or could not be reached.
    """
    import os  # noqa: PLC0415 - imported when it is needed

    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.cli.copying import CopyAsked, run_copy  # noqa: PLC0415
    from shipseal.cli.copying_view import copy_json, print_copy  # noqa: PLC0415
    from shipseal.cli.verify_rules import Asked  # noqa: PLC0415

    rules = Asked(key or (), types or (), config, policy, who, trusted_root)
    asked = CopyAsked(
        source=source,
        destination=destination,
        tags=tuple(tags or ()),
        move_tags=move_tags,
        platform=platform,
        rules=rules,
        verify=not without_verification,
    )
    copied = run_copy(asked, os.environ, SystemClock())
    if as_json:
        print_json(copy_json(copied))
    else:
        print_copy(copied)
    raise typer.Exit(Exit.EVIDENCE if copied.result.verified is False else Exit.OK)

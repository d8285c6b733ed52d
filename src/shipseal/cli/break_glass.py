"""What a person may decide in spite of a gate, as options of ``release`` and ``release resume``."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shipseal.wiring.break_glass import GlassAsked

ReasonOption = Annotated[
    str | None,
    typer.Option(
        "--break-glass",
        metavar="REASON",
        help="Publish although the gate refuses, and say why: it is signed, and everybody sees it. "
        "Nothing but the gate is overridden.",
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--break-glass-until",
        metavar="DATE",
        help="With --break-glass: the last day on which the image counts in spite of that (UTC), or a time.",
    ),
]
PersonOption = Annotated[
    str | None,
    typer.Option(
        "--break-glass-by",
        metavar="PERSON",
        help="With --break-glass: who decides it; default: the actor of the job, else this user.",
    ),
]
UndecidedOption = Annotated[
    bool,
    typer.Option(
        "--break-glass-undecided",
        help="With --break-glass: it is meant for a gate, too, that could not decide.",
    ),
]


def asked_glass(
    reason: str | None, until: str | None, person: str | None, *, undecided: bool
) -> "GlassAsked | None":
    """Return what a person decided; None when nothing was.

    Raises:
        ConfigError: an option stands without the reason, or the end is not said.
    """
    if reason is None and until is None and person is None and not undecided:
        return None
    from shipseal.errors import ConfigError  # noqa: PLC0415 - rarely needed
    from shipseal.wiring.break_glass import GlassAsked  # noqa: PLC0415 - costs more than --help may

    if reason is None:
        raise ConfigError(
            "--break-glass-until, --break-glass-by and --break-glass-undecided go with --break-glass REASON",
            hint="say why: --break-glass 'INC-42: the fix breaks logins, mended on Monday'",
        )
    if until is None:
        raise ConfigError(
            "--break-glass: it is not said until when", hint="add --break-glass-until 2026-12-01"
        )
    return GlassAsked(reason, until, person, undecided)

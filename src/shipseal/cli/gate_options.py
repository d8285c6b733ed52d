"""Options about the gate that several commands have."""

from typing import Annotated

import typer

MustFix = Annotated[
    list[str] | None,
    typer.Option(
        "--must-fix",
        metavar="CVE",
        help="Refuse while this one is there, whatever its severity, ignored or not; may be given several times.",
    ),
]

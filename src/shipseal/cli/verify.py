"""`shipseal verify`: whether an image carries the evidence that is required of it. Exit 0 means that it does."""

from pathlib import Path
from typing import Annotated, Any

import typer

from shipseal.cli.output import print_json, say
from shipseal.errors import most_urgent

app = typer.Typer(
    help="Say whether an image carries the evidence that is required of it.", no_args_is_help=True
)


@app.command()
def verify(
    references: Annotated[
        list[str],
        typer.Argument(metavar="REF...", help="Image, or oci:DIR, oci:DIR:TAG, oci:DIR@sha256:…"),
    ],
    *,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="Public key (PEM) that is trusted; may be given several times."),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            "--predicate-type",
            help="Require this kind only: provenance, sbom, scan, seal, cosign's name of a type, or its URI; "
            "may be given several times.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration whose verify part is the policy."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="File with the keys of verify at its top.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every piece of evidence that was looked at.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify images: the index and every platform, each kind of evidence, at the digest that a tag names now.

    References with one digest are one image at several places. Exit status: 0 when everything that is required was
    verified, 3 when not, 4 or 5 when an image could not be read, 64 when nothing would be required.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - imported when it is needed
    from shipseal.attest.trust import trust_in_keys  # noqa: PLC0415
    from shipseal.cli.verify_places import by_digest, look  # noqa: PLC0415
    from shipseal.cli.verify_rules import Asked, rule_book  # noqa: PLC0415
    from shipseal.cli.verify_view import print_verdict  # noqa: PLC0415
    from shipseal.cli.working import working  # noqa: PLC0415
    from shipseal.verify.decide import decide  # noqa: PLC0415
    from shipseal.verify.policy import check_policy  # noqa: PLC0415

    rules = rule_book(Asked(key or (), types or (), config, policy))
    trust = trust_in_keys(rules.keys)
    check_policy(rules.policy, trust)
    clock = SystemClock()
    with working(f"verify {', '.join(references)}"):
        groups = by_digest([look(text, rules.hosts, clock) for text in references])
        verdicts = [
            decide(rules.policy, [place.collected for place in group], trust, now=clock.now())
            for group in groups
        ]
    if as_json:
        _print_json([verdict.to_json(explain=explain) for verdict in verdicts])
    else:
        for number, (group, verdict) in enumerate(zip(groups, verdicts, strict=True)):
            say() if number else None
            print_verdict(group, verdict, [str(path) for path in rules.keys], explain=explain)
    raise typer.Exit(most_urgent(verdict.exit for verdict in verdicts))


def _print_json(verdicts: list[dict[str, Any]]) -> None:
    """Print one verification as its own shape, and several, of different digests, as a list of these."""
    print_json(verdicts[0] if len(verdicts) == 1 else {"verifications": verdicts})

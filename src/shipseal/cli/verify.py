"""`shipseal verify`: whether an image carries the evidence that is required of it. Exit 0 means that it does."""

from pathlib import Path
from typing import Annotated, Any

import typer

from shipseal.cli.identity_options import Offline, TrustedRootFile, with_identity_options
from shipseal.cli.output import print_json, say
from shipseal.errors import most_urgent
from shipseal.wiring.identity_words import IdentityWords

app = typer.Typer(
    help="Say whether an image carries the evidence that is required of it.", no_args_is_help=True
)


@app.command()
@with_identity_options
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
    stores: Annotated[
        list[str] | None,
        typer.Option(
            "--store",
            help="Look for evidence there, too: github (of --repo), github:[HOST/]OWNER/NAME, or a folder with "
            "JSON lines; may be given several times.",
        ),
    ] = None,
    trusted_root: TrustedRootFile = None,
    offline: Offline = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every piece of evidence that was looked at.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    who: IdentityWords,
) -> None:
    """Verify images: the index and every platform, each kind of evidence, at the digest that a tag names now.

    References with one digest are one image at several places. Exit status: 0 when everything that is required was
    verified, 3 when not, 4 or 5 when an image could not be read, 64 when nothing would be required.
    """
    import os  # noqa: PLC0415 - imported when it is needed

    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.cli.bundle_view import root_json  # noqa: PLC0415
    from shipseal.cli.verify_places import by_digest, check_places, look  # noqa: PLC0415
    from shipseal.cli.verify_rules import Asked, rule_book  # noqa: PLC0415
    from shipseal.cli.verify_view import Shown, print_verdict  # noqa: PLC0415
    from shipseal.cli.working import working  # noqa: PLC0415
    from shipseal.verify.decide import decide  # noqa: PLC0415
    from shipseal.verify.policy import check_policy  # noqa: PLC0415
    from shipseal.wiring.evidence import SourcesAsked, evidence_sources  # noqa: PLC0415
    from shipseal.wiring.trust import open_trust  # noqa: PLC0415

    check_places(references, offline=offline)
    rules = rule_book(
        Asked(key or (), types or (), config, policy, who, trusted_root, offline=offline)
    )
    clock = SystemClock()
    opened = open_trust(rules.trust, os.environ, clock)
    check_policy(rules.policy, opened.trust)
    wanted = SourcesAsked(tuple(stores or ()), rules.trust.identities, offline=offline)
    further = evidence_sources(wanted, os.environ, clock)
    with working(f"verify {', '.join(references)}"):
        groups = by_digest(
            [look(text, rules.hosts, clock, further, explain=explain) for text in references]
        )
        verdicts = [
            decide(
                rules.policy, [place.collected for place in group], opened.trust, now=clock.now()
            )
            for group in groups
        ]
    if as_json:
        root = {"trustRoot": root_json(opened.root)} if opened.root else {}
        _print_json([verdict.to_json(explain=explain) | root for verdict in verdicts])
    else:
        shown = Shown(rules.trust, opened.root, explain=explain)
        for number, (group, verdict) in enumerate(zip(groups, verdicts, strict=True)):
            say() if number else None
            print_verdict(group, verdict, shown)
    raise typer.Exit(most_urgent(verdict.exit for verdict in verdicts))


def _print_json(verdicts: list[dict[str, Any]]) -> None:
    """Print one verification as its own shape, and several, of different digests, as a list of these."""
    print_json(verdicts[0] if len(verdicts) == 1 else {"verifications": verdicts})

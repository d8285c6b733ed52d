"""`shipseal verify`: whether an image carries the evidence that is required of it. Exit 0 means that it does."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.identity_options import Offline, TrustedRootFile, with_identity_options
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
    exports: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="DIR|TAR",
            help="Look here and nowhere else: what shipseal evidence export wrote; may be given several times.",
        ),
    ] = None,
    trust_exported_root: Annotated[
        bool,
        typer.Option(
            "--trust-exported-root",
            help="Believe whom the export's trusted root names; whoever made the export chose it.",
        ),
    ] = False,
    index_only: Annotated[
        bool,
        typer.Option(
            "--index-only",
            help="Require evidence of the index alone, which is what cosign and GitHub's action attest.",
        ),
    ] = False,
    trusted_root: TrustedRootFile = None,
    offline: Offline = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show every check with its inputs, and all evidence that was looked at.",
        ),
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
    from shipseal.cli.verify_exports import opened_exports  # noqa: PLC0415
    from shipseal.cli.verify_places import by_digest, check_places, look_around  # noqa: PLC0415
    from shipseal.cli.verify_rules import Asked, rule_book  # noqa: PLC0415
    from shipseal.cli.verify_view import Shown, print_verdicts, print_verdicts_json  # noqa: PLC0415
    from shipseal.cli.working import working  # noqa: PLC0415
    from shipseal.verify.decide import decide  # noqa: PLC0415
    from shipseal.verify.policy import check_policy  # noqa: PLC0415
    from shipseal.wiring.evidence import SourcesAsked, evidence_sources  # noqa: PLC0415
    from shipseal.wiring.trust import open_trust  # noqa: PLC0415

    clock = SystemClock()
    with opened_exports(exports or ()) as offered, working(f"verify {', '.join(references)}"):
        check_places(references, offline=offline and not offered)
        root = offered.chosen_root(trusted_root, trusted=trust_exported_root)
        asked = Asked(
            key or (),
            types or (),
            config,
            policy,
            who,
            root,
            offline=offline,
            index_only=index_only,
        )
        rules = rule_book(asked)
        opened = open_trust(rules.trust, os.environ, clock)
        check_policy(rules.policy, opened.trust)
        wanted = SourcesAsked(tuple(stores or ()), rules.trust.identities, offline=offline)
        further = evidence_sources(wanted, os.environ, clock)
        groups = by_digest(
            offered.look_around(references, opened.root, further, explain=explain)
            if offered
            else look_around(references, rules.hosts, clock, further, explain=explain)
        )
        judge = partial(decide, rules.policy, trust=opened.trust, explain=explain)
        verdicts = [
            judge([place.collected for place in group], now=clock.now()) for group in groups
        ]
    shown = Shown(rules.trust, opened.root, explain=explain)
    show = print_verdicts_json if as_json else print_verdicts
    show(groups, verdicts, shown)
    raise typer.Exit(most_urgent(verdict.exit for verdict in verdicts))

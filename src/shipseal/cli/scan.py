"""`shipseal scan`: what is vulnerable in an image or an SBOM, and whether a gate lets it pass."""

from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.gate_options import MustFix
from shipseal.cli.identity_options import Offline, TrustedRootFile

app = typer.Typer(
    help="Find the vulnerabilities of an image or an SBOM, and hold them against a gate.",
    no_args_is_help=True,
)


@app.command()
def scan(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="sbom:FILE (SPDX, Syft or CycloneDX JSON), an image, oci:DIR, an archive, or attested:IMAGE.",
        ),
    ],
    *,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT[=FILE]",
            help="table, json, grype-json, sarif, cyclonedx, vuln, markdown or html; may be given several times.",
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="auto, builtin, grype, or both: each scans, and where they differ is shown.",
        ),
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option(
            "--db", help="Advisory database of the built-in matcher; default: SHIPSEAL_DB."
        ),
    ] = None,
    max_age: Annotated[
        str | None,
        typer.Option("--max-age", help="How old the data may be to decide with: 5d, 36h, or any."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            "-f",
            help="Exit 2 for this severity and worse: negligible, low, medium, high, critical.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="Decide by this file, with the keys of gate at its top."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Decide as a release with this configuration does."),
    ] = None,
    ignores: Annotated[
        Path | None,
        typer.Option(
            "--ignores", help="File with ignore rules, such as .grype.yaml; read only when named."
        ),
    ] = None,
    vex: Annotated[
        list[Path] | None,
        typer.Option(
            "--vex",
            help="VEX of others: a bundle that somebody trusted signed (--key, --trust, --config), or: attested.",
        ),
    ] = None,
    accept_unsigned_vex: Annotated[
        bool,
        typer.Option("--accept-unsigned-vex", help="Believe --vex documents that nobody signed."),
    ] = False,
    must_fix: MustFix = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            help="File with an earlier scan: of what the gate refuses, only what that has not counts.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help="Base image, to tell whose a finding is; default: as the image's annotations say.",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--only", help="Show what is from here: app or base. The gate sees all."),
    ] = None,
    sbom: Annotated[
        Path | None,
        typer.Option(
            "--sbom",
            help="Scan this SBOM of the image in place of a new one; it must be of this image.",
        ),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option("--platform", help="One platform of the image, os/arch; default: all."),
    ] = None,
    show_passed: Annotated[
        bool, typer.Option("--show-passed", help="List what is below the gate in the table, too.")
    ] = False,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            "--key",
            help="For attested:IMAGE and --vex, a public key (PEM) that is trusted; may be given several times.",
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust", help="Likewise, a file with the keys of verify at its top: who is trusted."
        ),
    ] = None,
    certificate_identity: Annotated[
        str | None,
        typer.Option(
            "--certificate-identity", help="Likewise, the subject name of the certificate, exactly."
        ),
    ] = None,
    certificate_oidc_issuer: Annotated[
        str | None,
        typer.Option("--certificate-oidc-issuer", help="Issuer that vouches for it, exactly."),
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option("--repo", "-R", help="Likewise, the repository of the sources, OWNER/NAME."),
    ] = None,
    signer_workflow: Annotated[
        str | None,
        typer.Option(
            "--signer-workflow", help="Workflow that signed, [HOST/]OWNER/REPO/PATH[@REF]."
        ),
    ] = None,
    trusted_root: TrustedRootFile = None,
    offline: Offline = False,
) -> None:
    """Scan an SBOM, or an image by way of one, for known vulnerabilities.

    Exit status: 0 when it was scanned, whatever was found. With --fail-on, --policy, --must-fix or --config it is
    2 when the gate refuses, and 6 when it cannot decide: data too old, or a catalogue that may not be whole.
    """
    import os  # noqa: PLC0415 - imported when it is needed

    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.cli.scan_outputs import write_outputs  # noqa: PLC0415
    from shipseal.cli.scan_reporter import told  # noqa: PLC0415
    from shipseal.cli.scan_run import scan as run  # noqa: PLC0415
    from shipseal.cli.scan_wish import ScanWish, Trusted, checked, outputs_of  # noqa: PLC0415
    from shipseal.wiring.identity_words import IdentityWords  # noqa: PLC0415

    who = IdentityWords(
        certificate_identity=certificate_identity,
        certificate_oidc_issuer=certificate_oidc_issuer,
        repo=repo,
        signer_workflow=signer_workflow,
    )

    wish = checked(
        ScanWish(
            source=source,
            outputs=outputs_of(output or ()),
            engine=engine,
            db=db,
            max_age=max_age,
            fail_on=fail_on,
            policy=policy,
            config=config,
            ignores=ignores,
            base=base,
            must_fix=tuple(must_fix or ()),
            since=since,
            only=only,
            platform=platform,
            sbom=sbom,
            trusted=Trusted(tuple(key or ()), trust, who, trusted_root, offline=offline),
            vex=tuple(vex or ()),
            accept_unsigned_vex=accept_unsigned_vex,
        )
    )
    with told(source) as reporter:
        result = run(wish, SystemClock(), reporter)
    write_outputs(result.overview, wish.outputs, passed=show_passed)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from shipseal.cli.scan_actions import tell_actions  # noqa: PLC0415

        tell_actions(result.overview, os.environ)
    if result.problem is not None:
        raise result.problem

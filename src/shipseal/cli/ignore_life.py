"""The commands of `shipseal ignore` that change something, or prepare it: assess, add, prune, vex."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

Vulnerability = Annotated[
    str, typer.Argument(metavar="CVE", help="The id of a vulnerability: CVE-…, GHSA-…")
]
Source = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="A release or version, a file with scan results, sbom:FILE, attested:IMAGE or an image; default: the "
        "newest release.",
    ),
]
File = Annotated[
    Path | None,
    typer.Option("--file", help="File with ignore rules; default: ignores.file, else .grype.yaml."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="shipseal.yaml; default: the one in this folder, if any."),
]
Engine = Annotated[str | None, typer.Option("--engine", help="What scans: auto, builtin or grype.")]
Database = Annotated[
    Path | None, typer.Option("--db", help="Advisory database of the built-in matcher.")
]
Repo = Annotated[
    str,
    typer.Option(
        "--repo",
        "-R",
        help="Repository at GitHub, [HOST/]OWNER/NAME; default: the job's, else git's.",
    ),
]
Base = Annotated[
    str, typer.Option("--base", help="Branch that the pull request is for; default: GitHub's.")
]
Branch = Annotated[
    str,
    typer.Option("--branch", help="Branch that the change is made on; default: named after it."),
]
Local = Annotated[
    bool, typer.Option("--local", help="Change the file alone: no issue, no pull request.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def assess(
    vulnerability: Vulnerability,
    source: Source = None,
    *,
    file: File = None,
    config: Config = None,
    engine: Engine = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show what is known of one vulnerability: where it is, how bad, whether it is fixed. The exit status is 0."""
    from shipseal.cli.ignore_assess import assessment, print_assessment  # noqa: PLC0415 - as needed
    from shipseal.cli.ignore_source import SourceWish  # noqa: PLC0415

    wish = SourceWish(source, config, engine, db)
    with _surroundings() as (env, clock, reporter):
        document = assessment(vulnerability, wish, file, env=env, clock=clock, reporter=reporter)
    _show(document, print_assessment, as_json=as_json)


def add(
    vulnerability: Vulnerability,
    source: Source = None,
    *,
    impact: Annotated[
        str, typer.Option("--impact", help="What it can do here, and why that is acceptable.")
    ] = "",
    description: Annotated[
        str, typer.Option("--description", help="What it is; default: as the advisory says.")
    ] = "",
    component: Annotated[
        str, typer.Option("--component", help="Where it is; default: as the finding says.")
    ] = "",
    tracking: Annotated[
        str, typer.Option("--tracking", help="URL of upstream's issue; default: of the advisory.")
    ] = "",
    remove_when: Annotated[
        str, typer.Option("--remove-when", help="When it can go; default: with the fixed version.")
    ] = "",
    expires: Annotated[
        str, typer.Option("--expires", help="When it ends: 2026-05-31, or 30d.")
    ] = "",
    owner: Annotated[str, typer.Option("--owner", help="Who answers for it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Grype's own key: why.")] = "",
    not_affected: Annotated[
        str,
        typer.Option(
            "--not-affected",
            metavar="JUSTIFICATION",
            help="It does no harm, for one of OpenVEX's reasons: vulnerable_code_not_in_execute_path, …",
        ),
    ] = "",
    package: Annotated[
        list[str] | None,
        typer.Option(
            "--package", help="Only in this package; several times; default: all that have it."
        ),
    ] = None,
    package_version: Annotated[
        str, typer.Option("--package-version", help="Only in this version; default: every one.")
    ] = "",
    issue: Annotated[
        str, typer.Option("--issue", help="URL of a tracking issue that is there; none is opened.")
    ] = "",
    label: Annotated[
        str, typer.Option("--label", help="Label of the tracking issue.")
    ] = "vulnerability-ignore",
    replace: Annotated[
        bool, typer.Option("--replace", help="Renew or change one that is in force.")
    ] = False,
    without_finding: Annotated[
        bool, typer.Option("--without-finding", help="Add it although nothing has been found.")
    ] = False,
    file: File = None,
    config: Config = None,
    engine: Engine = None,
    db: Database = None,
    repo: Repo = "",
    base: Base = "",
    branch: Branch = "",
    local: Local = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Ignore a vulnerability for a time: write the entry, open its tracking issue and a pull request.

    What is not said is asked on a terminal. Without a token (GH_TOKEN) issue and pull request are printed.
    """
    from shipseal.cli.ignore_add import AddWish, ProposalWish  # noqa: PLC0415 - as needed
    from shipseal.cli.ignore_add import add as run  # noqa: PLC0415
    from shipseal.cli.ignore_change_view import print_added  # noqa: PLC0415
    from shipseal.cli.ignore_source import SourceWish  # noqa: PLC0415
    from shipseal.exceptions.draft import Draft  # noqa: PLC0415

    draft = Draft(
        vulnerability=vulnerability,
        description=description,
        impact=impact,
        component=component,
        tracking=tracking,
        remove_when=remove_when,
        issue=issue,
        owner=owner,
        reason=reason,
        packages=tuple(package or ()),
        version=package_version,
        not_affected=not_affected,
    )
    wish = AddWish(
        draft=draft,
        source=SourceWish(source, config, engine, db),
        file=file,
        expires=expires,
        replaces=replace,
        without_finding=without_finding,
        label=label,
        where=ProposalWish(repo, base, branch, local=local, dry_run=dry_run),
    )
    with _surroundings() as (env, clock, reporter):
        document = run(wish, env, clock, reporter, None if as_json else _asker())
    _show(document, print_added, as_json=as_json)


def prune(
    source: Source = None,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="Only what is expired, unmatched, fixed or released; several times."
        ),
    ] = None,
    vulnerability: Annotated[
        list[str] | None, typer.Option("--vulnerability", help="Only entries for this one.")
    ] = None,
    close_now: Annotated[
        bool, typer.Option("--close-now", help="Close the issues at once, not by the merge.")
    ] = False,
    file: File = None,
    config: Config = None,
    engine: Engine = None,
    db: Database = None,
    repo: Repo = "",
    base: Base = "",
    branch: Branch = "",
    local: Local = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take out ignores that are over: fixed, matched by nothing, expired, or fixed upstream.

    The pull request closes their issues and has the lines that update the packages. The exit status is 0.
    """
    from shipseal.cli.ignore_add import ProposalWish  # noqa: PLC0415 - as needed
    from shipseal.cli.ignore_change_view import print_pruned  # noqa: PLC0415
    from shipseal.cli.ignore_prune import PruneWish  # noqa: PLC0415
    from shipseal.cli.ignore_prune import prune as run  # noqa: PLC0415
    from shipseal.cli.ignore_source import SourceWish  # noqa: PLC0415

    wish = PruneWish(
        source=SourceWish(source, config, engine, db),
        file=file,
        only=tuple(only or ()),
        vulnerabilities=tuple(vulnerability or ()),
        close_now=close_now,
        where=ProposalWish(repo, base, branch, local=local, dry_run=dry_run),
    )
    with _surroundings() as (env, clock, reporter):
        document = run(wish, env, clock, reporter)
    _show(document, print_pruned, as_json=as_json)


def vex(
    source: Source = None,
    *,
    form: Annotated[str, typer.Option("--format", help="openvex or cyclonedx.")] = "openvex",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; default: standard output.")
    ] = None,
    author: Annotated[
        str, typer.Option("--author", help="Who says it; default: the image's name.")
    ] = "",
    attest: Annotated[
        bool, typer.Option("--attest", help="Sign it as the release and store it beside the image.")
    ] = False,
    file: File = None,
    config: Config = None,
    engine: Engine = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Write the ignores in force as a VEX document; an accepted risk is told as affected, with what is done."""
    from shipseal.cli.ignore_source import SourceWish  # noqa: PLC0415 - as needed
    from shipseal.cli.ignore_vex import VexWish, print_vex  # noqa: PLC0415
    from shipseal.cli.ignore_vex import vex as run  # noqa: PLC0415

    wish = VexWish(
        source=SourceWish(source, config, engine, db),
        file=file,
        format=form,
        output=output,
        author=author,
        attest=attest,
    )
    with _surroundings() as (env, clock, reporter):
        document = run(wish, env, clock, reporter)
    _show(document, print_vex, as_json=as_json)


def _surroundings() -> Any:
    """Give the environment, the clock, and who hears of progress, for the time of a ``with`` block."""
    import contextlib  # noqa: PLC0415 - as needed
    import os  # noqa: PLC0415

    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.cli.scan_reporter import NoteReporter  # noqa: PLC0415

    return contextlib.nullcontext((os.environ, SystemClock(), NoteReporter()))


def _asker() -> Any:
    """Return what asks the person at the terminal; None when there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(question: str, default: str) -> str:
        answer: str = typer.prompt(
            question, default=default or "", err=True, show_default=bool(default)
        )
        return answer.strip()

    return ask


def _show(document: Mapping[str, Any], view: Any, *, as_json: bool) -> None:
    if not as_json:
        view(document)
        return
    from shipseal.cli.output import print_json  # noqa: PLC0415 - as needed

    print_json(document)

"""`shipseal release`: the six steps as one transaction, and what can be asked of releases afterwards."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.break_glass import (
    PersonOption,
    ReasonOption,
    UndecidedOption,
    UntilOption,
    asked_glass,
)
from shipseal.cli.failure import readers_may_leave
from shipseal.cli.gate_options import MustFix
from shipseal.cli.output import print_json, tell
from shipseal.cli.release_checklist import HELP, checklist
from shipseal.cli.release_gc import gc
from shipseal.cli.release_rollback import rollback

if TYPE_CHECKING:
    from shipseal.wiring.break_glass import GlassAsked

app = typer.Typer(
    invoke_without_command=True,
    help="Take an image from build to moved tags, all or nothing.",
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Do everything but upload and sign; the exit status is the release's."
    ),
]
WaitOption = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="DURATION",
        help="When an outage holds it: wait so long for its end, such as 2h, and go on by itself.",
    ),
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Release (shipseal release list).")]


@app.callback()
def release(
    ctx: typer.Context,
    *,
    version: Annotated[
        str | None, typer.Option("--version", help="Version; default: the configuration's.")
    ] = None,
    config: ConfigOption = None,
    dry_run: DryRunOption = False,
    break_glass: ReasonOption = None,
    break_glass_until: UntilOption = None,
    break_glass_by: PersonOption = None,
    break_glass_undecided: UndecidedOption = False,
    must_fix: MustFix = None,
    wait: WaitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build, stage, catalogue, scan, gate, attest, verify and promote; or go on where an earlier run stopped."""
    if ctx.invoked_subcommand is None:
        glass = asked_glass(
            break_glass, break_glass_until, break_glass_by, undecided=break_glass_undecided
        )
        _run(
            version=version,
            config=config,
            dry_run=dry_run,
            as_json=as_json,
            glass=glass,
            must_fix=must_fix,
            wait=wait,
        )


@app.command()
def resume(
    identifier: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Which; default: the only unfinished one.")
    ] = None,
    *,
    version: Annotated[
        str | None,
        typer.Option(
            "--version",
            help="On a machine without its journal: the release's version; a target must know of it.",
        ),
    ] = None,
    config: ConfigOption = None,
    break_glass: ReasonOption = None,
    break_glass_until: UntilOption = None,
    break_glass_by: PersonOption = None,
    break_glass_undecided: UndecidedOption = False,
    must_fix: MustFix = None,
    wait: WaitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a release that was interrupted, held, or partly promoted: only what is missing is done."""
    glass = asked_glass(
        break_glass, break_glass_until, break_glass_by, undecided=break_glass_undecided
    )
    if version is not None:
        # Its id follows from version and configuration, and its evidence lies at the targets.
        _run(
            version=version,
            config=config,
            dry_run=False,
            as_json=as_json,
            traced=not _is_here(version, config),
            glass=glass,
            must_fix=must_fix,
            wait=wait,
        )
        return
    from shipseal.cli.release_view import tell_unreadable  # noqa: PLC0415 - costs more than --help may
    from shipseal.release.known import survey, unfinished  # noqa: PLC0415
    from shipseal.wiring.state import state_folder  # noqa: PLC0415

    state = state_folder(config, os.environ)
    found = unfinished(state, identifier)
    if not identifier:
        tell_unreadable(survey(state))
    plan = found.state.plan
    version = plan.version if plan else None
    _run(
        version=version,
        config=config,
        dry_run=False,
        as_json=as_json,
        resumed=found.identifier,
        glass=glass,
        must_fix=must_fix,
        wait=wait,
    )


def _is_here(version: str, config: Path | None) -> bool:
    """Return whether this machine has a journal of a version; where it has none, say whence the release goes on."""
    from shipseal.release.folders import is_id_of  # noqa: PLC0415 - costs more than --help may
    from shipseal.release.known import survey  # noqa: PLC0415
    from shipseal.wiring.state import state_folder  # noqa: PLC0415

    there = survey(state_folder(config, os.environ))
    if any(one.state.plan and one.state.plan.version == version for one in there.releases):
        return True
    if any(is_id_of(one.release, version) for one in there.unreadable):
        return True
    tell(
        f"note: this machine has no release of {version}: it goes on from what was signed and lies at the targets"
    )
    return False


@app.command("list")
def list_releases(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the releases of this machine, and its rollbacks."""
    from shipseal.cli.release_view import print_list, survey_json  # noqa: PLC0415
    from shipseal.cli.rollback_view import print_summaries  # noqa: PLC0415
    from shipseal.release.known import survey  # noqa: PLC0415
    from shipseal.release.rollback.known import known_rollbacks  # noqa: PLC0415
    from shipseal.release.rollback.result import summary_of  # noqa: PLC0415
    from shipseal.wiring.state import state_folder  # noqa: PLC0415

    state = state_folder(config, os.environ)
    found = survey(state)
    rollbacks = [summary_of(one) for one in known_rollbacks(state, tell)]
    if as_json:
        print_json({**survey_json(found), "rollbacks": [one.to_json() for one in rollbacks]})
    else:
        print_list(found)
        print_summaries(rollbacks)


@app.command()
def show(
    identifier: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID|VERSION]", help="Which; of a version the newest. Default: the latest."
        ),
    ] = None,
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one release: how it stands, what was found, where its evidence lies, what it did, and what is wrong."""
    from shipseal.cli.release_view import (  # noqa: PLC0415
        known_json,
        print_known,
        tell_unreadable,
    )
    from shipseal.release.known import find, survey  # noqa: PLC0415
    from shipseal.wiring.state import state_folder  # noqa: PLC0415

    state = state_folder(config, os.environ)
    there = None if identifier else survey(state)
    found = there.latest() if there else find(state, identifier or "")
    if there:
        tell_unreadable(there)
    if as_json:
        print_json(known_json(found))
    else:
        print_known(found, state)


app.command(help=HELP)(checklist)
app.command()(rollback)
app.command()(gc)


@app.command()
def abort(
    identifier: IdArgument, *, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Give a release up, and say what stays at the targets."""
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.cli.release_view import print_what_stays  # noqa: PLC0415
    from shipseal.release.session import abort as give_up  # noqa: PLC0415
    from shipseal.wiring.state import state_folder  # noqa: PLC0415

    found = give_up(state_folder(config, os.environ), identifier, SystemClock())
    if as_json:
        print_json(found.result().to_json())
        return
    print_what_stays(found.result())


def _run(
    *,
    version: str | None,
    config: Path | None,
    dry_run: bool,
    as_json: bool,
    resumed: str | None = None,
    traced: bool = False,
    glass: "GlassAsked | None" = None,
    must_fix: list[str] | None = None,
    wait: str | None = None,
) -> None:
    from shipseal._internal.arenas import one_arena  # noqa: PLC0415
    from shipseal._internal.clock import SteadyClock, SystemClock  # noqa: PLC0415
    from shipseal.cli.passwords import ask_password  # noqa: PLC0415
    from shipseal.cli.release_actions import tell_actions  # noqa: PLC0415
    from shipseal.cli.release_findings import print_findings  # noqa: PLC0415
    from shipseal.cli.release_view import print_result  # noqa: PLC0415
    from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415
    from shipseal.release.session import run  # noqa: PLC0415
    from shipseal.wiring.release import Wish, release_setup  # noqa: PLC0415
    from shipseal.wiring.surroundings import Surroundings  # noqa: PLC0415

    one_arena()
    clock = SteadyClock(SystemClock())
    with TerminalReporter(sys.stderr, os.environ, clock) as reporter:
        around = Surroundings(os.environ, clock, reporter, ask_password)
        wish = Wish(version, config, dry_run, resumed, traced, glass, tuple(must_fix or ()), wait)
        setup = release_setup(wish, around)
        try:
            ended = run(setup)
        finally:
            for target in setup.parts.targets:
                target.close()
    result, results = ended.result, ended.results
    with readers_may_leave():
        if as_json:
            print_json(result.to_json())
        else:
            print_result(result)
            print_findings(results)
    tell_actions(result, results, os.environ)
    raise typer.Exit(result.exit)

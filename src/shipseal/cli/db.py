"""``shipseal db``: the advisories of the built-in matcher: fetch, import, share and check them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.output import is_live, print_json, tell

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter
    from shipseal.advisories.updating import Changed

app = typer.Typer(
    help="Fetch, import, share and check the advisories of the built-in matcher.",
    no_args_is_help=True,
)

_PLACE = "Database, a file, or a folder that is there; default: SHIPSEAL_DB, else the user's own."
DbOption = Annotated[Path | None, typer.Option("--db", metavar="PATH", help=_PLACE)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Begin anew: what the database holds now is left out.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="shipseal.yaml: how hosts are reached, where to fetch."),
]
Reference = Annotated[
    str, typer.Argument(metavar="REF", help="REGISTRY/NAME[:TAG|@DIGEST], or oci:DIR[:TAG].")
]


@app.command()
def update(
    *,
    db: DbOption = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="URL",
            help="Address below which ECOSYSTEM/all.zip lies; several are mirrors, tried in turn.",
        ),
    ] = None,
    ecosystem: Annotated[
        list[str] | None,
        typer.Option("--ecosystem", metavar="NAME", help="OSV's name; may be given several times."),
    ] = None,
    kev: Annotated[
        list[str] | None,
        typer.Option("--kev", metavar="URL", help="CISA's catalogue, or none; mirrors, likewise."),
    ] = None,
    epss: Annotated[
        list[str] | None,
        typer.Option("--epss", metavar="URL", help="EPSS scores, or none; mirrors, likewise."),
    ] = None,
    fresh: Fresh = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Fetch what has changed since the last time.

    Only what is new is sent. Nothing changes unless everything could be fetched and read; the database before it is
    kept. Addresses and ecosystems: advisories in shipseal.yaml, or the options.
    """
    from shipseal.cli.db_work import FeedWords, update_database  # noqa: PLC0415 - when it is needed

    words = FeedWords(source, ecosystem, kev, epss)
    with _reporter() as reporter:
        changed = update_database(
            db, words, os.environ, config=config, reporter=reporter, fresh=fresh
        )
    _show(changed, as_json=as_json)


@app.command(name="import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="OSV as JSON, JSON lines or YAML, plain, gzip or zip; KEV as JSON; EPSS as CSV; or folders of these.",
        ),
    ],
    *,
    db: DbOption = None,
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Add what files and folders hold; a newer record replaces an older one of the same id."""
    from shipseal.advisories.updating import import_files  # noqa: PLC0415 - as above
    from shipseal.cli.db_work import store_for  # noqa: PLC0415

    with _reporter() as reporter:
        changed = import_files(store_for(db, os.environ), files, reporter, fresh=fresh)
    _show(changed, as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the database goes.")],
    *,
    db: DbOption = None,
    as_json: AsJson = False,
) -> None:
    """Write the database to a file, to be carried elsewhere: it is known to be whole wherever it is opened."""
    from shipseal.cli.db_view import print_export  # noqa: PLC0415 - as above
    from shipseal.cli.db_work import export_database, facts_of  # noqa: PLC0415

    database = facts_of(db, os.environ)
    if database.passed_over:
        tell(f"note: {database.passed_over}")
    size = export_database(database, file)
    if as_json:
        print_json({"file": str(file), "digest": database.digest, "bytes": size})
    else:
        print_export(file, database.digest, size)


@app.command()
def pull(
    reference: Reference,
    *,
    db: DbOption = None,
    older: Annotated[
        bool, typer.Option("--older", help="Take it even if it is older than the one that is here.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Take the database that lies in a registry. One that is older than the one here is refused, exit 6."""
    from shipseal.cli.db_work import pull_into  # noqa: PLC0415 - as above

    with _reporter() as reporter:
        changed = pull_into(
            reference, db, os.environ, config=config, reporter=reporter, older=older
        )
    _show(changed, as_json=as_json)


@app.command()
def push(
    reference: Reference,
    *,
    db: DbOption = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Store the database in a registry, as an artifact whose one layer is the file itself."""
    from shipseal.cli.db_view import print_push  # noqa: PLC0415 - as above
    from shipseal.cli.db_work import push_from  # noqa: PLC0415

    with _reporter() as reporter:
        pushed = push_from(reference, db, os.environ, config=config, reporter=reporter)
    if as_json:
        print_json(pushed.to_json())
    else:
        print_push(pushed)


@app.command()
def status(*, db: DbOption = None, as_json: AsJson = False) -> None:
    """Say which database is used, how old it is, and what it holds."""
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - as above
    from shipseal.cli.db_json import status_json  # noqa: PLC0415
    from shipseal.cli.db_view import print_status  # noqa: PLC0415
    from shipseal.cli.db_work import facts_of  # noqa: PLC0415

    database, now = facts_of(db, os.environ), SystemClock().now()
    if as_json:
        print_json(status_json(database, now))
    else:
        print_status(database, now)


@app.command()
def verify(*, db: DbOption = None, as_json: AsJson = False) -> None:
    """Read all of the database: whether it is whole, and what of it cannot be compared exactly.

    Exit status: 0 when it is whole, 6 when it is not.
    """
    from shipseal.advisories.verifying import verify_database  # noqa: PLC0415 - as above
    from shipseal.cli.db_json import verify_json  # noqa: PLC0415
    from shipseal.cli.db_view import print_verified  # noqa: PLC0415
    from shipseal.cli.db_work import facts_of  # noqa: PLC0415
    from shipseal.cli.working import working  # noqa: PLC0415

    with working("verify the advisory database"):
        verified = verify_database(facts_of(db, os.environ))
    if as_json:
        print_json(verify_json(verified))
    else:
        print_verified(verified)


@app.command()
def compare(
    ecosystem: Annotated[
        str, typer.Argument(metavar="ECOSYSTEM", help="OSV's name: PyPI, npm, Debian, Alpine, …")
    ],
) -> None:
    """Compare versions: tab-separated pairs on standard input, -1, 0, 1 or an error on each line of the output."""
    from shipseal.advisories.ordering import comparison_line  # noqa: PLC0415 - as above

    for line in sys.stdin.buffer:
        pair = line.rstrip(b"\r\n").decode("utf-8", "replace").split("\t")
        if len(pair) == len(("left", "right")):
            answer = comparison_line(ecosystem, *pair)
        else:
            answer = (
                f"error: expected two versions with a tab between them, got {len(pair)} field(s)"
            )
        sys.stdout.write(f"{answer}\n")


@contextmanager
def _reporter() -> "Iterator[Reporter]":
    """Show progress on a terminal; in a pipe only what a person must know."""
    from shipseal.cli.db_progress import QuietReporter  # noqa: PLC0415 - as above

    if is_live(sys.stderr):
        from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415

        with TerminalReporter() as reporter:
            yield reporter
    else:
        yield QuietReporter()


def _show(changed: "Changed", *, as_json: bool) -> None:
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - as above
    from shipseal.cli.db_json import changed_json  # noqa: PLC0415
    from shipseal.cli.db_view import print_changed  # noqa: PLC0415
    from shipseal.cli.db_work import facts_of  # noqa: PLC0415

    database, now = facts_of(changed.path, os.environ), SystemClock().now()
    if as_json:
        print_json(changed_json(changed, database, now))
    else:
        print_changed(changed, database, now)

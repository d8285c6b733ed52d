"""How advisory databases are shown to people."""

from datetime import datetime
from pathlib import Path

from shipseal._internal.clock import rfc3339
from shipseal.advisories.facts import DatabaseFacts
from shipseal.advisories.review import Review
from shipseal.advisories.stored import moment_of
from shipseal.advisories.updating import Changed
from shipseal.advisories.verifying import Verified
from shipseal.cli.columns import Column
from shipseal.cli.db_json import age_of
from shipseal.cli.db_work import Pushed
from shipseal.cli.output import print_table, say, say_wrapped, size_text, tell
from shipseal.scan.database_age import age_text


def print_status(database: DatabaseFacts, now: datetime) -> None:
    """Print which database it is, how old, and what it holds."""
    meta = database.meta
    say(f"database  {database.file}  ({size_text(database.size)})")
    say(f"digest    {database.digest}")
    say(f"built     {_age(database, now)}")
    rows = [
        (name, f"{one.records:,}", _moment(moment_of(one.newest)))
        for name, one in meta.ecosystems.items()
    ]
    columns = ("ecosystem", Column("records", right=True), Column("newest", fixed=True))
    print_table(columns, rows, title=f"{meta.records:,} records, {meta.withdrawn} withdrawn")
    for name, table, day in (("KEV", meta.kev, database.kev), ("EPSS", meta.epss, database.epss)):
        if table is None:
            say(f"{name:<5} none")
        else:
            say(f"{name:<5} {table.entries:,} entries of {day or 'an unknown day'}")
    for note in database.notes:
        say_wrapped(f"note: {note}")


def print_changed(changed: Changed, database: DatabaseFacts, now: datetime) -> None:
    """Print what was read, and what is used from now on."""
    rows = [
        (
            one.name,
            f"{one.records:,}" if one.records else "",
            "read" if one.changed else "unchanged",
        )
        for one in changed.sources
    ]
    print_table(("source", Column("records", right=True), ""), rows)
    if changed.digest == changed.previous:
        say(f"unchanged: {changed.path}")
    else:
        say(f"database  {changed.path}  ({size_text(changed.path.stat().st_size)})")
    say(f"digest    {changed.digest}")
    say(f"built     {_age(database, now)}")
    say(f"records   {database.meta.records:,}")
    _tell_review(changed.review)
    for note in database.notes:
        tell(f"note: {note}")


def print_verified(verified: Verified) -> None:
    """Print that a database is whole."""
    database = verified.facts
    say(f"{database.file}: whole, {database.meta.records:,} records, format {database.meta.format}")
    say(f"digest    {database.digest}")
    for sentence in verified.review.sentences():
        say_wrapped(f"note: {sentence}")


def print_export(file: Path, digest: str, size: int) -> None:
    """Print what was written."""
    say(f"{file}  {size_text(size)}")
    say(f"digest    {digest}")


def print_push(pushed: Pushed) -> None:
    """Print where the database lies now."""
    tag = f":{pushed.tag}" if pushed.tag else ""
    say(f"{pushed.target}{tag}@{pushed.manifest}  {size_text(pushed.size)}")
    say(f"digest    {pushed.digest}")


def _tell_review(review: Review) -> None:
    for sentence in review.sentences():
        tell(f"note: {sentence}")


def _age(database: DatabaseFacts, now: datetime) -> str:
    age = age_of(database, now)
    if database.newest is None or age is None:
        return "unknown: it holds no record"
    words = f"{age_text(age)} ago" if age >= 0 else f"{age_text(-age)} in the future"
    return f"{rfc3339(database.newest)}, {words}"


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else rfc3339(moment)

"""`shipseal release gc`: room on this machine; nothing goes that a release or a rollback needs."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.columns import Column
from shipseal.cli.given import as_given
from shipseal.cli.output import print_json, print_table, say, size_text
from shipseal.cli.working import working
from shipseal.errors import ConfigError

if TYPE_CHECKING:
    from shipseal.release.gc.result import GcResult

_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


def gc(
    *,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="What was not used for longer goes.")
    ] = "30d",
    max_size: Annotated[
        str,
        typer.Option(
            "--max-size",
            metavar="SIZE",
            help="What all may take together, such as 5GB; what was not used for longest goes. Default: any size.",
        ),
    ] = "",
    keep: Annotated[
        int,
        typer.Option(
            "--keep", min=2, help="Releases that are done and stay in any case, of each image."
        ),
    ] = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration; default: ./shipseal.yaml."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Remove old releases of this machine, what dead runs left, and SBOMs in the cache.

    Never what runs, is held or is half-way, nor the last releases that are done. Nothing at a target is touched.
    """
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - costs more than --help may
    from shipseal.release.gc.choose import GcLimits  # noqa: PLC0415
    from shipseal.release.gc.result import collect  # noqa: PLC0415
    from shipseal.sbom.cache import cache_folder  # noqa: PLC0415
    from shipseal.wiring.state import state_folder  # noqa: PLC0415

    limits = GcLimits(_age(older_than), _size(max_size), keep)
    state, cache = state_folder(config, os.environ), cache_folder(os.environ)
    with working("looking at what may go" if dry_run else "removing what may go"):
        result = collect(state, cache, limits, SystemClock(), dry_run=dry_run)
    if as_json:
        print_json(result.to_json())
    else:
        _print(result, state.root, cache)


def _print(result: "GcResult", state: Path, cache: Path) -> None:
    rows = [
        (
            one.kind,
            one.name if one.kind == "release" else f"{one.count} {one.name}",
            size_text(one.bytes),
            one.last or "-",
            one.why,
        )
        for one in result.removed
    ]
    title = "would go" if result.dry_run else "removed"
    columns = ("what", "which", Column("size", right=True), "last used", "why")
    print_table(columns, rows, title=title)
    if rows:
        say()
    kept = [
        (one.release, one.status, size_text(one.bytes), as_given(one.why)) for one in result.kept
    ]
    print_table(("stays", "status", Column("size", right=True), "why"), kept)
    if kept:
        say()
    for remark in result.remarks:
        say(f"note: {remark}")
    would = "would be " if result.dry_run else ""
    before, after = result.before, result.after
    say(f"{state}: {size_text(before.state)}, {would}{size_text(after.state)} after")
    say(f"{cache}: {size_text(before.cache)}, {would}{size_text(after.cache)} after")
    say(f"{'would free' if result.dry_run else 'freed'} {size_text(result.freed)}")
    if result.over:
        say(f"{size_text(result.over)} more than --max-size: what is left has to stay")


def _age(text: str) -> timedelta:
    from shipseal.config.values import parse_duration  # noqa: PLC0415 - pydantic

    try:
        return timedelta(seconds=parse_duration(text))
    except ValueError as error:
        raise ConfigError(f"--older-than {text!r}: {error}", hint="for example 30d") from error


def _size(text: str) -> int | None:
    if not text:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"--max-size {text!r}: no size in bytes", hint="for example 5GB, 500MB or 2GiB"
        )
    number, unit, binary = found.groups()
    factor = _UNITS[unit.upper()]
    if binary:
        factor = 1024 ** ["", "K", "M", "G", "T"].index(unit.upper())
    return int(float(number) * factor)

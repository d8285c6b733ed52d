"""Scanners for `shipseal scan`, chosen from its words before the scan; no configuration is needed.

Only what was chosen is imported: a scan of a small SBOM is over before Grype's side of this would be loaded.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shipseal._internal.clock import Clock
from shipseal.errors import Code, ScanError
from shipseal.scan.engine import Engine, builtin_readiness, choose_engine
from shipseal.scan.interface import DatabasePolicy, Scanner
from shipseal.scan.readiness import Readiness
from shipseal.wiring.advisories import advisory_database, open_advisories

if TYPE_CHECKING:
    from shipseal.scan.grype import GrypeScanner

BOTH = "both"
"""Scans with each engine and shows where they differ."""
_ANY_AGE = DatabasePolicy(None)


class EngineWish(msgspec.Struct, frozen=True):
    """What scans, and with which data.

    Attributes:
        engine: ``auto``, ``builtin``, ``grype`` or :data:`BOTH`.
        database: the built-in matcher's, as it was named for this scan; None when it was not.
        grype: a path or a name on PATH.
        max_age: how old the data may be, for the choice; whoever decides with it looks again.
        grype_any_age: whether the age of Grype's own database is not looked at.
    """

    engine: str = "auto"
    database: Path | None = None
    grype: str = "grype"
    max_age: float | None = DatabasePolicy().max_age
    grype_any_age: bool = False


class Engines(msgspec.Struct, frozen=True):
    """What scans.

    Attributes:
        scanners: one, or both: what counts is the first's.
        reason: why, a sentence.
    """

    scanners: tuple[Scanner, ...]
    reason: str


def engines_for(wish: EngineWish, env: Mapping[str, str], clock: Clock) -> Engines:
    """Return what scans.

    Args:
        wish: what is asked for.
        env: where databases may be named.
        clock: where the time comes from.

    Raises:
        ScanError: ``scan.db-unavailable``: nothing has the data that it needs.
        ToolError: Grype was asked for by its name and cannot run.
    """
    place = _Places(wish, env, clock)
    if wish.engine == BOTH:
        return Engines((place.builtin(), place.grype()), "scan engines builtin and grype: compared")
    if wish.engine == Engine.GRYPE:
        return Engines((place.grype(),), "scan engine grype: it was asked for")
    if wish.engine == Engine.BUILTIN:
        return Engines((place.builtin(),), "scan engine builtin: it was asked for")
    named = "--db" if wish.database else "SHIPSEAL_DB" if env.get("SHIPSEAL_DB") else ""
    if named:
        return Engines((place.builtin(),), f"scan engine builtin: {named} names its data")
    return place.best()


class _Places(msgspec.Struct, frozen=True):
    wish: EngineWish
    env: Mapping[str, str]
    clock: Clock

    def builtin(self) -> Scanner:
        from shipseal.scan.builtin import BuiltinScanner  # noqa: PLC0415 - only what is used

        path = self._database()
        if path is None:
            raise ScanError(
                Code.DB_UNAVAILABLE,
                "scan engine builtin: no advisory database is named, and there is none in the user's cache",
                hint="name one with --db or SHIPSEAL_DB, or fetch one: shipseal db update",
            )
        return BuiltinScanner(open_advisories(path, self.env), self.clock, _ANY_AGE)

    def grype(self, policy: DatabasePolicy = _ANY_AGE) -> Scanner:
        scanner = self._grype(policy)
        scanner.version()  # what is not there is told before anything is read
        return scanner

    def best(self) -> Engines:
        """Return what ``auto`` chooses: what has fresh data before what has old data."""
        try:
            choice = choose_engine(Engine.AUTO, self._grype_ready, self._builtin_ready)
        except ScanError as error:
            if error.code is not Code.DB_STALE:
                raise
            return Engines((self.grype(),), f"scan engine grype: {error.message}")
        scanner = self.grype() if choice.engine is Engine.GRYPE else self.builtin()
        return Engines((scanner,), choice.reason)

    def _grype(self, policy: DatabasePolicy) -> "GrypeScanner":
        from shipseal.scan.grype import GrypeOptions, GrypeScanner  # noqa: PLC0415 - as above
        from shipseal.wiring.state import grype_cache  # noqa: PLC0415

        options = GrypeOptions(self.wish.grype, grype_cache(self.env), policy)
        return GrypeScanner(options, self.clock)

    def _grype_ready(self) -> Readiness:
        wish = self.wish
        return self._grype(DatabasePolicy(None if wish.grype_any_age else wish.max_age)).readiness()

    def _builtin_ready(self) -> Readiness:
        return builtin_readiness(self._database())

    def _database(self) -> Path | None:
        if self.wish.database is not None:
            return self.wish.database
        return advisory_database(self.env)

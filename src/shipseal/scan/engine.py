"""Choose the engine before the scan, and say why. Nothing falls back in silence.

``auto`` takes Grype where it is installed with a database that may be used, else the built-in matcher where its
database is there. An engine that was asked for by name is never replaced.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from shipseal.errors import Code, ScanError
from shipseal.scan.readiness import Readiness


class Engine(StrEnum):
    """What the configuration may ask for."""

    AUTO = "auto"
    GRYPE = "grype"
    BUILTIN = "builtin"


class EngineChoice(msgspec.Struct, frozen=True):
    """The engine that scans.

    Attributes:
        engine: ``grype`` or ``builtin``.
        reason: a sentence for people and for the evidence.
    """

    engine: Engine
    reason: str


def choose_engine(
    wanted: Engine, grype: Callable[[], Readiness], builtin: Callable[[], Readiness]
) -> EngineChoice:
    """Return the engine to use; what is not needed for the choice is not asked.

    Args:
        wanted: what the configuration says.
        grype: asks Grype.
        builtin: asks the built-in matcher.

    Raises:
        ScanError: ``scan.db-stale`` when the only thing wrong is the age of the data, else ``scan.db-unavailable``.
    """
    if wanted is not Engine.AUTO:
        return EngineChoice(wanted, f"scan engine {wanted}: the configuration asks for it")
    first = grype()
    if first.usable:
        return EngineChoice(Engine.GRYPE, f"scan engine grype: found {first.why}")
    second = builtin()
    if second.usable:
        return EngineChoice(
            Engine.BUILTIN,
            f"scan engine builtin: found {second.why}; grype was not taken: {first.why}",
        )
    raise ScanError(
        Code.DB_STALE if first.stale else Code.DB_UNAVAILABLE,
        f"no scan engine can be used: {first.why}; builtin: {second.why}",
        hint="run `shipseal db update`, or install Grype and run `grype db update`; data that is there already is "
        "named with SHIPSEAL_DB or scan.database",
        context={"grype": first.why, "builtin": second.why},
    )


def builtin_readiness(database: Path | None) -> Readiness:
    """Return whether there is an advisory database at ``database``; it is opened only by the scan."""
    if database is None:
        return Readiness(False, "no advisory database is named")
    if not database.exists():
        return Readiness(False, f"no advisory database at {database}")
    return Readiness(True, f"the advisory database at {database}")

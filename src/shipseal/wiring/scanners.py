"""Scanners from the configuration, chosen before the scan."""

from collections.abc import Callable, Mapping

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal._internal.turns import Turns
from shipseal.config.load import LoadedConfig
from shipseal.errors import Code, ScanError
from shipseal.release.context import ChosenScanner
from shipseal.scan.builtin import BuiltinScanner
from shipseal.scan.engine import Engine, builtin_readiness, choose_engine
from shipseal.scan.grype import GrypeOptions, GrypeScanner
from shipseal.scan.interface import DatabasePolicy
from shipseal.wiring.advisories import advisory_database, open_advisories
from shipseal.wiring.state import grype_cache


def scanner_for(
    loaded: LoadedConfig,
    env: Mapping[str, str],
    clock: Clock,
    reporter: Reporter,
    turns: Turns | None = None,
) -> Callable[[], ChosenScanner]:
    """Return what chooses the scanner when one is needed.

    What it raises: ``scan.db-unavailable``, ``scan.db-stale``.
    """
    scan = loaded.config.scan
    policy = database_policy(loaded, env, reporter)
    path = scan.database or advisory_database(env)
    grype = GrypeScanner(
        GrypeOptions(scan.grype or "grype", grype_cache(env), policy),
        clock,
        reporter,
        turns=turns,
    )

    def choose() -> ChosenScanner:
        choice = choose_engine(
            Engine(scan.engine), grype.readiness, lambda: builtin_readiness(path)
        )
        if choice.engine is Engine.GRYPE:
            grype.version()  # an engine that was asked for by name and is not there is told now
            return ChosenScanner(grype, choice.reason)
        if path is None:
            raise ScanError(
                Code.DB_UNAVAILABLE,
                "scan.engine is builtin, and no advisory database is named",
                hint="run `shipseal db update`, or name one with scan.database or SHIPSEAL_DB",
            )
        database = open_advisories(path, env)
        own = DatabasePolicy(scan.max_age)  # what Grype was told of age is not about these
        return ChosenScanner(BuiltinScanner(database, clock, own), choice.reason)

    return choose


def database_policy(
    loaded: LoadedConfig, env: Mapping[str, str], reporter: Reporter
) -> DatabasePolicy:
    """Return how old Grype's data may be; who told Grype not to look at the age means it here too, and it is said."""
    if (
        "scan.max_age" not in loaded.sources
        and env.get("GRYPE_DB_VALIDATE_AGE", "").lower() == "false"
    ):
        reporter.note(
            "the age of Grype's database is not looked at: GRYPE_DB_VALIDATE_AGE is false"
        )
        return DatabasePolicy(None)
    return DatabasePolicy(loaded.config.scan.max_age)

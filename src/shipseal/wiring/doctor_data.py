"""The data that a scan would use: whether there is any, and how old it is."""

from collections.abc import Iterator

from shipseal.config.load import LoadedConfig
from shipseal.doctor.examination import Examined, failed, passed, skipped
from shipseal.errors import Code, ScanError, ShipsealError
from shipseal.scan.database_age import age_text, check_age
from shipseal.scan.engine import Engine
from shipseal.scan.grype import GrypeOptions, GrypeScanner
from shipseal.scan.interface import Database, DatabasePolicy
from shipseal.wiring.advisories import advisory_database, advisory_facts
from shipseal.wiring.scanners import database_policy
from shipseal.wiring.state import grype_cache
from shipseal.wiring.surroundings import Surroundings

DATABASE = "database"
_UPDATE = {"grype": "grype db update", "builtin": "shipseal db update"}


def database_check(loaded: LoadedConfig | None, around: Surroundings) -> Iterator[Examined]:
    """Look at the data of the engine that would scan; with ``auto`` Grype's first, as a release does.

    Raises:
        ScanError: ``scan.db-unavailable``, ``scan.db-stale``.
    """
    engine = Engine(loaded.config.scan.engine) if loaded else Engine.AUTO
    if engine is not Engine.BUILTIN:
        found = _grype(loaded, around, alone=engine is Engine.GRYPE)
        if found is not None:
            yield found
            return
    yield _builtin(loaded, around)


def _grype(loaded: LoadedConfig | None, around: Surroundings, *, alone: bool) -> Examined | None:
    """Return what there is of Grype's; None where the built-in matcher is looked at next."""
    policy = database_policy(loaded, around.env, around.reporter) if loaded else DatabasePolicy()
    named = loaded.config.scan.grype if loaded else None
    options = GrypeOptions(named or "grype", grype_cache(around.env), policy)
    ready = GrypeScanner(options, around.clock).readiness()
    if ready.usable:
        return passed(DATABASE, "grype", ready.why)
    if not alone:
        around.reporter.note(f"grype is not taken: {ready.why}")
        return None
    code = Code.DB_STALE if ready.stale else Code.DB_UNAVAILABLE
    return failed(
        DATABASE,
        "grype",
        expected="data that may be used",
        got=ready.why,
        remedy=_UPDATE["grype"],
        code=str(code),
    )


def _builtin(loaded: LoadedConfig | None, around: Surroundings) -> Examined:
    path = (loaded.config.scan.database if loaded else None) or advisory_database(around.env)
    if path is None:
        if loaded is None:
            return skipped(DATABASE, "builtin", "no data yet: `shipseal db update` fetches it")
        alone = loaded.config.scan.engine == "builtin"
        raise ScanError(
            Code.DB_UNAVAILABLE,
            "there is no advisory database"
            if alone
            else "there is no Grype with a usable database, and no advisory database",
            hint=f"run `{_UPDATE['builtin']}`, or name one with scan.database or SHIPSEAL_DB"
            if alone
            else f"run `{_UPDATE['grype']}`, or `{_UPDATE['builtin']}`",
        )
    facts = advisory_facts(path, around.env)
    policy = DatabasePolicy(loaded.config.scan.max_age) if loaded else DatabasePolicy()
    now = around.clock.now()
    data = Database(facts.origin, facts.digest, facts.newest, "")
    try:
        check_age(data, policy, now, hint=f"run `{_UPDATE['builtin']}`")
    except ShipsealError as error:
        return failed(
            DATABASE,
            "builtin",
            expected=f"{age_text(policy.max_age or 0.0)} old at most",
            got=error.message,
            remedy=error.hint,
            code=str(error.code),
        )
    age = age_text((now - facts.newest).total_seconds()) if facts.newest else "of unknown age"
    return passed(DATABASE, "builtin", f"{age} old", evidence=(str(facts.file), *facts.notes))

"""What `shipseal scan` decides by: options, a policy or a configuration that was named; nothing is found by itself."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal.cli.scan_wish import ScanWish
from shipseal.errors import ConfigError
from shipseal.scan.interface import DatabasePolicy
from shipseal.wiring.scan_engines import EngineWish

if TYPE_CHECKING:
    from shipseal._internal.progress import Reporter
    from shipseal.config.load import LoadedConfig
    from shipseal.config.sections import Scan, Verify
    from shipseal.config.vex_model import Vex
    from shipseal.gate.policy import GatePolicy
    from shipseal.gate.previous import Previous
    from shipseal.ignores.rules import IgnoreRule
    from shipseal.ignores.vex.document import VexDocument

_AGE = re.compile(r"(\d{1,5})(d|h|m)")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0}
_DEFAULT_AGE = DatabasePolicy().max_age
_OPTIONS = {"gate.fail_on": "--fail-on", "scan.database": "--db", "ignores.file": "--ignores"}


@dataclass(frozen=True, slots=True)
class ScanRules:
    """What is decided by.

    Attributes:
        engine: what scans.
        policy: the gate's; None where nothing is to be decided.
        ignores: rules that take findings out of the gate.
        accept_incomplete: what may be missing from a catalogue, by name.
        previous: what new findings are told by; None where nothing was named.
        vex: documents of others that the configuration names, believed.
        loaded: the configuration that was named, for how registries are reached; None without one.
    """

    engine: EngineWish
    policy: "GatePolicy | None" = None
    ignores: "tuple[IgnoreRule, ...]" = ()
    accept_incomplete: frozenset[str] = frozenset()
    loaded: "LoadedConfig | None" = None
    previous: "Previous | None" = None
    vex: "tuple[VexDocument, ...]" = ()


def rules_of(wish: ScanWish, reporter: "Reporter") -> ScanRules:
    """Return the rules; what the command line says comes before what a file says.

    Args:
        wish: what is asked for.
        reporter: hears of ignore rules that say nothing.

    Raises:
        ConfigError: a file is wrong, or an option is.
    """
    rules = _rules_of(wish, reporter)
    if rules.policy is None:
        return rules
    from shipseal.wiring.scan_gate import requiring  # noqa: PLC0415 - only where something is decided

    policy = requiring(rules.policy, wish.must_fix)
    if wish.since is None:
        return replace(rules, policy=policy)
    from shipseal.wiring.previous import since_file  # noqa: PLC0415 - as above

    return replace(rules, policy=replace(policy, new_only=True), previous=since_file(wish.since))


def _rules_of(wish: ScanWish, reporter: "Reporter") -> ScanRules:
    if wish.config is not None:
        return _configured(wish, wish.config, reporter)
    if wish.policy is not None:
        return _by_policy(wish, wish.policy, reporter)
    engine = EngineWish(
        wish.engine or "auto",
        wish.db,
        max_age=_max_age(wish.max_age, _DEFAULT_AGE),
        grype_any_age=wish.max_age is None and _grype_any_age(),
    )
    if not wish.gates:
        return ScanRules(engine)
    from shipseal.wiring.scan_gate import with_threshold  # noqa: PLC0415 - only where something is decided

    ignores = _ignores(wish.ignores, reporter)
    return ScanRules(engine, with_threshold(wish.fail_on), ignores)


def _configured(wish: ScanWish, config: Path, reporter: "Reporter") -> ScanRules:
    from shipseal.config.load import load  # noqa: PLC0415 - pydantic and YAML only where there is a file
    from shipseal.wiring.gate import gate_policy  # noqa: PLC0415
    from shipseal.wiring.ignores import ignore_rules  # noqa: PLC0415
    from shipseal.wiring.key_names import public_half  # noqa: PLC0415
    from shipseal.wiring.previous import since_configured  # noqa: PLC0415

    words = {
        "gate.fail_on": wish.fail_on,
        "scan.database": wish.db and str(wish.db),
        "ignores.file": wish.ignores and str(wish.ignores),
    }
    loaded = load(config, env=os.environ, overrides=words, options=_OPTIONS)
    found = loaded.config
    own = public_half(found.sign.key)
    vex = _vex(found.vex, found.verify, loaded.path.name, own, reporter)
    return ScanRules(
        _engine(wish, found.scan),
        gate_policy(found.gate, found.ignores),
        ignore_rules(loaded, reporter),
        frozenset(found.sbom.accept_incomplete),
        loaded,
        since_configured(found.gate),
        vex,
    )


def _by_policy(wish: ScanWish, file: Path, reporter: "Reporter") -> ScanRules:
    from shipseal.config.load import load_scan_policy  # noqa: PLC0415 - as above
    from shipseal.wiring.gate import gate_policy  # noqa: PLC0415
    from shipseal.wiring.previous import since_configured  # noqa: PLC0415
    from shipseal.wiring.scan_gate import with_threshold  # noqa: PLC0415

    found = load_scan_policy(file)
    return ScanRules(
        _engine(wish, found.scan),
        with_threshold(wish.fail_on, gate_policy(found.gate, found.ignores)),
        _ignores(wish.ignores or found.ignores.file, reporter),
        frozenset(found.sbom.accept_incomplete),
        previous=since_configured(found.gate),
        vex=_vex(found.vex, None, str(file), None, reporter),
    )


def _vex(
    section: "Vex", verify: "Verify | None", file: str, own: Path | None, reporter: "Reporter"
) -> "tuple[VexDocument, ...]":
    """Return the documents of others that a file names; what verifies them is imported only where there are some."""
    if not section.documents:
        return ()
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415
    from shipseal.wiring.vex_documents import tell_documents, vex_documents  # noqa: PLC0415

    found = vex_documents(section, verify, file, env=os.environ, clock=SystemClock(), own=own)
    tell_documents(found, reporter)
    return found


def _engine(wish: ScanWish, scan: "Scan") -> EngineWish:
    stated = "max_age" in scan.model_fields_set or wish.max_age is not None
    return EngineWish(
        engine=wish.engine or scan.engine,
        database=wish.db or scan.database,
        grype=scan.grype or "grype",
        max_age=_max_age(wish.max_age, scan.max_age),
        grype_any_age=not stated and _grype_any_age(),
    )


def _ignores(file: Path | None, reporter: "Reporter") -> "tuple[IgnoreRule, ...]":
    if file is None:
        return ()
    from shipseal.wiring.ignores import rules_in  # noqa: PLC0415 - brings YAML

    return rules_in(file, reporter)


def _max_age(text: str | None, default: float | None) -> float | None:
    if text is None:
        return default
    if text in ("none", "any"):
        return None
    found = _AGE.fullmatch(text)
    if not found:
        raise ConfigError(
            f"--max-age {text!r}: no age",
            hint="write it as 5d, 36h or 90m, or any for whatever age",
        )
    return int(found[1]) * _SECONDS[found[2]]


def _grype_any_age() -> bool:
    """Return whether Grype was told not to look at its data's age; the built-in matcher's is another matter."""
    return os.environ.get("GRYPE_DB_VALIDATE_AGE", "").lower() == "false"

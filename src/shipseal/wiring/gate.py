"""The gate's policy from ``gate:``."""

from shipseal.config.gate_model import Component, Gate
from shipseal.config.ignores_model import Ignores
from shipseal.errors import ConfigError
from shipseal.gate.components import ComponentAction, ComponentRule, GlobError, matcher
from shipseal.gate.policy import GapRule, GatePolicy, KevRule, UnknownRule
from shipseal.ignores.justification import IgnoreTerms, Part, Unjustified
from shipseal.scan.interface import Origin, Severity

_LATER = {"kev", "epss_above", "grace", "new_only", "components", "must_fix"}


def gate_policy(gate: Gate, ignores: Ignores | None = None) -> GatePolicy:
    """Return which findings refuse a release.

    Args:
        gate: the rules.
        ignores: what rules that take findings out owe; None for the defaults.

    Raises:
        ConfigError: a glob is malformed.
    """
    return GatePolicy(
        fail_on=None if gate.fail_on == "none" else Severity.parse(gate.fail_on),
        unknown=UnknownRule(gate.unknown),
        fixable_only=gate.fixable_only,
        gaps=GapRule(gate.gaps),
        kev=KevRule(gate.kev),
        epss_above=gate.epss_above,
        grace=gate.grace or 0.0,
        new_only=gate.new_only,
        components=tuple(
            _component(number, component) for number, component in enumerate(gate.components)
        ),
        must_fix=gate.must_fix,
        ignores=ignore_terms(ignores or Ignores()),
    )


def ignore_terms(ignores: Ignores) -> IgnoreTerms:
    """Return on which terms ignores count."""
    return IgnoreTerms(
        require=tuple(Part(name) for name in ignores.require),
        unjustified=Unjustified(ignores.unjustified),
        condition_met=Unjustified(ignores.condition_met),
    )


def gate_document(gate: Gate) -> dict[str, object]:
    """Return what the gate decides by.

    How long a person may override it does not change that, and each record names its end; what an earlier release had
    is a fact and no rule. Rules that are not used are left out, so that the digest of a policy without them stays.
    """
    document: dict[str, object] = gate.model_dump(
        mode="json", exclude={"break_glass_max", "since", *_LATER}
    )
    return document | gate.model_dump(mode="json", include=_LATER, exclude_defaults=True)


def _component(number: int, component: Component) -> ComponentRule:
    rule = ComponentRule(
        name=component.name or "",
        purl=component.purl or "",
        type=component.type or "",
        path=component.path or "",
        origin=Origin(component.origin) if component.origin else None,
        fail_on=Severity.parse(component.fail_on) if component.fail_on else None,
        action=ComponentAction(component.action) if component.action else None,
        reason=component.reason or "",
    )
    try:
        matcher(rule)
    except GlobError as error:
        raise ConfigError(
            f"gate.components[{number}]: {error}",
            hint="in globs, * and ? stay within a /, ** does not, and [, ], { and } come in pairs",
        ) from error
    return rule

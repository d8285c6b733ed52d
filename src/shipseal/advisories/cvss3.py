"""The CVSS version 3.0 and 3.1 base score (https://www.first.org/cvss/v3.1/specification-document, section 7.1).

Both versions use the same weights and differ in how they round up: 3.1 defines it on integers (appendix A), so that
all calculators agree; 3.0 says "to one decimal", for which exact fractions give what its formula means.
"""

from collections.abc import Mapping
from fractions import Fraction

_F = Fraction
_CIA = {"H": _F("0.56"), "L": _F("0.22"), "N": _F(0)}
_WEIGHTS: Mapping[str, Mapping[str, Fraction]] = {
    "AV": {"N": _F("0.85"), "A": _F("0.62"), "L": _F("0.55"), "P": _F("0.2")},
    "AC": {"L": _F("0.77"), "H": _F("0.44")},
    "UI": {"N": _F("0.85"), "R": _F("0.62")},
    "C": _CIA,
    "I": _CIA,
    "A": _CIA,
}
# Privileges weigh less against an attacker who leaves the vulnerable component's scope.
_PRIVILEGES: Mapping[str, Mapping[str, Fraction]] = {
    "U": {"N": _F("0.85"), "L": _F("0.62"), "H": _F("0.27")},
    "C": {"N": _F("0.85"), "L": _F("0.68"), "H": _F("0.5")},
}


def base_score_3(metrics: Mapping[str, str], *, version: str) -> int | None:
    """Return the base score in tenths, or None when a base metric is missing or unknown."""
    scope = metrics.get("S", "")
    privileges = _PRIVILEGES.get(scope, {}).get(metrics.get("PR", ""))
    if privileges is None:
        return None
    weights: dict[str, Fraction] = {}
    for name, values in _WEIGHTS.items():
        weight = values.get(metrics.get(name, ""))
        if weight is None:
            return None
        weights[name] = weight
    impact = _impact(weights, scope)
    if impact <= 0:
        return 0
    exploitability = _F("8.22") * weights["AV"] * weights["AC"] * privileges * weights["UI"]
    factor = _F("1.08") if scope == "C" else _F(1)
    return _round_up(min(factor * (impact + exploitability), _F(10)), version)


def _impact(weights: Mapping[str, Fraction], scope: str) -> Fraction:
    base = 1 - (1 - weights["C"]) * (1 - weights["I"]) * (1 - weights["A"])
    if scope == "U":
        return _F("6.42") * base
    return _F("7.52") * (base - _F("0.029")) - _F("3.25") * (base - _F("0.02")) ** 15


def _round_up(value: Fraction, version: str) -> int:
    if version == "3.1":
        scaled = int((value * 100_000 + _F(1, 2)).__floor__())
        return scaled // 10_000 if scaled % 10_000 == 0 else scaled // 10_000 + 1
    return int((value * 10).__ceil__())

"""The CVSS version 2 base score (https://www.first.org/cvss/v2/guide, section 3.2.1).

Weights are scaled to integers so that the result does not depend on how a float prints.
"""

from collections.abc import Mapping
from fractions import Fraction

_WEIGHTS: Mapping[str, Mapping[str, Fraction]] = {
    "AV": {"L": Fraction("0.395"), "A": Fraction("0.646"), "N": Fraction(1)},
    "AC": {"H": Fraction("0.35"), "M": Fraction("0.61"), "L": Fraction("0.71")},
    "Au": {"M": Fraction("0.45"), "S": Fraction("0.56"), "N": Fraction("0.704")},
    "C": {"N": Fraction(0), "P": Fraction("0.275"), "C": Fraction("0.660")},
    "I": {"N": Fraction(0), "P": Fraction("0.275"), "C": Fraction("0.660")},
    "A": {"N": Fraction(0), "P": Fraction("0.275"), "C": Fraction("0.660")},
}


def base_score_2(metrics: Mapping[str, str]) -> int | None:
    """Return the base score in tenths, or None when a base metric is missing or unknown."""
    weights: dict[str, Fraction] = {}
    for name, values in _WEIGHTS.items():
        weight = values.get(metrics.get(name, ""))
        if weight is None:
            return None
        weights[name] = weight
    untouched = (1 - weights["C"]) * (1 - weights["I"]) * (1 - weights["A"])
    impact = Fraction("10.41") * (1 - untouched)
    exploitability = 20 * weights["AV"] * weights["AC"] * weights["Au"]
    if impact == 0:
        return 0
    score = (Fraction("0.6") * impact + Fraction("0.4") * exploitability - Fraction("1.5")) * (
        Fraction("1.176")
    )
    return _round_half_up(score * 10)


def _round_half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)).__floor__())

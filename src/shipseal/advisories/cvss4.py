"""The CVSS version 4.0 score (https://www.first.org/cvss/v4-0/specification-document, sections 7 and 8).

A vector belongs to a MacroVector, a set of like vectors whose worst member has a score that the specification lists.
The vector's own score lies below that by how far it is from the worst member, measured against the next MacroVector
down in each of the five independent directions. Steps:

(1) metrics that are not defined take their worst value, modified ones replace their base metric;
(2) no impact anywhere scores zero;
(3) the MacroVector is found (tables 24 to 29);
(4) in each direction that has a lower MacroVector: the share of the way to it, times the difference of the scores;
(5) the mean of these is taken off the MacroVector's score, and the result is rounded to one decimal.

Everything is computed in integers and fractions.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

_VALUES: Mapping[str, str] = {
    "AV": "NALP",
    "AC": "LH",
    "AT": "NP",
    "PR": "NLH",
    "UI": "NPA",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "HLN",
    "SI": "HLN",
    "SA": "HLN",
}
_OPTIONAL: Mapping[str, str] = {
    "E": "XAPU",
    "CR": "XHML",
    "IR": "XHML",
    "AR": "XHML",
    "MSI": "XSHLN",
    "MSA": "XSHLN",
} | {f"M{name}": f"X{values}" for name, values in _VALUES.items() if name not in {"SI", "SA"}}
_WORST = {"E": "A", "CR": "H", "IR": "H", "AR": "H"}

# How far a value is from the worst of its metric, in steps. Safety (S) lies above high for integrity and availability.
_LEVELS: Mapping[str, str] = {
    name: values for name, values in _VALUES.items() if name[0] != "S"
} | {
    "SC": "SHLN",
    "SI": "SHLN",
    "SA": "SHLN",
    "CR": "HML",
    "IR": "HML",
    "AR": "HML",
}

# Scores of the MacroVectors in tenths (section 7, "CVSS v4.0 scoring using MacroVectors"): a row for each EQ1, EQ2 and
# (EQ3, EQ6) in the order of _PAIRS; in a row EQ4 outside, EQ5 inside.
_PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 1))
_SCORES = """
100 98 95 100 93 91 93 89 81 | 99 95 92 96 87 81 90 80 68 | 98 95 90 93 89 81 88 78 69
95 92 84 92 81 65 80 70 48 | 92 82 72 79 69 50 69 55 27
99 95 92 95 90 84 92 82 72 | 97 92 85 91 83 71 81 71 53 | 95 92 85 92 80 70 84 71 50
93 85 73 82 72 59 70 52 30 | 86 75 52 71 52 29 63 29 17
98 94 91 94 86 77 87 74 63 | 95 87 81 89 74 64 75 63 49 | 94 88 76 86 74 59 72 57 52
89 77 67 76 58 50 57 52 25 | 83 70 54 65 58 26 53 21 13
95 88 76 90 75 61 77 68 52 | 90 76 70 77 62 53 66 59 30 | 89 76 62 74 57 47 61 57 24
78 67 58 59 57 23 52 29 16 | 71 59 30 58 26 15 23 13 6
93 86 75 86 74 56 70 52 40 | 87 72 58 74 61 34 54 40 22 | 85 74 62 72 55 46 53 34 19
75 55 51 57 41 19 36 19 8 | 64 51 20 47 21 11 24 9 4
88 73 60 73 59 41 54 45 20 | 75 53 50 55 40 20 43 22 11 | 75 58 40 61 48 20 46 17 8
55 45 21 51 18 9 18 7 2 | 53 24 14 24 12 5 10 3 1
"""
_TABLE = tuple(int(word) for word in _SCORES.replace("|", " ").split())

# The worst vectors of each equivalence set, and how many steps there are to the next one (section 8.2).
_MAX_EQ1 = (("NNN",), ("ANN", "NLN", "NNP"), ("PNN", "ALP"))
_MAX_EQ2 = (("LN",), ("HN", "LP"))
_MAX_EQ3_EQ6: Mapping[tuple[int, int], Sequence[str]] = {
    (0, 0): ("HHHHHH",),
    (0, 1): ("HHLMMH", "HHHMMM"),
    (1, 0): ("LHHHHH", "HLHHHH"),
    (1, 1): ("LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"),
    (2, 1): ("LLLHHH",),
}
_MAX_EQ4 = (("HSS",), ("HHH",), ("LLL",))
_DEPTH_EQ1 = (1, 4, 5)
_DEPTH_EQ2 = (1, 2)
_DEPTH_EQ3_EQ6 = {(0, 0): 7, (0, 1): 6, (1, 0): 8, (1, 1): 8, (2, 1): 10}
_DEPTH_EQ4 = (6, 5, 4)

_Macro = tuple[int, int, int, int, int, int]


def score_4(metrics: Mapping[str, str]) -> int | None:
    """Return the score in tenths, or None when a base metric is missing or a value unknown."""
    values = _effective(metrics)
    if values is None:
        return None
    if all(values[name] == "N" for name in ("VC", "VI", "VA", "SC", "SI", "SA")):  # (2)
        return 0
    macro = _macro_vector(values)  # (3)
    score = _lookup(macro)
    if score is None:
        return None
    parts = _parts(values, macro, score)  # (4)
    mean = sum(parts, Fraction(0)) / len(parts) if parts else Fraction(0)
    rounded = int((score - mean + Fraction(1, 2)).__floor__())  # (5)
    return max(0, min(100, rounded))


def _effective(metrics: Mapping[str, str]) -> dict[str, str] | None:
    """Step (1); None when the vector is not valid."""
    values: dict[str, str] = {}
    for name, allowed in _VALUES.items():
        if metrics.get(name, "") not in tuple(allowed):
            return None
        values[name] = metrics[name]
    for name, allowed in _OPTIONAL.items():
        value = metrics.get(name, "X")
        if value not in tuple(allowed):
            return None
        if name in _WORST:
            values[name] = _WORST[name] if value == "X" else value
        elif value != "X":
            values[name[1:]] = value
    return values


def _macro_vector(values: Mapping[str, str]) -> _Macro:
    exposed = [values["AV"] == "N", values["PR"] == "N", values["UI"] == "N"]
    eq1 = _first(all(exposed), any(exposed) and values["AV"] != "P")
    eq2 = 0 if values["AC"] == "L" and values["AT"] == "N" else 1
    high = [values[name] == "H" for name in ("VC", "VI", "VA")]
    eq3 = _first(high[0] and high[1], any(high))
    later = (values["SC"], values["SI"], values["SA"])
    eq4 = _first("S" in later, "H" in later)
    eq5 = "APU".index(values["E"])
    needed = [values[name] == "H" for name in ("CR", "IR", "AR")]
    eq6 = 0 if any(a and b for a, b in zip(high, needed, strict=True)) else 1
    return eq1, eq2, eq3, eq4, eq5, eq6


def _first(zero: bool, one: bool) -> int:
    if zero:
        return 0
    return 1 if one else 2


def _lookup(macro: _Macro) -> int | None:
    eq1, eq2, eq3, eq4, eq5, eq6 = macro
    if eq1 > 2 or eq2 > 1 or eq4 > 2 or eq5 > 2 or (eq3, eq6) not in _PAIRS:
        return None
    row = (eq1 * 2 + eq2) * len(_PAIRS) + _PAIRS.index((eq3, eq6))
    return _TABLE[row * 9 + eq4 * 3 + eq5]


def _parts(values: Mapping[str, str], macro: _Macro, score: int) -> list[Fraction]:
    """Step (4): one part for each direction that has a lower MacroVector."""
    eq1, eq2, eq3, eq4, eq5, eq6 = macro
    pair = (eq3, eq6)
    directions = (
        (
            _lookup((eq1 + 1, eq2, eq3, eq4, eq5, eq6)),
            _distance(values, ("AV", "PR", "UI"), _MAX_EQ1[eq1]),
            _DEPTH_EQ1[eq1],
        ),
        (
            _lookup((eq1, eq2 + 1, eq3, eq4, eq5, eq6)),
            _distance(values, ("AC", "AT"), _MAX_EQ2[eq2]),
            _DEPTH_EQ2[eq2],
        ),
        (
            _below_pair(macro),
            _distance(values, ("VC", "VI", "VA", "CR", "IR", "AR"), _MAX_EQ3_EQ6[pair]),
            _DEPTH_EQ3_EQ6[pair],
        ),
        (
            _lookup((eq1, eq2, eq3, eq4 + 1, eq5, eq6)),
            _distance(values, ("SC", "SI", "SA"), _MAX_EQ4[eq4]),
            _DEPTH_EQ4[eq4],
        ),
        (_lookup((eq1, eq2, eq3, eq4, eq5 + 1, eq6)), 0, 1),
    )
    return [
        Fraction((score - lower) * distance, depth)
        for lower, distance, depth in directions
        if lower is not None
    ]


def _below_pair(macro: _Macro) -> int | None:
    """Return the score below in the direction that EQ3 and EQ6 share; of two ways down the higher one counts."""
    eq1, eq2, eq3, eq4, eq5, eq6 = macro
    left = _lookup((eq1, eq2, eq3, eq4, eq5, eq6 + 1))
    right = _lookup((eq1, eq2, eq3 + 1, eq4, eq5, eq6))
    if (eq3, eq6) == (0, 0) and left is not None and right is not None:
        return max(left, right)
    return left if (eq3, eq6) == (1, 0) else right


def _distance(values: Mapping[str, str], names: Sequence[str], worst: Sequence[str]) -> int:
    """Return the steps to the first of the ``worst`` vectors that is nowhere milder than ``values``."""
    for candidate in worst:
        steps = [
            _LEVELS[name].index(values[name]) - _LEVELS[name].index(top)
            for name, top in zip(names, candidate, strict=True)
        ]
        if min(steps) >= 0:
            return sum(steps)
    return 0

"""CVSS scores: the examples that FIRST publishes, and what holds for every vector."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.advisories.cvss import parse_cvss
from shipseal.scan.interface import Severity

# From the examples of FIRST and NVD: the vulnerability, its vector, its score.
KNOWN = [
    ("CVE-2002-0392", "AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
    ("CVE-2003-0818", "AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
    ("CVE-2003-0062", "AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
    ("CVE-2013-1937", "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
    ("CVE-2013-0375", "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
    ("CVE-2014-3566", "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
    ("CVE-2012-1516", "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
    ("CVE-2009-0783", "CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2),
    ("CVE-2014-0160", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
    ("CVE-2014-6271", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
    ("CVE-2019-7551", "CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:H/A:H", 9.0),
    ("CVE-2009-0658", "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8),
    ("CVE-2021-44228", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
    ("CVE-2022-41741", "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
    ("CVE-2020-3549", "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7),
    ("CVE-2020-3549, a proof exists", "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:P", 6.8),
    ("CVE-2020-3549, not reported", "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", 5.2),
    ("CVE-2023-3089", "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.3),
    ("CVE-2014-0160", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", 8.7),
    ("CVE-2016-5729", "CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 9.3),
    ("all low", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:N/SI:N/SA:N", 6.9),
    ("nothing", "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
    # Exactly halfway between two tenths: floating point makes 8.5 of it, the specification's rule says 8.6.
    ("halfway", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:L/VA:N/SC:H/SI:H/SA:H", 8.6),
]  # fmt: skip


@pytest.mark.parametrize(("name", "vector", "score"), KNOWN, ids=[row[1] for row in KNOWN])
def test_known_vectors_have_their_published_scores(name: str, vector: str, score: float) -> None:
    found = parse_cvss(vector)
    assert found is not None, name
    assert found.score == score


@pytest.mark.parametrize(
    ("vector", "severity"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity.CRITICAL),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Severity.HIGH),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", Severity.MEDIUM),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", Severity.LOW),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Severity.NEGLIGIBLE),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", Severity.HIGH),
    ],
)
def test_scores_have_words_and_version_2_knows_no_critical(vector: str, severity: Severity) -> None:
    found = parse_cvss(vector)
    assert found is not None
    assert found.severity is severity


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "high",
        "CVSS:3.1/AV:N",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X",
        "CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:Q",
        "AV:N/AC:L/Au:N/C:C/I:C",
        "CVSS:3.1/" + "A" * 1000,
    ],
)
def test_what_is_no_whole_vector_has_no_score(vector: str) -> None:
    assert parse_cvss(vector) is None


_V3 = {
    "AV": "NALP",
    "AC": "LH",
    "PR": "NLH",
    "UI": "NR",
    "S": "UC",
    "C": "HLN",
    "I": "HLN",
    "A": "HLN",
}
_V4 = {
    "AV": "NALP", "AC": "LH", "AT": "NP", "PR": "NLH", "UI": "NPA",
    "VC": "HLN", "VI": "HLN", "VA": "HLN", "SC": "HLN", "SI": "HLN", "SA": "HLN",
}  # fmt: skip


def _vector(prefix: str, values: dict[str, str]) -> str:
    return prefix + "/".join(f"{name}:{value}" for name, value in values.items())


def _score(prefix: str, values: dict[str, str]) -> float:
    found = parse_cvss(_vector(prefix, values))
    assert found is not None
    return found.score


def test_no_vector_of_version_3_leaves_the_scale() -> None:
    for values in itertools.product(*_V3.values()):
        score = _score("CVSS:3.1/", dict(zip(_V3, values, strict=True)))
        assert 0 <= score <= 10
        assert round(score, 1) == score


@given(
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in _V4.items()}),
    st.data(),
)
@settings(max_examples=150)
def test_a_milder_vector_of_version_4_never_scores_higher(
    values: dict[str, str], data: st.DataObject
) -> None:
    worsened = [name for name, order in _V4.items() if order.index(values[name]) < len(order) - 1]
    if not worsened:
        return
    name = data.draw(st.sampled_from(worsened))
    milder = values | {name: _V4[name][_V4[name].index(values[name]) + 1]}
    assert _score("CVSS:4.0/", milder) <= _score("CVSS:4.0/", values)


@given(st.text(max_size=80))
@settings(max_examples=100)
def test_any_text_is_answered(text: str) -> None:
    found = parse_cvss(text)
    assert found is None or 0 <= found.score <= 10

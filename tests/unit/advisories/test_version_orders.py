"""Orders of versions: chains from the ecosystems' own documents, and what makes an order."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.advisories.ordering import (
    SCHEMES,
    compare_versions,
    compare_with_bound,
    comparison_line,
    scheme_for,
)
from shipseal.advisories.versions.fuzzy import compare_fuzzy
from shipseal.advisories.versions.scheme import Scheme, order

CHAINS = {
    "Debian": [
        "0.9~~", "0.9~~a", "0.9~", "0.9", "0.9a", "0.9b", "0.9+b1", "0.9.1", "0.10", "1.0~rc1-1", "1.0-0.1", "1.0-1",
        "1.0-1+deb12u1", "1.0-1.1", "1:0.1", "2:0.0~1",
    ],
    "Alpine": [
        "1.0_alpha", "1.0_alpha1", "1.0_beta", "1.0_pre2", "1.0_rc1", "1.0", "1.0-r1", "1.0-r10", "1.0_git20240101",
        "1.0_p1", "1.0_p1-r2", "1.0a", "1.0b", "1.0.1", "1.01", "1.1", "1.10", "2",
    ],
    "AlmaLinux": [
        "1.0~~1-1", "1.0~rc1-1", "1.0-1", "1.0-1.a", "1.0-1.1", "1.0-2.el8", "1.0-10.el8", "1.0^20240101-1", "1.0a-1",
        "1.0.1-1", "1.1-1", "1.10-1", "2-1", "1:0.1-1",
    ],
    "Packagist": [
        "2.4.4-foo", "2.4.4-dev", "2.4.4-alpha1", "2.4.4-beta2-dev", "2.4.4-beta2", "2.4.4-beta10", "2.4.4RC1", "2.4.4",
        "2.4.4-p8", "2.4.4-p10", "2.4.4.1", "2.4.5",
    ],
    "npm": [
        "1.0.0-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
        "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "10.0.0",
    ],
    "Go": ["v0.0.0-20180125103619-43913f2f4fbd", "0.0.1-rc.1", "v0.0.1", "1.4.9", "go1.22rc1", "go1.22", "1.22.3"],
    "RubyGems": ["1.0.a", "1.0.b1", "1.0.pre", "1.0.rc1", "1.0.rc2", "1.0", "1.0.1", "1.1.a", "1.1", "1.10"],
    "PyPI": [
        "1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.1.dev1", "1.1", "1!0.1",
    ],
    "Maven": [
        "1-alpha-1", "1-beta", "1-milestone-2", "1-rc1", "1-snapshot", "1", "1-sp", "1-abc", "1-1", "1.1", "1.10", "2",
    ],
}  # fmt: skip

EQUAL = [
    ("Debian", "1.0-0", "1.0"),
    ("Debian", "0:1.0", "1.0"),
    ("Debian", "1.00", "1.0"),
    ("npm", "1.2.3+build.7", "1.2.3"),
    ("npm", "v1.2", "1.2.0"),
    ("Go", "v2.0.0+incompatible", "2.0.0"),
    ("Go", "go1.22rc1", "1.22.0-rc.1"),
    ("Go", "9.6.0b1", "9.6.0-b.1"),
    ("Packagist", "1.0.0.beta2", "1.0.0-beta2"),
    ("Packagist", "v1.0-pl1", "1.0.0.0-patch1"),
    ("Packagist", "1.0-stable", "1.0+build"),
    ("RubyGems", "1.0.0", "1"),
    ("RubyGems", "1.16.2-x86_64-linux", "1.16.2"),
    ("RubyGems", "1.0.0.a", "1.a"),
    ("PyPI", "1.0.0", "1.0"),
    ("PyPI", "1.0rc1", "1.0.RC.1"),
    ("Maven", "1.0.0", "1"),
    ("Maven", "1.0-final", "1"),
    ("Maven", "1-a1", "1-alpha-1"),
    ("Maven", "12.10.2.jre11", "12.10.2"),
    ("Alpine", "v1.5.0", "1.5.0"),
    ("AlmaLinux", "0:1.0-1", "1.0-1"),
    ("AlmaLinux", "1.0.-01", "1_0-1"),
    ("Bitnami", "7.0.5-12", "7.0.5"),
    ("Bitnami", "7.0.5-r2", "7.0.5-1"),
]

NOT_VERSIONS = [
    ("Debian", "a1.0"),
    ("Debian", "1.0 2"),
    ("Debian", "1:"),
    ("Alpine", "2.7.16-33"),
    ("Alpine", "1.0_foo"),
    ("npm", "1.4.0-*"),
    ("npm", "latest"),
    ("Packagist", "dev-main"),
    ("npm", "1.2.3.4.5"),
    ("Go", "(devel)"),
    ("RubyGems", "1..2"),
    ("PyPI", "2.8.16rc1.1"),
    ("PyPI", ""),
    ("Maven", "1 2"),
    ("AlmaLinux", "1 2"),
    ("AlmaLinux", "-1"),
]


@pytest.mark.parametrize("ecosystem", CHAINS)
def test_each_version_of_a_chain_is_older_than_all_later_ones(ecosystem: str) -> None:
    for (i, left), (j, right) in itertools.product(enumerate(CHAINS[ecosystem]), repeat=2):
        expected = (i > j) - (i < j)
        assert compare_versions(ecosystem, left, right) == expected, (left, right)


@pytest.mark.parametrize(("ecosystem", "left", "right"), EQUAL)
def test_different_spellings_of_one_version_are_equal(
    ecosystem: str, left: str, right: str
) -> None:
    assert compare_versions(ecosystem, left, right) == 0
    assert compare_versions(ecosystem, right, left) == 0


@pytest.mark.parametrize(("ecosystem", "text"), NOT_VERSIONS)
def test_what_is_no_version_has_no_order(ecosystem: str, text: str) -> None:
    assert compare_versions(ecosystem, text, "1.0") is None
    assert compare_versions(ecosystem, "1.0", text) is None


def test_an_unknown_ecosystem_has_no_order() -> None:
    assert scheme_for("Haiku:r1") is None
    assert compare_versions("Haiku:r1", "1", "2") is None


def test_a_release_belongs_to_its_distribution() -> None:
    assert scheme_for("Debian:12") is scheme_for("debian")
    assert scheme_for("Alpine:v3.20") is scheme_for("Alpine")


@pytest.mark.parametrize(
    ("version", "bound", "expected"),
    [
        ("1.0+deb1", "1.0", 0),
        ("1.0+deb2", "1.0+deb1", 1),
        ("1.0", "1.0+deb1", -1),
        ("1.0+deb1", "1.0.post1", -1),
    ],
)
def test_a_local_label_counts_only_against_a_bound_that_has_one(
    version: str, bound: str, expected: int
) -> None:
    scheme = scheme_for("PyPI")
    assert scheme is not None
    assert compare_with_bound(scheme, version, bound) == (expected, True)


def test_in_the_order_itself_a_local_label_makes_a_version_newer() -> None:
    assert compare_versions("PyPI", "1.0+deb1", "1.0") == 1
    assert compare_versions("PyPI", "1.0", "1.0+deb1") == -1


@pytest.mark.parametrize(
    ("ecosystem", "left", "right", "line"),
    [
        ("pypi", "1.0rc1", "1.0", "-1"),
        ("CRATES.IO", "1.0.0", "1.0.0+build", "0"),
        ("debian:12", "2:1", "1:9", "1"),
        ("AlmaLinux:9", "1.0~rc1-1.el9", "1.0-1.el9", "-1"),
        ("npm", "one", "1.0.0", "error: 'one' is no version of npm"),
        ("npm", "one", "two", "error: 'one' and 'two' are no version of npm"),
        ("npm", "one", "one", "error: 'one' is no version of npm"),
        ("npm", "", "1.0.0", "error: an empty text is no version of npm"),
        ("Haiku", "1", "2", "error: 'Haiku' is no ecosystem whose versions can be ordered"),
    ],
)
def test_a_comparison_is_one_line(ecosystem: str, left: str, right: str, line: str) -> None:
    assert comparison_line(ecosystem, left, right) == line


@pytest.mark.parametrize(
    ("ecosystem", "version", "bound", "expected"),
    [
        ("Alpine", "2.7.16-r0", "2.7.16-33", -1),
        ("Alpine", "2.7.17-r0", "2.7.16-33", 1),
        ("npm", "1.8.9", "1.9.0b1", -1),
        ("npm", "1.10.0", "1.9.0b1", 1),
        ("Bitnami", "4.0.3", "nightly.2026-03-10.0", -1),
    ],
)
def test_a_bound_that_is_no_version_is_compared_as_people_read_it(
    ecosystem: str, version: str, bound: str, expected: int
) -> None:
    scheme = scheme_for(ecosystem)
    assert scheme is not None
    assert compare_with_bound(scheme, version, bound) == (expected, False)


_PIECES = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "10",
        "01",
        ".",
        "-",
        "~",
        "+",
        "_",
        ":",
        "a",
        "b",
        "rc",
        "alpha",
        "pre",
        "p",
        "-r",
        "dev",
        "v",
        "x",
    ]
)
_VERSIONS = st.lists(_PIECES, min_size=1, max_size=7).map("".join)
_NEAR = st.one_of(
    _VERSIONS, st.lists(_PIECES, max_size=4).map(lambda parts: "1.2" + "".join(parts))
)


@pytest.mark.parametrize("ecosystem", SCHEMES)
@given(versions=st.lists(_NEAR, min_size=3, max_size=3))
@settings(max_examples=60)
def test_every_order_is_an_order(ecosystem: str, versions: list[str]) -> None:
    scheme = scheme_for(ecosystem)
    assert scheme is not None
    keys = [key for text in versions if (key := scheme.key(text)) is not None]
    for key in keys:
        assert order(key, key) == 0
    for left, right in itertools.combinations(keys, 2):
        assert order(left, right) == -order(right, left)
    for first, second, third in itertools.permutations(keys, 3):
        if order(first, second) <= 0 and order(second, third) <= 0:
            assert order(first, third) <= 0, versions


@pytest.mark.parametrize("ecosystem", SCHEMES)
@given(text=st.text(max_size=40))
@settings(max_examples=40)
def test_any_text_has_a_key_or_none(ecosystem: str, text: str) -> None:
    scheme = scheme_for(ecosystem)
    assert scheme is not None
    key = scheme.key(text)
    assert key is None or order(key, key) == 0


@pytest.mark.parametrize("ecosystem", SCHEMES)
@pytest.mark.parametrize(
    "text",
    ["9" * 5000, "1." * 2000, "1" + "-" * 400, "1" + ".a1" * 160, "1.0" + "-a" * 240, "~" * 500],
)
def test_absurd_versions_are_answered_at_once(ecosystem: str, text: str) -> None:
    scheme = scheme_for(ecosystem)
    assert isinstance(scheme, Scheme)
    key = scheme.key(text)
    assert key is None or order(key, key) == 0


@given(left=_NEAR, right=_NEAR)
@settings(max_examples=100)
def test_the_last_resort_is_antisymmetric(left: str, right: str) -> None:
    assert compare_fuzzy(left, right) == -compare_fuzzy(right, left)
    assert compare_fuzzy(left, left) == 0

"""Globs over paths in the image."""

import fnmatch
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.ignores.globs import Glob, GlobError

MATCHES = [
    ("/usr/lib/x", ["/usr/lib/x"], ["/usr/lib/x/", "usr/lib/x", "/usr/lib/xy"]),
    ("/usr/*/x", ["/usr/lib/x"], ["/usr/x", "/usr/a/b/x"]),
    ("/usr/**", ["/usr/a", "/usr/a/b", "/usr/"], ["/usr", "/opt/usr/a"]),
    ("**/METADATA", ["/a/b/METADATA", "METADATA", "/METADATA"], ["/a/METADATA/b", "/a/xMETADATA"]),
    ("/usr/**/x", ["/usr/x", "/usr/a/x", "/usr/a/b/x"], ["/usr/a/b/y", "/x"]),
    ("**", ["/a/b", "a", ""], []),
    ("/a**b", ["/ab", "/axxb"], ["/a/b"]),
    ("/?.jar", ["/a.jar"], ["/.jar", "/aa.jar", "//.jar"]),
    ("/[a-c]x", ["/ax", "/cx"], ["/dx"]),
    ("/[^a-c]x", ["/dx"], ["/ax"]),
    ("/{usr,opt}/lib", ["/usr/lib", "/opt/lib"], ["/var/lib"]),
    ("/{usr/local,opt}/lib", ["/usr/local/lib", "/opt/lib"], ["/usr/lib"]),
    ("/{a,b{c,d}}", ["/a", "/bc", "/bd"], ["/b", "/c"]),
    (r"/a\*b", ["/a*b"], ["/axb"]),
    (r"/a\{b", ["/a{b"], ["/ab"]),
    (r"/[\]]", ["/]"], ["/\\"]),
    ("/*", ["/a", "/"], ["/a/b", ""]),
]


@pytest.mark.parametrize(("text", "matching", "others"), MATCHES, ids=[row[0] for row in MATCHES])
def test_globs(text: str, matching: list[str], others: list[str]) -> None:
    glob = Glob(text)
    assert [path for path in matching if not glob.matches(path)] == []
    assert [path for path in others if glob.matches(path)] == []


@pytest.mark.parametrize(
    "text",
    ["/[a", "/[]", "/[-a]", "/[a-]", "/{a", "/a\\", r"/[a\]", "x" * 1001, "{a,b}" * 12, "[a--]"],
)
def test_what_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(GlobError):
        Glob(text)


def test_no_glob_runs_for_ever() -> None:
    started = time.monotonic()
    Glob("/" + "*a" * 40 + "b").matches("/" + "a" * 500)
    Glob("/" + "**/" * 60 + "x").matches("/a" * 200)
    assert time.monotonic() - started < 30


@given(pattern=st.text(alphabet="ab*?", max_size=8), name=st.text(alphabet="abc", max_size=8))
@settings(max_examples=300)
def test_within_one_name_globs_are_those_of_the_shell(pattern: str, name: str) -> None:
    if pattern == "**" or not name:
        return
    assert Glob(pattern).matches(name) is fnmatch.fnmatchcase(name, pattern)


@given(
    text=st.text(alphabet="ab/*?[]{},\\-^", max_size=20), path=st.text(alphabet="ab/", max_size=12)
)
@settings(max_examples=300)
def test_any_text_is_a_glob_or_refused(text: str, path: str) -> None:
    try:
        glob = Glob(text)
    except GlobError:
        return
    assert glob.matches(path) in (True, False)

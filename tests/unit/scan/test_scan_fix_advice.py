"""The line that brings a fix: exact, quoted, and none where there is none."""

import re
import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.advisories.ordering import compare_versions
from shipseal.scan.fix_advice import advise
from shipseal.scan.interface import Finding, FixAdvice, FixState, Origin
from tests.support.scanning import finding


def advice(
    type: str, name: str, version: str, *fixed: str, purl: str = "", **members: Any
) -> FixAdvice:
    state = FixState.FIXED if fixed else FixState.NOT_FIXED
    given: dict[str, Any] = {"fix_state": state, "fix_versions": fixed} | members
    found = finding(type=type, name=name, version=version, purl=purl, **given)
    return advise(found, compare_versions)


@pytest.mark.parametrize(
    ("type", "name", "version", "fixed", "command"),
    [
        (
            "deb",
            "libssl3",
            "3.0.11-1~deb12u1",
            "3.0.11-1~deb12u2",
            "apt-get update && apt-get install -y --only-upgrade 'libssl3=3.0.11-1~deb12u2'",
        ),
        ("apk", "busybox", "1.31.1-r9", "1.31.1-r10", "apk add --upgrade 'busybox>=1.31.1-r10'"),
        ("rpm", "zlib", "1:1.2-1.el9", "1:1.3-2.el9", "dnf upgrade -y --refresh zlib-1:1.3-2.el9"),
        ("npm", "lodash", "4.17.15", "4.17.21", "npm install lodash@4.17.21"),
        ("npm", "@babel/traverse", "7.0.0", "7.23.2", "npm install @babel/traverse@7.23.2"),
        ("python", "Django", "3.2.5", "3.2.13", "pip install Django==3.2.13"),
        ("rust-crate", "time", "0.1.42", "0.2.23", "cargo update -p time@0.1.42 --precise 0.2.23"),
        ("go-module", "golang.org/x/text", "v0.3.5", "0.3.7", "go get golang.org/x/text@v0.3.7 && go mod tidy"),
        ("go-module", "stdlib", "go1.20.1", "1.20.2", "go get toolchain@go1.20.2"),
        (
            "go-module",
            "github.com/docker/docker",
            "v20.10.0+incompatible",
            "20.10.9",
            "go get github.com/docker/docker@v20.10.9+incompatible && go mod tidy",
        ),
        ("gem", "rack", "2.2.3", "2.2.6.4", "gem install rack --version 2.2.6.4"),
        (
            "php-composer",
            "guzzlehttp/psr7",
            "1.8.0",
            "1.8.4",
            "composer update guzzlehttp/psr7 --with guzzlehttp/psr7:1.8.4 --with-dependencies",
        ),
    ],
)  # fmt: skip
def test_each_package_manager_has_its_line(
    type: str, name: str, version: str, fixed: str, command: str
) -> None:
    found = advice(type, name, version, fixed)
    assert (found.command, found.version) == (command, fixed)


def test_maven_needs_the_group_which_the_package_url_has() -> None:
    found = advice(
        "java-archive", "log4j-core", "2.14.0", "2.15.0",
        purl="pkg:maven/org.apache.logging.log4j/log4j-core@2.14.0?type=jar",
    )  # fmt: skip
    assert found.command == (
        "mvn versions:use-dep-version -Dincludes=org.apache.logging.log4j:log4j-core "
        "-DdepVersion=2.15.0 -DforceVersion=true"
    )
    bare = advice("java-archive", "log4j-core", "2.14.0", "2.15.0")
    assert bare.command == ""
    assert bare.note.startswith("fixed in 2.15.0")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.2.5", "2.2.28"),
        ("3.0", "3.2.13"),
        ("3.2.5", "3.2.13"),
        ("4.0.1", "4.0.4"),
    ],
)
def test_the_smallest_fix_on_the_own_branch_is_taken(version: str, expected: str) -> None:
    assert advice("python", "django", version, "4.0.4", "3.2.13", "2.2.28").version == expected


def test_versions_are_ordered_as_the_ecosystem_orders_them() -> None:
    assert advice("deb", "p", "1:1.2-1", "2.0-1", "1:1.10-1", "1:1.9-1").version == "1:1.9-1"


def test_what_is_newer_already_has_no_line() -> None:
    found = advice("python", "django", "5.0", "4.0.4", "3.2.13")
    assert found == FixAdvice(
        note="what is installed is not older than 4.0.4, 3.2.13, which has the fix"
    )


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (FixState.NOT_FIXED, "there is no fixed version yet"),
        (FixState.WONT_FIX, "whoever maintains the package will not fix it"),
        (FixState.UNKNOWN, "it is not known whether there is a fixed version"),
        (FixState.FIXED, "it is said to be fixed, but not in which version"),
    ],
)
def test_where_there_is_no_fix_it_says_so(state: FixState, told: str) -> None:
    assert advice("deb", "p", "1", fix_state=state) == FixAdvice(note=told)


def test_a_type_without_a_package_manager_names_the_version() -> None:
    found = advice("binary", "redis", "6.0.0", "6.0.1")
    assert found.command == ""
    assert found.note == "fixed in 6.0.1; packages of type binary have no command of their own"


def test_a_package_of_the_base_image_may_be_fixed_in_a_newer_one() -> None:
    found = advice("deb", "p", "1", "2", origin=Origin.BASE)
    assert found.command
    assert found.note.endswith("it is in the base image: a newer base image may have the fix")
    without = advice("deb", "p", "1", origin=Origin.BASE)
    assert without.note == (
        "there is no fixed version yet; it is in the base image: a newer base image may have the fix"
    )


def test_a_source_package_that_counts_otherwise_gives_no_version_to_its_binaries() -> None:
    found = advice(
        "deb", "libgcc-s1", "12.2.0-14", "12.2.0-15",
        purl="pkg:deb/debian/libgcc-s1@12.2.0-14?upstream=gcc-12%4012.2.0-14",
    )  # fmt: skip
    assert found.command == "apt-get update && apt-get install -y --only-upgrade libgcc-s1"
    assert found.note == "its source package is fixed in 12.2.0-15"


def test_cargo_says_when_the_manifest_must_change_too() -> None:
    assert advice("rust-crate", "time", "0.1.42", "0.2.23").note == "Cargo.toml must allow 0.2.23"
    assert advice("rust-crate", "time", "0.2.1", "0.2.23").note == ""


@pytest.mark.parametrize(
    "name",
    [
        "-rf",
        "--index-url",
        "a b",
        "a;b",
        "$(id)",
        "`id`",
        "a\nb",
        "../a",
        "a'b",
        "",
        "x" * 300,
        "é",
    ],
)
@pytest.mark.parametrize(
    "type", ["deb", "apk", "rpm", "npm", "python", "rust-crate", "gem", "php-composer"]
)
def test_a_name_that_no_package_can_have_gets_no_line(type: str, name: str) -> None:
    assert advice(type, name, "1.0", "1.1").command == ""


@pytest.mark.parametrize("version", ["1.0; rm -rf /", "-1", "$(id)", "1 2", "1\n2", "", "1" * 200])
def test_a_version_that_is_none_gets_no_line(version: str) -> None:
    assert advice("python", "django", "1.0", version).command == ""


TYPES = [
    "deb", "apk", "rpm", "npm", "python", "rust-crate", "go-module", "gem", "php-composer",
    "java-archive", "binary", "bitnami", "", "x;y",
]  # fmt: skip
texts = st.text(st.sampled_from("ab1.-_~+:@/$`'\"\\;&|<>(){}[]*?!# \n\t=%^,é\x1b"), max_size=12)
plain = st.from_regex(r"[a-z0-9][a-z0-9._~+:-]{0,8}", fullmatch=True)


@st.composite
def hostile(draw: st.DrawFn) -> Finding:
    """Return a finding whose texts anybody could have written."""
    text = st.one_of(texts, plain)
    return finding(
        type=draw(st.sampled_from(TYPES)),
        name=draw(text),
        version=draw(text),
        purl=f"pkg:maven/{draw(text)}/{draw(text)}@1?upstream={draw(text)}",
        fix_state=FixState.FIXED,
        fix_versions=tuple(draw(st.lists(text, max_size=3))),
        origin=draw(st.sampled_from(list(Origin))),
    )


@given(hostile())
@settings(max_examples=400, deadline=None)
def test_no_sign_that_a_shell_reads_stands_unquoted(found: Finding) -> None:
    command = advise(found, compare_versions).command
    assert command.isprintable()
    if not command:
        return
    # Read as a shell does, where signs are words of their own: only our own conjunction is one.
    lexer = shlex.shlex(command, posix=False, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    signs = [word for word in words if not word.startswith("'") and re.search(r"[;&|<>()]", word)]
    assert set(signs) <= {"&&"}
    unquoted = re.sub(r"'[^']*'", "", command).replace(" && ", " ")
    assert not set(unquoted) & set("$`\\\"';&|<>(){}[]*?!#~\n")
    # No word of a package becomes an option.
    for part in command.split(" && "):
        assert re.fullmatch(r"[a-z-]+", shlex.split(part)[0])


@given(hostile())
@settings(max_examples=200, deadline=None)
def test_every_answer_says_something(found: Finding) -> None:
    answer = advise(found, compare_versions)
    assert answer.command or answer.note
    assert answer.note.isprintable()
    assert not answer.command or answer.version

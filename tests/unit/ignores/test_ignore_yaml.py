"""Values of ``.grype.yaml`` are what Grype's YAML reader makes of them, or refused: nothing is ignored by one alone."""

import re
import subprocess
from pathlib import Path

import pytest

from shipseal.errors import ConfigError
from shipseal.ignores.read import IgnoreFile, read_ignores
from tests.support.tools import need

# As it stands in the file, and what Grype takes it for.
SCALARS = {
    "010": "8",
    "08": "8",
    "09.5": "9.5",
    "0o10": "8",
    "0o-7": "-7",
    "0b101": "5",
    "0x1F": "31",
    "-0x10": "-16",
    "0xG": "0xG",
    "1_000": "1000",
    "_1": "_1",
    "1e3": "1000",
    "1e21": "1000000000000000000000",
    "1e400": "1e400",
    ".5": "0.5",
    "._5": "._5",
    "+.5": "0.5",
    "1.": "1",
    "3.10": "3.1",
    "3.0": "3",
    "1.0.0": "1.0.0",
    "-0": "0",
    "-0.0": "-0",
    "+12": "12",
    "12345678901234567890": "12345678901234567890",
    "123456789012345678901": "123456789012345680000",
    ".inf": "+Inf",
    "-.Inf": "-Inf",
    ".nan": "NaN",
    "~": "",
    "Null": "",
    "true": "1",
    "FALSE": "0",
    "tRue": "tRue",
    "yes": "yes",
    "no": "no",
    "on": "on",
    "off": "off",
    "y": "y",
    "1:30": "1:30",
    "1:30:00": "1:30:00",
    "2026-02-30": "2026-02-30",
    "'2026-05-31'": "2026-05-31",
    "=": "=",
    "<<": "<<",
    "!!str 010": "010",
    "!!str": "",
    "!!int '010'": "8",
    "!!float 1": "1",
    "! 010": "8",
    "!mine 010": "010",
    "&there 010": "8",
    "'010'": "010",
    "|-\n    010": "010",
    ">-\n    a\n    b": "a b",
    "a\n    b": "a b",
    '"\\x41\\u0042"': "AB",
    "a b # c": "a b",
    "'it''s'": "it's",
    "http://x:1/": "http://x:1/",
}


def read(text: str) -> IgnoreFile:
    return read_ignores(text, name=".grype.yaml")


def versions(text: str) -> list[str]:
    return [rule.package.version for rule in read(text).rules]


@pytest.mark.parametrize(("written", "meant"), SCALARS.items(), ids=SCALARS)
def test_a_scalar_is_what_grype_takes_it_for(written: str, meant: str) -> None:
    assert versions(f"ignore:\n- package:\n   version: {written}\n") == [meant]


@pytest.mark.tools
def test_grype_takes_them_for_that(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(
        "ignore:\n" + "".join(f"- package:\n   version: {one}\n" for one in SCALARS), newline=""
    )
    told = grype_config(file)
    found = re.findall(r"^      version: '(.*)'$", told.stdout, re.MULTILINE)
    assert [one.replace("''", "'") for one in found] == [*SCALARS.values()]


def grype_config(file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(need("grype")), "config", "--load", "-c", str(file)],
        env={"HOME": str(file.parent), "GRYPE_CHECK_FOR_APP_UPDATE": "false"},
        capture_output=True,
        text=True,
        cwd=file.parent,
        check=False,
    )


REFUSED = {
    "{vulnerability: 2026-05-31}": "vulnerability: expected text, got the date 2026-05-31: write it in quotes",
    "{vulnerability: 2026-5-3T1:2:3Z}": "got the date 2026-5-3T1:2:3Z",
    "{include-aliases: yes}": "include-aliases: expected true or false, got 'yes'",
    "{vulnerability: !!bool yes}": "!!bool 'yes': is none",
    "{vulnerability: A, note: !!int x}": "!!int 'x': is none",
    "{vulnerability: A, vulnerability: B}": "duplicate key vulnerability, first in line 2",
    "{<<: 3}": "<< wants keys, or a list of those",
    "{? [a] : b}": "a key is a list or a mapping",
    "{vulnerability: A\u0007}": "cannot be read",
}


@pytest.mark.parametrize(("entry", "words"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_grype_refuses_is_refused_with_its_line(entry: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        read(f"ignore:\n- {entry}\n")
    assert caught.value.message.startswith(".grype.yaml:2: ")
    assert caught.value.hint


@pytest.mark.tools
@pytest.mark.parametrize("entry", [*REFUSED][:3])
def test_grype_refuses_it_too(entry: str, tmp_path: Path) -> None:
    file = tmp_path / "refused.yaml"
    file.write_text(f"ignore:\n- {entry}\n")
    assert grype_config(file).returncode == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ignore:\n- vulnerability: A\nignore: []\n", ":3: ignore: stands twice, first as Ignore"),
        ("ignore:\n- Package: {}\n  package: {}\n", ":3: package: stands twice, first as Package"),
        ("ignore:\n- package:\n    Name: a\n    name: b\n", ":4: name: stands twice"),
        (
            "x: &a {vulnerability: A}\nignore:\n- <<: *a\n  Vulnerability: B\n",
            ":3: vulnerability: stands twice",
        ),
        ("ignore.vulnerability: A\n", ":1: ignore.vulnerability: Grype takes this for a rule"),
        ("ignore: {package.name: a}\n", ":1: package.name: Grype takes this for a key in package"),
        ("ignore: []\n---\nignore:\n- vulnerability: A\n", ":2: .*another document"),
        ("# c\n%YAML 1.2\n---\nignore: []\n", ":2: %YAML 1.2: Grype reads files of version 1.1"),
        ("ignore: []\n# c\u2028# d\n", r":2: U\+2028: a line break to some and not to others"),
        ("ignore:\n- vulnerability: !!binary QQ==\n", ":2: !!binary"),
        ("ignore: &x\n- *x\n", "&x holds itself"),
        ("ignore:\n- vulnerability:\tA\n", ":2: a tab stands where we read spaces alone"),
    ],
)
def test_what_grype_reads_by_chance_or_not_as_it_looks_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x: &a {version: 1, name: a}\nignore:\n- package:\n   <<: *a\n   version: 2\n", ["2"]),
        ("x: &a {version: 1}\nignore:\n- package: {version: 2, <<: *a}\n", ["2"]),
        ("x: &a {version: 1}\ny: &b {version: 2}\nignore:\n- package: {<<: [*a, *b]}\n", ["1"]),
        ("x: &a {version: 1}\nignore:\n- package: {'<<': *a}\n", [""]),
        ("x: &a 010\nignore:\n- package: {version: *a}\n", ["8"]),
        ("x: &a 1\ny: &a 2\nignore: [{package: {version: *a}}]\n", ["2"]),
        ("<<: {ignore: [{package: {version: a}}]}\n", ["a"]),
        ("%YAML 1.1\n---\nignore: [{package: {version: yes}}]\n...\n", ["yes"]),
        ("\ufeffignore:\r\n- package:\r\n    version: 010\r\n", ["8"]),
        ("ignore: [{pac\u212aage: {ver\u017fion: a}}]\n", ["a"]),
        ("ignore: [{package:x}]\n", []),
        ("ignore: ''\n", []),
        ("ignore: {}\n", []),
        ("~\n", []),
    ],
)
def test_anchors_merges_and_marks_are_read_as_grype_reads_them(text: str, found: list[str]) -> None:
    assert [version for version in versions(text) if version] == [one for one in found if one]


def test_a_value_that_is_another_than_it_looks_is_told() -> None:
    (remark,) = read("ignore:\n- vulnerability: A\n  package: {version: 3.10}\n").remarks
    assert (remark.line, remark.rule, remark.otherwise) == (3, 0, True)
    assert remark.text == (
        'package.version: 3.10 is 3.1 to Grype, and here; if that is not meant, write "3.10"'
    )


def test_a_key_of_ours_says_what_stands_there() -> None:
    (rule,) = read("ignore:\n- vulnerability: A\n  issue: 010\n  owner: true\n  impact: ~\n").rules
    assert (rule.issue, rule.owner, rule.impact) == ("010", "true", "")


def test_an_anchor_that_is_brought_in_very_often_ends() -> None:
    keys = ", ".join(f"k{n}: 1" for n in range(400))
    many = ", ".join(["*a"] * 400)
    with pytest.raises(ConfigError, match=r":3: << brings in more than 100000 keys"):
        read(f"x: &a {{{keys}}}\nignore:\n- <<: [{many}]\n")

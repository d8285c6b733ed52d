"""Orders of versions against the programs whose orders they are: dpkg, node-semver, RubyGems, Maven."""

import json
import random
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from shipseal.advisories.ordering import compare_versions
from tests.support.missing import UNAVOIDABLE
from tests.support.tools import need

pytestmark = pytest.mark.tools

Pairs = Sequence[tuple[str, str]]
_SEMVER = Path("/usr/lib/node_modules/npm/node_modules/semver")
_MAVEN = Path("/usr/share/maven/lib/maven-artifact-3.x.jar")


def pairs(make: Callable[[random.Random], str], count: int) -> Pairs:
    """Return pairs of versions, half of them close to each other."""
    chance = random.Random(20260112)
    found = []
    for _ in range(count):
        left = make(chance)
        at = chance.randrange(len(left) + 1)
        near = left[:at] + chance.choice(["0", "1", ".0", ".1", "a", "-1", "~", ".rc1"]) + left[at:]
        found.append((left, near if chance.random() < 0.5 else make(chance)))
    return found


def word(pieces: Sequence[str], most: int) -> Callable[[random.Random], str]:
    """Return a maker of versions out of ``pieces`` behind a number."""
    return lambda chance: (
        str(chance.randint(0, 3))
        + "".join(chance.choice(pieces) for _ in range(chance.randint(0, most)))
    )


def agree(ecosystem: str, compared: Pairs, answers: Sequence[int | None]) -> None:
    """Check that we say what the reference says wherever it accepts both versions."""
    assert len(answers) == len(compared)
    judged = [
        (pair, answer) for pair, answer in zip(compared, answers, strict=True) if answer is not None
    ]
    assert len(judged) > len(compared) // 4
    wrong = [
        (left, right, answer, found)
        for (left, right), answer in judged
        if (found := compare_versions(ecosystem, left, right)) != answer
    ]
    assert wrong == []


def test_debian_as_dpkg() -> None:
    dpkg = need("dpkg")
    compared = pairs(
        word(["~", "+", "a", "b", ".", "1", "0", "01", "10", "-", "~rc", ":", "Z"], 6), 250
    )

    def ask(left: str, right: str) -> int | None:
        for operator, answer in (("lt", -1), ("eq", 0)):
            done = subprocess.run(
                [dpkg, "--compare-versions", left, operator, right],
                capture_output=True,
                check=False,
            )
            if done.stderr:
                return None
            if done.returncode == 0:
                return answer
        return 1

    agree("Debian", compared, [ask(*pair) for pair in compared])


def test_npm_as_node_semver() -> None:
    node = need("node")
    if not _SEMVER.is_dir():
        pytest.skip(f"{UNAVOIDABLE}npm is not installed with its semver package in {_SEMVER}")
    make = word([".0", ".1", ".10", "-alpha", "-rc.1", ".2", "+build", "-1"], 4)
    compared = pairs(
        lambda chance: f"{chance.randint(0, 2)}.{chance.randint(0, 11)}.{make(chance)}", 4000
    )
    program = (
        f"const s = require({json.dumps(str(_SEMVER))});"
        "const pairs = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const one = ([a, b]) => { try { return s.compare(a, b) } catch (e) { return null } };"
        "console.log(JSON.stringify(pairs.map(one)))"
    )
    done = subprocess.run(
        [node, "-e", program], input=json.dumps(compared).encode(), capture_output=True, check=True
    )
    agree("npm", compared, json.loads(done.stdout))
    agree("Go", compared, json.loads(done.stdout))


def test_gems_as_rubygems() -> None:
    ruby = need("ruby")
    compared = pairs(
        word([".0", ".1", ".a", ".b1", ".rc1", ".0a", "-1", "-a", ".10", ".pre"], 5), 4000
    )
    program = (
        "require 'json'; puts JSON.generate(JSON.parse(STDIN.read).map { |a, b| "
        "begin; Gem::Version.new(a) <=> Gem::Version.new(b); rescue ArgumentError; nil; end })"
    )
    done = subprocess.run(
        [ruby, "-e", program], input=json.dumps(compared).encode(), capture_output=True, check=True
    )
    agree("RubyGems", compared, json.loads(done.stdout))


def test_maven_as_comparable_version() -> None:
    java = need("java")
    if not _MAVEN.is_file():
        pytest.skip(f"{UNAVOIDABLE}Maven is not installed with {_MAVEN}")
    make = word(
        ["1", "2", "0", "10", ".", "-", "rc", "alpha", "a", "b", "final", "ga", "sp", "x", "m"], 6
    )
    chance = random.Random(1)
    versions = [make(chance) for _ in range(2500)]
    libraries = f"{_MAVEN}:/usr/share/java/commons-lang3.jar"
    main = "org.apache.maven.artifact.versioning.ComparableVersion"
    done = subprocess.run(
        [java, "-cp", libraries, main, *versions], capture_output=True, check=True, text=True
    )
    found = re.findall(r"^   (\S+) (<|==|>) (\S+)$", done.stdout, re.MULTILINE)
    signs = {"<": -1, "==": 0, ">": 1}
    agree(
        "Maven", [(left, right) for left, _, right in found], [signs[sign] for _, sign, _ in found]
    )

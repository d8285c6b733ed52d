"""Orders of versions against the programs whose orders they are, on random versions and on real bounds.

dpkg, ``packaging``, node-semver, RubyGems, Maven, Go's semver, rpm, and apk where it is installed.
"""

import gzip
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from packaging.version import InvalidVersion, Version

from shipseal.advisories.ordering import compare_versions
from tests.support.missing import UNAVOIDABLE
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.shared]

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


def real(ecosystem: str, count: int) -> Pairs:
    """Return pairs of bounds and enumerated versions of real advisories, of one package each."""
    versions: dict[str, dict[str, None]] = {}
    with gzip.open(shared(f"advisories/{ecosystem}.jsonl.gz")) as lines:
        for line in lines:
            for affected in json.loads(line).get("affected", ()):
                found = versions.setdefault(affected.get("package", {}).get("name", ""), {})
                found |= dict.fromkeys(affected.get("versions", ()))
                for event in (e for r in affected.get("ranges", ()) for e in r["events"]):
                    found |= dict.fromkeys(text for text in event.values() if text != "0")
    chance = random.Random(20260113)
    packages = [list(found) for found in versions.values() if len(found) > 1]
    taken = []
    for _ in range(count):
        left, right = chance.sample(chance.choice(packages), 2)
        taken.append((left, right))
    return taken


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


_DPKG = """
while read -r left right; do
    if ! told=$("$0" --compare-versions "$left" lt "$right" 2>&1) && [ -z "$told" ]; then
        if "$0" --compare-versions "$left" eq "$right"; then echo 0; else echo 1; fi
    elif [ -n "$told" ]; then echo none
    else echo -1; fi
done
"""


def test_debian_as_dpkg() -> None:
    dpkg = need("dpkg")
    made = word(["~", "+", "a", "b", ".", "1", "0", "01", "10", "-", "~rc", ":", "Z"], 6)
    compared = [*pairs(made, 250), *real("Debian", 500)]
    lines = "".join(f"{left} {right}\n" for left, right in compared)
    done = subprocess.run(
        ["sh", "-c", _DPKG, dpkg], input=lines, capture_output=True, check=True, text=True
    )
    answers = [None if line == "none" else int(line) for line in done.stdout.split()]
    agree("Debian", compared, answers)


def test_python_as_packaging() -> None:
    made = word(
        ["a1", "b2", "rc1", ".post1", ".dev3", ".0", ".1", "-2", "+local.1", "_", "c", "v"], 4
    )
    compared = [*pairs(made, 4000), *real("PyPI", 4000)]

    def ask(left: str, right: str) -> int | None:
        try:
            first, second = Version(left), Version(right)
        except InvalidVersion:
            return None
        return (first > second) - (first < second)

    agree("PyPI", compared, [ask(*pair) for pair in compared])


def _by_rpm(compared: Pairs) -> list[int]:
    """Ask rpm itself, whose macros can run Lua."""
    text = "".join(f"{left} {right}\n" for left, right in compared)
    program = (
        "%{lua: for l in io.open(os.getenv('PAIRS')):lines() do "
        "local a, b = l:match('^(%S+) (%S+)$') print(rpm.vercmp(a, b), '\\n') end}"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(
            [need("rpm"), "--eval", program],
            env={"PAIRS": file.name, "PATH": os.environ["PATH"]},
            capture_output=True,
            check=True,
            text=True,
        )
    return [int(line) for line in done.stdout.split()]


def test_almalinux_as_rpm() -> None:
    made = word([".", "1", "0", "01", "10", "a", "rc", "~", "^", "-1", "_", "+", "el8", "Z"], 6)
    found = [*pairs(made, 3000), *real("AlmaLinux", 3000)]
    form = re.compile(r"[^-]+(-[^-]*)?")  # what a package can have: neither part holds a hyphen
    compared = [pair for pair in found if all(map(form.fullmatch, pair))]
    agree("AlmaLinux", compared, _by_rpm(compared))


_GO = """package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"reference/semver"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		pair := strings.Fields(lines.Text())
		if !semver.IsValid(pair[0]) || !semver.IsValid(pair[1]) {
			fmt.Println("none")
		} else {
			fmt.Println(semver.Compare(pair[0], pair[1]))
		}
	}
}
"""


def test_go_modules_as_go(tmp_path: Path) -> None:
    go = need("go")
    root = subprocess.run([go, "env", "GOROOT"], capture_output=True, check=True, text=True)
    source = Path(root.stdout.strip()) / "src/cmd/vendor/golang.org/x/mod/semver/semver.go"
    if not source.is_file():
        pytest.skip(f"{UNAVOIDABLE}Go is installed without {source}")
    (tmp_path / "semver").mkdir()
    (tmp_path / "semver" / "semver.go").write_bytes(source.read_bytes())
    (tmp_path / "main.go").write_text(_GO)
    (tmp_path / "go.mod").write_text("module reference\n\ngo 1.21\n")
    make = word([".0", ".1", ".10", "-alpha", "-rc.1", ".2", "+incompatible", "-0.2021", "-1"], 4)
    made = [(f"v{left}", f"v{right}") for left, right in pairs(make, 4000)]
    compared = [*made, *((f"v{left}", f"v{right}") for left, right in real("Go", 3000))]
    lines = "".join(f"{left} {right}\n" for left, right in compared)
    done = subprocess.run(
        [go, "run", "."], cwd=tmp_path, input=lines, capture_output=True, check=True, text=True,
        env=os.environ | {"GOFLAGS": "", "GOPROXY": "off", "GOWORK": "off", "GOTOOLCHAIN": "local"},
    )  # fmt: skip
    answers = [None if line == "none" else int(line) for line in done.stdout.split()]
    agree("Go", compared, answers)


def test_alpine_as_apk() -> None:
    apk = shutil.which("apk")
    if apk is None:
        pytest.skip(f"{UNAVOIDABLE}apk is not installed, and runs on Alpine alone")
    made = word([".0", ".1", "a", "_rc1", "_p2", "_git2024", "_alpha", "-r1", "-r10", "~0c1d"], 4)
    compared = [*pairs(made, 500), *real("Alpine", 500)]
    signs = {"<": -1, "=": 0, ">": 1}
    answers = []
    for pair in compared:
        done = subprocess.run(
            [apk, "version", "-t", *pair], capture_output=True, check=False, text=True
        )
        answers.append(signs.get(done.stdout.strip()))
    agree("Alpine", compared, answers)


def test_npm_as_node_semver() -> None:
    node = need("node")
    if not _SEMVER.is_dir():
        pytest.skip(f"{UNAVOIDABLE}npm is not installed with its semver package in {_SEMVER}")
    make = word([".0", ".1", ".10", "-alpha", "-rc.1", ".2", "+build", "-1"], 4)
    near = pairs(
        lambda chance: f"{chance.randint(0, 2)}.{chance.randint(0, 11)}.{make(chance)}", 4000
    )
    compared = [*near, *real("npm", 2000), *real("crates.io", 2000)]
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
    agree("crates.io", compared, json.loads(done.stdout))


def test_gems_as_rubygems() -> None:
    ruby = need("ruby")
    made = word([".0", ".1", ".a", ".b1", ".rc1", ".0a", "-1", "-a", ".10", ".pre"], 5)
    compared = [*pairs(made, 4000), *real("RubyGems", 3000)]
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
    versions += [text for pair in real("Maven", 300) for text in pair]
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

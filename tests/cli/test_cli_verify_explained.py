"""`shipseal verify --explain`: every check is told with its inputs, and what was not checked is said."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.oci import Image
from shipseal.registry.layout_target import LayoutTarget
from tests.support.evidence import Recipe, key, make_pieces, push_image, put_pieces, sample_image
from tests.support.schemas import check_shape

RECIPE = Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC))
POLICY = "keys: [release.pub]\nscan_max_age: 30d\n"
THREE = ("linux/amd64", "linux/arm64", "linux/s390x")
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    (tmp_path / "policy.yaml").write_text(POLICY)

    def call(*words: str) -> tuple[int, str]:
        status = main(["verify", "oci:out", *words, "--explain"])
        return status, capsys.readouterr().out

    return call


def publish(recipe: Recipe = RECIPE) -> Image:
    sample, image = sample_image(Path("source"), platforms=THREE)
    target = LayoutTarget(Path("out"))
    push_image(target, sample, image, tag="1.2.3")
    put_pieces(target, make_pieces(image, key(), recipe))
    return image


def part_about(out: str, subject: str) -> list[str]:
    """Return the lines below the heading of a subject, without the columns' names."""
    _, _, rest = out.partition(f"\nchecks of {subject}\n")
    return rest.partition("\n\n")[0].splitlines()[2:]


def test_every_check_is_told_by_subject_and_what_was_not_made_is_said(run: Run) -> None:
    image = publish()
    status, out = run("--policy", "policy.yaml")
    assert status == Exit.EVIDENCE
    subjects = [
        f"index {image.digest}",
        *(f"{one.platform} {one.digest}" for one in image.platforms),
    ]
    for subject in subjects:
        lines = part_about(out, subject)
        # Three platforms with four kinds are no flood: what is the same for all kinds is one line.
        assert 20 < len(lines) < 30
        assert sum(line.startswith("4 signature ") for line in lines) == 1
        told = {line.partition("  ")[0]: line for line in lines}
        assert "  fail  " in told["9c scan's age"]
        assert "it ended at 2024-01-01T00:00:00Z, " in told["9c scan's age"]
        assert told["9c scan's age"].endswith("expected: a scan of the last 30d")
        assert told["scan: the rest"].endswith("not made  10 gate")
        assert "found: 9 of 9 (1 provenance, 4 sbom, 4 scan)" in told["11e what it names"]
    answer = json.loads(run("--policy", "policy.yaml", "--json")[1])
    check_shape(answer, "verification")
    last = [one["pieces"][0]["steps"][-1] for one in answer["checks"]]
    assert {(one["step"], one["outcome"]) for one in last} >= {("7", "pass"), ("10", "not-made")}


def test_what_comes_from_outside_moves_no_cursor_and_floods_nobody(run: Run) -> None:
    image = publish(replace(RECIPE, verifier="https://evil.test/\x1b[2J\n::error::"))
    for number in range(1, 7):
        put_pieces(LayoutTarget(Path("out")), make_pieces(image, key(number), RECIPE)[:1])
    status, out = run("--key", "release.pub")
    assert status == Exit.EVIDENCE
    assert "\x1b" not in out
    lines = part_about(out, f"index {image.digest}")
    assert any("evil.test/\\x1b[2J\\n::error::" in line for line in lines)
    assert [line.split()[2] for line in lines if line.startswith("provenance: another")] == [
        "untrusted",
        "untrusted",
        "untrusted",
        "and",
    ]

"""`shipseal release --break-glass`: what a person has to say, and what everybody is told."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from shipseal.cli.release_actions import tell_actions
from shipseal.errors import Exit
from shipseal.release.result import ReleaseResult
from tests.support.release_project import PASSWORD, Project
from tests.support.schemas import check_shape

FOUND = "CVE-2099-0001 in planted 1.0"


def day(days: int) -> str:
    """Return the day that is so many days from now."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sbom_cache: Path) -> Project:
    """An image with a critical vulnerability."""
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    made = Project(tmp_path / "project")
    made.build({"planted": "1.0"})
    return made


GLASS = ("--break-glass", "INC-42: logins fail", "--break-glass-by", "ada")


@pytest.mark.tools
def test_it_publishes_and_everybody_is_told(
    project: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert project.release() == Exit.REFUSED
    capsys.readouterr()
    until = day(3)
    assert project.release("1.0.0", *GLASS, "--break-glass-until", until) == Exit.OK
    told = capsys.readouterr()
    assert "the gate is overridden, by ada, until" in told.out
    assert "reason: INC-42: logins fail" in told.out
    assert f"in spite of: {FOUND}" in told.out
    assert project.run("release", "show", "--json") == Exit.OK
    shown = json.loads(capsys.readouterr().out)
    check_shape(shown, "release-show")
    assert shown["break_glass"]["findings"] == [FOUND]
    summary = tmp_path / "summary.md"
    job = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    members = {name: shown[name] for name in ReleaseResult.__struct_fields__}
    tell_actions(msgspec.convert(members, ReleaseResult), tmp_path, job)
    assert "**Break-glass**: the gate is overridden by ada until" in summary.read_text()
    image = f"oci:{project.folder}/a:1.0.0"
    assert project.run("verify", image) == Exit.OK
    assert "break-glass by ada until" in capsys.readouterr().out
    project.configure(verify={"break_glass": "refuse"})
    assert project.run("verify", image) == Exit.EVIDENCE
    assert "a release that passed its gate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--break-glass", "x"), "not said until when"),
        (("--break-glass-until", day(1)), "go with --break-glass REASON"),
        (("--break-glass-undecided",), "go with --break-glass REASON"),
        (("--break-glass", "x", "--break-glass-until", "soon"), "not a date"),
        (("--break-glass", "x", "--break-glass-until", "2020-01-01"), "still to come"),
        (("--break-glass", "x", "--break-glass-until", day(60)), "gate.break_glass_max is 14d"),
        (("--break-glass", " ", "--break-glass-until", day(1)), "1 to 500"),
        (("--break-glass", "a\nb", "--break-glass-until", day(1)), "one line"),
        (("--break-glass", "x" * 501, "--break-glass-until", day(1)), "501 characters"),
        (
            ("--break-glass", "x", "--break-glass-until", day(1), "--break-glass-by", ""),
            "--break-glass-by",
        ),
    ],
)
def test_what_is_said_wrongly_is_told_before_anything_begins(
    project: Project, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert project.release("1.0.0", *words) == Exit.USAGE
    assert told in capsys.readouterr().err


def test_who_would_refuse_it_cannot_publish_by_it(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(verify={"break_glass": "refuse"})
    assert project.release("1.0.0", *GLASS, "--break-glass-until", day(1)) == Exit.USAGE
    assert "verify.break_glass is refuse" in capsys.readouterr().err


def test_how_long_is_a_matter_of_configuration(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(gate={"break_glass_max": "1d"})
    assert project.release("1.0.0", *GLASS, "--break-glass-until", day(3)) == Exit.USAGE
    assert "gate.break_glass_max is 1d" in capsys.readouterr().err

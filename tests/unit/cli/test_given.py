"""What is printed as what to do next can be pasted: it reads the configuration that was named."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.failure import as_json, as_text
from shipseal.cli.given import TAKES_CONFIG, as_given, naming
from shipseal.cli.main import COMMANDS, load, main
from shipseal.errors import ConfigError, Exit


def told(argv: Sequence[str], text: str) -> str:
    """Return ``text`` as a command with these words prints it."""
    with naming(argv):
        return as_given(text)


@pytest.mark.parametrize(
    "argv",
    [
        ("release", "-c", "ci/team.yaml"),
        ("release", "-cci/team.yaml", "--json"),
        ("release", "show", "--config", "ci/team.yaml"),
        ("release", "--config=ci/team.yaml", "resume"),
    ],
)
def test_a_command_names_the_configuration_that_was_named(argv: Sequence[str]) -> None:
    assert told(argv, "try; then: shipseal release resume 1.0.0-abc") == (
        "try; then: shipseal release resume --config ci/team.yaml 1.0.0-abc"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shipseal release --version V", "shipseal release {} --version V"),
        ("`shipseal gate explain` says", "`shipseal gate explain {}` says"),
        ("shipseal release list shows the ids", "shipseal release list {} shows the ids"),
        ("shipseal doctor", "shipseal doctor {}"),
        ("shipseal diagnose --run V", "shipseal diagnose {} --run V"),
        (
            "`shipseal verify a@b --config shipseal.yaml --explain` shows",
            "`shipseal verify a@b {} --explain` shows",
        ),
    ],
)
def test_every_kind_of_command(text: str, expected: str) -> None:
    option = "--config 'of the team.yaml'"
    assert told(("release", "-c", "of the team.yaml"), text) == expected.format(option)


@pytest.mark.parametrize(
    "text",
    [
        "shipseal doctor workflow FILE",
        "shipseal verify bundle BUNDLE",
        "shipseal verify IMAGE --policy policy.yaml",
        "shipseal diagnose --github-run 7",
        "shipseal key generate",
        "docs/shipseal release",
    ],
)
def test_what_reads_no_configuration_or_names_its_own_stays(text: str) -> None:
    assert told(("release", "-c", "ci/team.yaml"), text) == text


@pytest.mark.parametrize("name", ["shipseal.yaml", "./shipseal.yaml", "{cwd}/shipseal.yaml"])
def test_the_usual_configuration_need_not_be_named(name: str) -> None:
    argv = ("release", "-c", name.format(cwd=Path.cwd()))
    assert told(argv, "shipseal doctor") == "shipseal doctor"
    assert told(("release", "--", "-c", "x.yaml"), "shipseal doctor") == "shipseal doctor"


def test_a_hint_of_an_error_is_told_so_to_people_and_to_programs() -> None:
    error = ConfigError("no", hint="start one: shipseal release --version V")
    with naming(("release", "-c", "x.yaml")):
        told_to_both = as_text(error), as_json(error)
    assert all("shipseal release --config x.yaml --version V" in text for text in told_to_both)


def test_the_next_command_in_this_process_knows_nothing_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["config", "check", "-c", "x.yaml"]) == Exit.USAGE
    assert "x.yaml: no such file" in capsys.readouterr().err
    assert as_given("shipseal doctor") == "shipseal doctor"


def test_in_a_folder_that_is_gone_every_command_still_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["--version"]) == Exit.OK
    assert capsys.readouterr().out.startswith("shipseal ")
    assert main(["doctor", "-c", "x.yaml"]) == Exit.USAGE
    assert "the current folder does not exist any more" in capsys.readouterr().err
    assert told(("release", "-c", "/x"), "shipseal doctor") == "shipseal doctor --config /x"


def takes_config(name: str, command: Any) -> Sequence[str]:
    options = [word for param in command.params for word in param.opts]
    own = [name] if "--config" in options else []
    inner = getattr(command, "commands", {})
    return own + [found for sub in inner for found in takes_config(f"{name} {sub}", inner[sub])]


def test_the_commands_are_those_that_have_the_option() -> None:
    there = {found for name in COMMANDS for found in takes_config(name, load(name))}
    assert there - set(TAKES_CONFIG) == {"scan"}
    assert set(TAKES_CONFIG) <= there

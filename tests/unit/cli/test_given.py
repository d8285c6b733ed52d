"""What is printed as what to do next can be pasted: it reads the configuration that was named."""

import contextvars
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.failure import as_json, as_text
from shipseal.cli.given import TAKES_CONFIG, as_given, take
from shipseal.cli.main import COMMANDS, load
from shipseal.errors import ConfigError


def told(argv: Sequence[str], text: str) -> str:
    """Return ``text`` as a command with these words prints it; other tests hear nothing of them."""

    def after() -> str:
        take(argv)
        return as_given(text)

    return contextvars.copy_context().run(after)


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
    def after() -> tuple[str, str]:
        take(("release", "-c", "x.yaml"))
        error = ConfigError("no", hint="start one: shipseal release --version V")
        return as_text(error), as_json(error)

    for text in contextvars.copy_context().run(after):
        assert "shipseal release --config x.yaml --version V" in text


def takes_config(name: str, command: Any) -> Sequence[str]:
    options = [word for param in command.params for word in param.opts]
    own = [name] if "--config" in options else []
    inner = getattr(command, "commands", {})
    return own + [found for sub in inner for found in takes_config(f"{name} {sub}", inner[sub])]


def test_the_commands_are_those_that_have_the_option() -> None:
    there = {found for name in COMMANDS for found in takes_config(name, load(name))}
    assert there - set(TAKES_CONFIG) == {"scan"}
    assert set(TAKES_CONFIG) <= there

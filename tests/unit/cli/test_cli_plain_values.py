"""Values that are taken as they are: the same as Typer's own, without what it imports."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from shipseal.cli.main import installed, load
from shipseal.cli.plain_values import PlainValue, take_plainly

app = typer.Typer()


@app.command()
def probe(
    places: Annotated[list[Path], typer.Argument()],
    *,
    text: Annotated[str | None, typer.Option()] = None,
    path: Annotated[Path | None, typer.Option()] = None,
    several: Annotated[list[str] | None, typer.Option()] = None,
    number: Annotated[int, typer.Option()] = 7,
    there: Annotated[Path | None, typer.Option(exists=True)] = None,
    flag: Annotated[bool, typer.Option("--flag")] = False,
) -> None:
    SEEN.append((places, text, path, several, number, there, flag))


SEEN: list[Any] = []


def run(words: list[str], *, plainly: bool) -> Any:
    command = typer.main.get_command(app)
    if plainly:
        take_plainly(command)
    SEEN.clear()
    with command.make_context("probe", list(words)) as context:
        command.invoke(context)
    return SEEN[-1]


@pytest.mark.parametrize(
    "words",
    [
        ["a"],
        ["a", "b/c", "--text", "t", "--path", "p", "--flag"],
        ["a", "--several", "x", "--several", "y", "--number", "8"],
        ["", "--text", "", "--path", ""],
    ],
)
def test_values_are_those_that_typer_gives(words: list[str]) -> None:
    assert run(words, plainly=True) == run(words, plainly=False)


@pytest.mark.parametrize("words", [["a", "--number", "x"], ["a", "--there", "/nowhere"], []])
def test_what_must_be_checked_still_is(words: list[str]) -> None:
    with pytest.raises(typer.BadParameter.__bases__[0]):
        run(words, plainly=True)


def test_every_command_takes_texts_and_paths_plainly() -> None:
    for name in installed():
        command = load(name)
        if not getattr(command, "commands", {}):
            plain = [one for one in command.params if isinstance(one._runtime_param, PlainValue)]
            assert plain or not command.params, name


def test_numbers_that_were_not_given_import_nothing() -> None:
    program = (
        "import sys; from shipseal.cli.main import main; main(['sbom', 'trim', 'no-such-file', '-o', 'x']); "
        "sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

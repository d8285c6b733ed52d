"""`shipseal config`: check, show and schema, for people and for programs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.schemas import check_shape

TEXT = "image: app\nbuild: {builder: prebuilt, layout: i}\ntargets: [ghcr.io/org/app]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shipseal.yaml").write_text(TEXT)
    return tmp_path


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command and return what it printed as JSON."""

    def run(*words: str, status: int = Exit.OK) -> Any:
        assert main(list(words)) == status
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out)

    return run


Output = Callable[..., Any]


def test_a_correct_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check"]) == Exit.OK
    assert capsys.readouterr().out.startswith(f"{folder}/shipseal.yaml: correct (sha256:")


def test_what_the_environment_overrides_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSEAL_GATE_FAIL_ON", "low")
    assert main(["config", "check"]) == Exit.OK
    assert (
        capsys.readouterr().out.splitlines()[1] == "  gate.fail_on comes from SHIPSEAL_GATE_FAIL_ON"
    )


def test_check_as_json(folder: Path, output: Output) -> None:
    value = output("config", "check", "--json")
    assert value["valid"] is True
    assert value["file"] == f"{folder}/shipseal.yaml"
    assert value["digest"].startswith("sha256:")


def test_a_wrong_file_ends_with_64_and_all_its_problems(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "shipseal.yaml").write_text(TEXT + "gate: {fail_on: critcal}\nfoo: 1\n")
    for command in ("check", "show"):
        assert main(["config", command]) == Exit.USAGE
        err = capsys.readouterr().err
        assert "shipseal.yaml:4: gate.fail_on: expected one of" in err
        assert "shipseal.yaml:5: foo: unknown key" in err


def test_a_wrong_file_as_json(folder: Path, output: Output) -> None:
    (folder / "shipseal.yaml").write_text(TEXT + "foo: 1\n")
    value = output("config", "check", "--json", status=Exit.USAGE)
    check_shape(value, "error")
    assert value["error"]["context"]["line"] == "4"


def test_a_file_elsewhere(folder: Path, output: Output) -> None:
    (folder / "other.yaml").write_text(TEXT.replace("app", "other"))
    assert (
        output("config", "show", "--config", "other.yaml", "--json")["config"]["image"] == "other"
    )
    assert output("config", "check", "-c", "missing.yaml", "--json", status=Exit.USAGE)


def test_table_and_json_show_the_same(
    folder: Path, output: Output, capsys: pytest.CaptureFixture[str]
) -> None:
    value = output("config", "show", "--json")
    assert main(["config", "show"]) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    shown = dict(line.split()[:2] for line in lines[2:])
    assert shown["image"] == value["config"]["image"] == "app"
    assert shown["build.layout"] == value["config"]["build"]["layout"] == f"{folder}/i"
    assert shown["scan.max_age"] == value["config"]["scan"]["max_age"] == "5d"
    assert value["sources"]["image"] == "shipseal.yaml:1"
    top = {key.split(".")[0] for key in shown}
    assert top == set(value["config"])


def test_the_schema_needs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: Output
) -> None:
    monkeypatch.chdir(tmp_path)
    schema = output("config", "schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["image", "build", "targets"]

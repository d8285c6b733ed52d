"""What a manifest says about its project, whatever stands in it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.config.load import load
from shipseal.config.project import Project, ProjectKind, project_in, usable_version
from shipseal.config.repository import look
from shipseal.config.template import configuration


def project(folder: Path, files: dict[str, str], tag: str = "") -> Project:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return project_in(folder, tag=tag)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"go.mod": "module example.org/a\n"}, Project(ProjectKind.GO, "a", start=".")),
        (
            {"go.mod": "// c\nmodule a/b/v3\n", "cmd/x/main.go": "", "cmd/b/main.go": ""},
            Project(ProjectKind.GO, "b", start="./cmd/b"),
        ),
        (
            {"go.mod": "module a/b\n", "cmd/x/main.go": ""},
            Project(ProjectKind.GO, "x", start="./cmd/x"),
        ),
        (
            {
                "Cargo.toml": '[package]\nname="a"\nversion.workspace=true\n[workspace.package]\nversion="0.3.0"\n'
            },
            Project(ProjectKind.RUST, "a", "0.3.0"),
        ),
        (
            {"Cargo.toml": '[package]\nname="a"\nversion="1.0.0"\n[[bin]]\nname="b"\n'},
            Project(ProjectKind.RUST, "b", "1.0.0"),
        ),
        (
            {"pyproject.toml": '[tool.poetry]\nname="a"\nversion="1.2.3"\n'},
            Project(ProjectKind.PYTHON, "a", "1.2.3"),
        ),
        (
            {"pyproject.toml": "[tool.ruff]\n", "package.json": "{}"},
            Project(ProjectKind.NODE, start="index.js"),
        ),
        (
            {"package.json": '{"scripts": {"build": "tsc"}, "main": "../x.js"}'},
            Project(ProjectKind.NODE, start="dist/index.js", builds=True),
        ),
        ({"package.json": "[]"}, Project(ProjectKind.NODE, start="index.js")),
        ({"Cargo.toml": "not [toml"}, Project(ProjectKind.RUST)),
        ({}, Project()),
    ],
)
def test_the_manifest_is_read(tmp_path: Path, files: dict[str, str], expected: Project) -> None:
    assert project(tmp_path, files) == expected


def test_the_manifest_comes_before_the_tag(tmp_path: Path) -> None:
    files = {"package.json": '{"version": "3.0.0"}'}
    assert project(tmp_path, files, tag="v2.0.0").version == "3.0.0"
    assert project(tmp_path, {"package.json": "{}"}, tag="v2.0.0").version == "2.0.0"


@pytest.mark.parametrize("text", ["1.0", "01.0.0", "1.0.0+b", "1.0.0 x", "$(id)", "", "1.0.0rc1"])
def test_a_version_that_default_tags_cannot_have_is_not_taken(text: str) -> None:
    assert usable_version(text) == ""


# Surrogates are no characters that a file can hold.
_ANY = st.text(st.characters(codec="utf-8"), max_size=40)


@settings(max_examples=60, deadline=None)
@given(name=_ANY, version=_ANY, start=_ANY, script=_ANY, kind=st.sampled_from(("node", "python")))
def test_nothing_in_a_manifest_breaks_the_configuration(
    name: str,
    version: str,
    start: str,
    script: str,
    kind: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    value = {"name": name, "version": version, "main": start, "scripts": {"start": script}}
    if kind == "node":
        (folder / "package.json").write_text(json.dumps(value), encoding="utf-8")
    else:
        text = "\n".join(
            ["[project]", f"name = {json.dumps(name)}", f"scripts.x = {json.dumps(script)}"]
        )
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    text = configuration(look(folder, remote=""), dockerfile_builder="")
    (folder / "shipseal.yaml").write_text(text, encoding="utf-8")
    loaded = load(folder / "shipseal.yaml", env={}, overrides={}, cwd=folder)
    assert loaded.config.build.builder == "layers"

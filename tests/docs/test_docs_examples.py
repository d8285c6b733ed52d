"""Every piece of configuration in the documentation is one that shipseal accepts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from shipseal.config.keys import all_keys
from shipseal.config.load import load, load_policy
from shipseal.errors import ConfigError
from shipseal.ignores.read import read_ignores
from tests.support.pages import Page, pages
from tests.support.tools import ROOT

_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A workflow of GitHub Actions or a pipeline of GitLab is no configuration of ours.
_FOREIGN = {"jobs", "permissions", "steps", "on", "stages"}
_POLICY = {key.path[1] for key in all_keys() if key.path[0] == "verify" and len(key.path) > 1}
_SMALLEST = {
    "image": "app",
    "build": {"builder": "prebuilt", "layout": "./image"},
    "targets": ["registry.example.org/app"],
}


def examples(page: Page) -> Iterator[dict[str, Any]]:
    """Yield the configurations of a page, whole ones and parts."""
    for block in _BLOCK.findall(page.text):
        value = YAML(typ="safe", pure=True).load(block)
        if isinstance(value, dict) and not value.keys() & _FOREIGN:
            yield value


def accept_ignores(example: dict[str, Any], folder: Path) -> None:
    """Load a file of ignore rules, in which nothing may be remarkable."""
    file = folder / ".grype.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(example, stream)
    found = read_ignores(file.read_text(), name=str(file))
    assert found.rules
    assert not found.remarks


def accept(example: dict[str, Any], folder: Path) -> None:
    """Load an example: as a consumer's policy, or completed with what a whole configuration needs."""
    if example.keys() == {"ignore"}:
        accept_ignores(example, folder)
        return
    policy = example.keys() <= _POLICY
    file = folder / "example.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(example if policy else _SMALLEST | example, stream)
    if policy:
        load_policy(file)
    else:
        load(file, env={}, overrides={})


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.path.relative_to(ROOT)))
def test_every_example_is_accepted(page: Page, tmp_path: Path) -> None:
    for example in examples(page):
        accept(example, tmp_path)


def test_there_are_examples() -> None:
    assert sum(len(list(examples(page))) for page in pages()) > 5


def test_a_wrong_example_is_found(tmp_path: Path) -> None:
    page = Page(tmp_path, "```yaml\nsign: {mode: key, kay: x}\n```\n```yaml\njobs: {}\n```\n")
    (example,) = examples(page)
    with pytest.raises(ConfigError, match="kay"):
        accept(example, tmp_path)

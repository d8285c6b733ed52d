"""Which ignore rules are in force, and that a person is told."""

from pathlib import Path

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.config.load import load
from shipseal.errors import Code, ConfigError
from shipseal.ignores.rules import IgnoreRule
from shipseal.wiring.ignores import ignore_rules

_RULES = "ignore:\n  - vulnerability: CVE-2026-0001\n    reason: not reachable\n"


class Listener(SilentReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep one line."""
        self.notes.append(text)


def rules(folder: Path, more: str = "") -> tuple[tuple[IgnoreRule, ...], list[str]]:
    file = folder / "shipseal.yaml"
    build = "build: {builder: prebuilt, layout: ./image}"
    file.write_text(f"image: app\ntargets: ['oci:out']\n{build}\n{more}", encoding="utf-8")
    listener = Listener()
    return ignore_rules(load(file, env={}, overrides={}), listener), listener.notes


def test_without_a_file_nothing_is_ignored(tmp_path: Path) -> None:
    assert rules(tmp_path) == ((), [])


def test_the_file_beside_the_configuration_is_in_force_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(_RULES, encoding="utf-8")
    found, notes = rules(tmp_path)
    assert len(found) == 1
    assert notes == ["1 ignore rule(s) in .grype.yaml"]


def test_settings_of_grypes_that_do_nothing_here_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_text("only-fixed: true\n" + _RULES, encoding="utf-8")
    _, notes = rules(tmp_path)
    assert notes[0].startswith(".grype.yaml, line 1: ")
    assert "only-fixed" in notes[0]


def test_a_file_that_is_named_counts_instead(tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_text(_RULES, encoding="utf-8")
    (tmp_path / "none.yaml").write_text("ignore: []\n", encoding="utf-8")
    assert rules(tmp_path, "ignores: {file: none.yaml}\n") == ((), [])


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml: cannot be read") as caught:
        rules(tmp_path, "ignores: {file: missing.yaml}\n")
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".grype.yaml").write_bytes(b"ignore: \xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        rules(tmp_path)

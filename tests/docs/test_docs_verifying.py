"""The example of an explanation in ``docs/verifying.md`` is what the program prints."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.registry.layout_target import LayoutTarget
from tests.support.evidence import Recipe, key, make_pieces, push_image, put_pieces, sample_image
from tests.support.tools import ROOT

_BLOCK = re.compile(r"^```text\n(checks of .*?)^```", re.MULTILINE | re.DOTALL)
# Keys are new on every run, and so are the time and what is signed.
_CHANGING = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{12}|before 20\d\d-\S+Z|\d+ days)\b")


def lines_of(text: str) -> list[str]:
    """Return the lines without what another run prints in another way."""
    return [" ".join(_CHANGING.sub("…", line).split()) for line in text.strip().splitlines()]


def test_the_example_of_an_explanation_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sample, image = sample_image(tmp_path / "source", platforms=("linux/amd64",), shape="bare")
    target = LayoutTarget(Path("app"))
    push_image(target, sample, image, tag="1.2.3")
    recipe = Recipe(finished=datetime(2024, 1, 1, tzinfo=UTC))
    put_pieces(target, make_pieces(image, key(), recipe))
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    policy = "keys: [release.pub]\nrequire: [sbom, scan]\nscan_max_age: 30d\n"
    (tmp_path / "policy.yaml").write_text(policy)
    status = main(["verify", "oci:app:1.2.3", "--policy", "policy.yaml", "--explain"])
    assert status == Exit.EVIDENCE
    printed = capsys.readouterr().out
    printed = printed[printed.index("checks of ") :].partition("\n\n")[0]
    (example,) = _BLOCK.findall((ROOT / "docs" / "verifying.md").read_text())
    assert lines_of(example) == lines_of(printed)
    assert len(lines_of(example)) > 10

"""`shipseal verify --store`: evidence that lies elsewhere than beside the image."""

import json
from pathlib import Path

import pytest

from shipseal.cli.main import main
from shipseal.errors import Code, Exit
from shipseal.evidence.folder_store import FolderStore
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.github_server import GitHubServer
from tests.support.evidence import key, make_pieces, push_image, sample_image


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An image with nothing beside it, all of its evidence in a folder, and how to ask."""
    monkeypatch.chdir(tmp_path)
    sample, image = sample_image(tmp_path / "source")
    push_image(LayoutTarget(tmp_path / "image"), sample, image, tag="1")
    store = FolderStore(tmp_path / "evidence")
    for piece in make_pieces(image, key()):
        for subject in piece.subjects:
            store.put(subject, piece.bundle, predicate_type=piece.predicate_type)
    Path("release.pub").write_bytes(key().public.pem())
    return ["verify", "oci:image", "--key", "release.pub", "--type", "provenance", "--json"]


def test_a_folder_is_looked_into_when_it_is_named(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == Exit.EVIDENCE
    capsys.readouterr()
    assert main([*words, "--store", "evidence", "--offline"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert {one["target"] for one in found["checks"]} == {"evidence"}


def test_a_repository_that_may_not_be_read_is_no_verdict(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with GitHubServer(repositories=[], private=["org/app"], tokens=["a-token"]) as github:
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        monkeypatch.setenv("GH_TOKEN", "another")
        assert main([*words, "--store", "github:org/app"]) == Exit.AUTH
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == Code.ATTESTATIONS_PERMISSION

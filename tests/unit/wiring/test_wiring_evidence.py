"""Where evidence goes and is looked for, from words."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.attest.identity import Identity
from shipseal.attest.patterns import Pattern
from shipseal.config.load import LoadedConfig, load
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.evidence.folder_store import FolderStore
from shipseal.wiring.evidence import (
    SourcesAsked,
    evidence_sources,
    further_stores,
    store_bounds,
)
from shipseal.wiring.surroundings import Surroundings
from tests.support.clocks import StoppedClock

ORG = Identity(repository=Pattern("org/app"))


def names(*texts: str, identities: tuple[Identity, ...] = (), offline: bool = False) -> list[str]:
    asked = SourcesAsked(texts, identities, offline=offline)
    return [one.name for one in evidence_sources(asked, {}, StoppedClock())]


def test_places_are_named_by_words(tmp_path: Path) -> None:
    found = names(
        "github", "github:org/other", "github:git.test/a/b", str(tmp_path), identities=(ORG,)
    )
    assert found == ["github:org/app", "github:org/other", "github:git.test/a/b", str(tmp_path)]


@pytest.mark.parametrize(
    ("text", "identities", "offline", "match"),
    [
        ("github", (), False, "not said of which repository"),
        ("github", (Identity(repository=Pattern("org/*")),), False, "not said of which repository"),
        ("github:org", (), False, "no repository of GitHub"),
        ("github:org/app", (), True, "cannot be reached with --offline"),
        ("no-such-folder", (), False, "is no folder"),
    ],
)
def test_what_names_no_place_is_refused(
    text: str, identities: tuple[Identity, ...], match: str, *, offline: bool
) -> None:
    with pytest.raises(ConfigError, match=match):
        names(text, identities=identities, offline=offline)


def test_limits_come_from_the_table() -> None:
    [github] = store_bounds("github")
    assert (github.size, github.counts) == (16_777_216, "predicate")
    [oci] = store_bounds("oci")
    assert (oci.size, oci.counts) == (128 * 2**20, "bundle")


KEYLESS = "verify: {identities: [{issuer: https://a.test, repository: org/app}]}"
JOB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "org/app", "GITHUB_TOKEN": "a-token"}


@pytest.mark.parametrize(
    ("lines", "env", "expected"),
    [
        (KEYLESS, JOB, ["github:org/app", "own"]),
        (KEYLESS, {}, ["own"]),
        (KEYLESS, JOB | {"GITHUB_TOKEN": ""}, ["own"]),
        ("sign: {mode: key, key: k.key}", JOB, ["own"]),
        (f"{KEYLESS}\nevidence: {{github: none}}", JOB, ["own"]),
        (
            "evidence: {github: org/other, folder: copies}",
            {"GH_TOKEN": "a-token"},
            ["github:org/other", "copies"],
        ),
    ],
)
def test_a_release_has_the_stores_that_are_written(
    tmp_path: Path, lines: str, env: dict[str, str], expected: list[str]
) -> None:
    loaded, around = configured(tmp_path, lines, env)
    found = further_stores(loaded, around, tmp_path / "own")
    told = [Path(one.name).name if isinstance(one, FolderStore) else one.name for one in found]
    assert told == expected


def configured(
    folder: Path, lines: str, env: Mapping[str, str]
) -> tuple[LoadedConfig, Surroundings]:
    event = folder / "event.json"
    event.write_text("{}")
    (folder / "k.key").write_text("x")
    file = folder / "shipseal.yaml"
    file.write_text(
        f"image: app\ntargets: ['oci:./out']\nbuild: {{builder: prebuilt, layout: image}}\n{lines}\n"
    )
    (folder / "image").mkdir()
    given = {**env, "GITHUB_EVENT_PATH": str(event), "GITHUB_EVENT_NAME": "push"}
    around = Surroundings(given, StoppedClock(), SilentReporter(), lambda: None)
    return load(file, env={}, overrides={}), around


def test_a_token_that_is_missing_is_told_before_anything_is_signed(tmp_path: Path) -> None:
    loaded, around = configured(tmp_path, "evidence: {github: org/other}", {})
    with pytest.raises(AttestError, match=r"org/other at github\.com takes no evidence") as caught:
        further_stores(loaded, around, tmp_path / "own")
    assert caught.value.code is Code.ATTESTATIONS_PERMISSION
    assert "GH_TOKEN" in caught.value.hint
    rehearsed = further_stores(loaded, around, tmp_path / "own", writes=False)
    assert next(one.name for one in rehearsed) == "github:org/other"

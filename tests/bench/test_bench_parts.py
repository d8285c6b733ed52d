"""Each part of the measurements works, with small images; what comes out is no figure."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import again, push, scan, signing, verify_bundle, verify_many
from bench.options import Options
from bench.release import (
    AT_HAND,
    RELEASE,
    SYFT,
    TUNED,
    Race,
    differing,
    release,
    report,
    shell,
    syft_alone,
)
from bench.site import Site, open_site, real_image
from tests.support.real_image import real_image as made
from tests.support.shared import shared
from tests.support.tools import need

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]


@pytest.fixture
def site() -> Iterator[Site]:
    shared("grype-db/vulnerability-db.tar.zst")
    for name in ("syft", "grype", "cosign", "crane", "registry", "jq"):
        need(name)
    made()
    with open_site(real_image(small=True)) as opened:
        yield opened


@pytest.mark.shared
def test_a_release_a_tuned_script_and_syft_alone_take_their_turns(site: Site) -> None:
    race = Race(site, time.monotonic() + 600)
    race.rounds.append(
        {
            RELEASE: release(race, "release"),
            SYFT: syft_alone(race, "syft"),
            AT_HAND: shell(race, TUNED),
        }
    )
    assert differing(race) == []
    assert len(race.starts[RELEASE]) == 2
    told = report(race, site.image)
    assert [goal.value is not None for goal in told.goals] == [False, True, True]
    assert {each.name for each in site.folder.glob("registries-*")} == set()


@pytest.mark.shared
def test_a_release_is_measured_again_and_profiled(site: Site) -> None:
    found = again.measure(Options(small=True, rounds=1))
    assert [goal.value is not None for goal in found.goals] == [True, True]
    told = "\n".join(found.details)
    assert "imports" in told
    assert "release.closed" in told


def test_pushes_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("registry")
    need("crane")
    monkeypatch.setattr(push, "PLACE", tmp_path)
    found = push.measure(Options(small=True, rounds=1))
    assert [row[0] for row in found.rows][:2] == ["shipseal", "crane"]
    assert all(goal.value for goal in found.goals)
    assert [path.name for path in tmp_path.iterdir()] == ["image-16"]


def test_keyless_signatures_are_measured() -> None:
    for name in ("fulcio", "rekor-server", "timestamp-authority"):
        need(name)
    found = signing.measure(Options(small=True, rounds=1))
    assert [row[1] for row in found.rows[:3]] == [
        "the first, with token and certificate",
        "one more",
        "a dozen",
    ]
    (goal,) = found.goals
    assert goal.value


def test_the_start_is_measured_and_written_for_programs(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    assert bench.main(["startup", "--rounds", "1", "--json", str(figures)]) == 0
    (document,) = json.loads(figures.read_text())["reports"]
    assert document["part"] == "startup"
    assert document["goals"][0]["bound"] == 0.3
    assert Path(sys.prefix, "bin", "shipseal").exists()


def test_many_attestations_are_verified_against_cosign() -> None:
    for name in ("cosign", "registry"):
        need(name)
    found = verify_many.measure(Options(small=True, rounds=1))
    assert len(found.rows) == 4
    assert all(goal.value for goal in found.goals)


def test_one_bundle_is_verified_against_cosign_and_the_import() -> None:
    need("cosign")
    told = verify_bundle.measure(Options(small=True))
    assert [goal.value is not None for goal in told.goals] == [True, True]
    assert len(told.rows) == 6


@pytest.mark.shared
def test_scans_are_measured_against_grype() -> None:
    shared("grype-db/vulnerability-db.tar.zst")
    shared("sboms")
    need("grype")
    told = scan.measure(Options(small=True))
    assert len(told.rows) == 8
    assert all(row[-1] in ("26 of 26", "67 of 67", "156 of 156", "54 of 54") for row in told.rows)
    assert [goal.value is not None for goal in told.goals] == [True, True, False, False, True, True]
    assert told.pictures["scan-times.svg"].count("<rect") == 2 + 2 * 4

"""Scenes that are made once and used by many cases."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.kill_cases import Undisturbed
from tests.support.kill_places import Layouts, RealRegistry, Simulators
from tests.support.kills import Scene
from tests.support.registries import distribution


@dataclass(frozen=True)
class Prepared:
    """A scene, and what a release comes to there when nobody disturbs it."""

    scene: Scene
    undisturbed: Undisturbed


def prepared(scene: Scene, *, with_old: bool = True) -> Prepared:
    """Release without a kill; the second time with a catalogue in the cache, as all cases have it."""
    scene.prepare(with_old=with_old)
    assert scene.run().status == 0
    scene.place.expect()
    scene.reset()
    ran = scene.run()
    assert ran.status == 0, ran.out
    return Prepared(scene, Undisturbed(scene.outcome(), tuple(ran.journal()), ran.seconds))


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cache of catalogues that all scenes share, of all workers too: it is made for several at once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "catalogues"


@pytest.fixture(scope="session")
def layouts(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Prepared:
    """Return a scene with two layouts."""
    folder = tmp_path_factory.mktemp("layouts")
    return prepared(Scene(folder, Layouts(folder / "project"), warm))


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Iterator[Prepared]:
    """Yield a scene with two registries, of which one has the referrers API."""
    with RegistrySimulator() as one, RegistrySimulator() as other:
        place = Simulators((one, other))
        yield prepared(Scene(tmp_path_factory.mktemp("simulators"), place, warm))


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Iterator[Prepared]:
    """Yield a scene with the distribution project's registry; every case has new repositories."""
    folder = tmp_path_factory.mktemp("real")
    with distribution(folder / "registry") as registry:
        yield prepared(Scene(folder / "scene", RealRegistry(registry), warm), with_old=False)


@pytest.fixture(scope="session")
def places(layouts: Prepared, simulators: Prepared) -> tuple[Prepared, Prepared]:
    """Return both scenes that need no outside tool."""
    return layouts, simulators

"""A simulated registry for the tests of this room."""

from collections.abc import Iterator

import pytest

from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.simulated import Simulated, close_all, simulated


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def sim() -> Iterator[Simulated]:
    with RegistrySimulator() as registry:
        yield simulated(registry)

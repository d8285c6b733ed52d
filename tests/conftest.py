"""Walls around every test; see :mod:`tests.support.isolation`."""

import gc
import os
import tempfile
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.isolation import NetworkGuard, clean_environment
from tests.support.missing import forbid_skip

# Fixtures that more than one room uses; their modules are imported after the environment below is clean.
pytest_plugins = ["tests.support.sigstack"]

_guard = NetworkGuard()

# The same examples on every machine; `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("shipseal", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("shipseal")

# Where a test takes a parser to the recursion limit, a collection at that depth cannot call a single finalizer, and
# pytest fails whichever test runs then. So collections are rare, as in the program itself, and happen between tests.
_BETWEEN_COLLECTIONS = 50_000
gc.set_threshold(_BETWEEN_COLLECTIONS)

# Before any test module is imported: libraries read some variables when they are imported.
_homes = tempfile.TemporaryDirectory(prefix="shipseal-tests-", ignore_cleanup_errors=True)
_environment = clean_environment(os.environ, _homes.name)
os.environ.clear()
os.environ.update(_environment)
_guard.install()


def pytest_unconfigure() -> None:
    """Remove the homes of all tests."""
    _homes.cleanup()


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test a home folder and secrets of its own, and fail it when anything tried to leave the machine."""
    # Another test's password, taken out of this test's texts, would make what they say depend on the order.
    monkeypatch.setattr("shipseal._internal.redact._known", set())
    monkeypatch.setenv("HOME", tempfile.mkdtemp(dir=_homes.name))
    _guard.refused.clear()
    if gc.get_count()[0] > _BETWEEN_COLLECTIONS // 2:
        gc.collect(0)
    yield
    if _guard.refused:
        pytest.fail(f"a test must stay on this machine: {', '.join(_guard.refused)}")


@pytest.fixture(scope="session", autouse=True)
def passwords_are_stretched_once() -> Iterator[None]:
    """Remember what scrypt made of a password: an eighth of a second each, for the same few in hundreds of tests."""
    from shipseal.attest import key_files  # noqa: PLC0415 - after the environment is clean

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_files, "_derive", cache(key_files._derive))
        yield


@pytest.fixture(scope="session")
def sbom_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache folder that a worker's tests share: what Syft found in an image is found once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def home() -> Path:
    """Return the home folder of this test."""
    return Path(os.environ["HOME"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what was skipped where nothing may be left out."""
    report = yield
    forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for modules that skip as a whole."""
    report = yield
    forbid_skip(report)
    return report

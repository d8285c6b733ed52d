"""A private Sigstore instance for tests; see :mod:`scripts.sigstack.stack`.

One per worker and kind, because it takes half a second to start; each test finds all of its parts running.
"""

import contextlib
from collections.abc import Iterator

import pytest

from scripts.sigstack.issuer import LIFE_SECONDS, Job
from scripts.sigstack.stack import GITHUB, PUBLIC, Kind, Programs, SigstoreStack
from tests.support.tools import need


def stack_programs() -> Programs:
    """Return the programs of an instance; see :func:`~tests.support.tools.need`."""
    return Programs(need("fulcio"), need("rekor-server"), need("timestamp-authority"))


@contextlib.contextmanager
def running_stack(
    factory: pytest.TempPathFactory, kind: Kind | None = None
) -> Iterator[SigstoreStack]:
    """Run an instance of a kind."""
    with SigstoreStack(factory.mktemp("sigstore"), stack_programs(), kind) as stack:
        yield stack


@pytest.fixture(scope="session")
def _private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigstoreStack]:
    with running_stack(tmp_path_factory) as stack:
        yield stack


@pytest.fixture(scope="session")
def _public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigstoreStack]:
    with running_stack(tmp_path_factory, PUBLIC) as stack:
        yield stack


@pytest.fixture(scope="session")
def _github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigstoreStack]:
    with running_stack(tmp_path_factory, GITHUB) as stack:
        yield stack


def _whole(stack: SigstoreStack) -> SigstoreStack:
    """Return the instance as it was at first, whatever the test before did to it."""
    stack.start()
    stack.issuer.job, stack.issuer.life = Job(), LIFE_SECONDS
    return stack


@pytest.fixture
def sigstack(_private: SigstoreStack) -> SigstoreStack:
    """Return an instance of an organisation of its own, with both logs and a timestamp authority."""
    return _whole(_private)


@pytest.fixture
def public_sigstack(_public: SigstoreStack) -> SigstoreStack:
    """Return one whose certificate authority belongs to ``sigstore.dev``, as the public one's."""
    return _whole(_public)


@pytest.fixture
def github_sigstack(_github: SigstoreStack) -> SigstoreStack:
    """Return one as GitHub's for private repositories: ``GitHub, Inc.``, timestamps and no log."""
    return _whole(_github)

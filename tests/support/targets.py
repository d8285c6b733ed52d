"""Every kind of target that a release promises to work with, real, with what is known of each."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.retry import RetryPolicy
from shipseal.oci.reference import Reference
from shipseal.registry.credentials import Credentials
from shipseal.registry.hosts import HostSettings
from shipseal.registry.interface import ReferrerMode, Target, Uploaded
from shipseal.registry.layout_target import LayoutTarget
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from shipseal.testing.credentials import FixedCredentials
from shipseal.testing.token_server import Account
from tests.support import registries
from tests.support.registries import DEBIAN, DISTRIBUTION, Registry

QUICK = RetryPolicy(tries=4, first_wait=0.02, max_wait=0.2, deadline=10.0)
_ACCOUNT, _PASSWORD = "releaser", "pass:word"

Opener = Callable[[str], Target]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of target.

    Attributes:
        name: for test ids.
        serve: runs it in a folder and gives what opens a repository there.
        deletes_tags: whether a tag can be deleted.
        mode: how referrers are found.
        checks_parts: whether a manifest is refused when a blob of it is missing.
        mounting: how a blob comes here that another repository has.
        storage: whether its files lie in the folder, under ``storage``.
    """

    name: str
    serve: Callable[[Path], contextlib.AbstractContextManager[Opener]]
    deletes_tags: bool = True
    mode: ReferrerMode = ReferrerMode.FALLBACK_TAG
    checks_parts: bool = True
    mounting: Uploaded = Uploaded.MOUNTED
    storage: bool = True


def open_repository(registry: Registry, name: str) -> RepositoryTarget:
    """Return the repository ``name`` of a registry of :mod:`tests.support.registries`."""
    options = RegistryOptions(policy=QUICK)
    if registry.tokens:
        known = FixedCredentials({registry.host: Credentials("the test", _ACCOUNT, _PASSWORD)})
        hosts = {registry.host: HostSettings(ca=registry.ca)}
        options = RegistryOptions(hosts=hosts, credentials=known, policy=QUICK)
    return RepositoryTarget(Reference.parse(f"{registry.host}/{name}"), options)


@contextlib.contextmanager
def _layout(folder: Path) -> Iterator[Opener]:
    yield lambda name: LayoutTarget(folder / name)


def _served(
    start: Callable[[Path], contextlib.AbstractContextManager[Registry]],
) -> Callable[[Path], contextlib.AbstractContextManager[Opener]]:
    @contextlib.contextmanager
    def serve(folder: Path) -> Iterator[Opener]:
        with start(folder) as registry:
            yield lambda name: open_repository(registry, name)

    return serve


def _guarded(program: str) -> Callable[[Path], contextlib.AbstractContextManager[Registry]]:
    return lambda folder: registries.guarded_registry(
        folder, accounts={_ACCOUNT: Account(_PASSWORD)}, program=program
    )


KINDS = (
    Kind("layout", _layout, mode=ReferrerMode.LAYOUT_INDEX, mounting=Uploaded.SENT, storage=False),
    Kind("distribution-3", _served(registries.distribution)),
    Kind(
        "distribution-3-no-delete",
        _served(lambda folder: registries.distribution(folder, delete=False)),
        deletes_tags=False,
    ),
    Kind("distribution-3-tls-tokens", _served(_guarded(DISTRIBUTION))),
    Kind("debian-2.8", _served(registries.debian_registry), deletes_tags=False),
    Kind("debian-2.8-tls-tokens", _served(_guarded(DEBIAN)), deletes_tags=False),
    Kind(
        "referrers-api",
        _served(lambda folder: registries.referrers_registry(folder, page_size=2)),
        mode=ReferrerMode.API,
        checks_parts=False,
        mounting=Uploaded.EXISTED,
        storage=False,
    ),
    Kind(
        "crane-serve",
        _served(registries.crane_registry),
        checks_parts=False,
        mounting=Uploaded.EXISTED,
        storage=False,
    ),
)

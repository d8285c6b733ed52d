"""A target at a simulated registry, with waits that take no time."""

from collections.abc import Mapping
from dataclasses import dataclass

from shipseal._internal.retry import RetryPolicy
from shipseal.oci.reference import Reference
from shipseal.registry.credentials import Anonymous, CredentialSource
from shipseal.registry.hosts import HostSettings
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from shipseal.registry.transport import Timeouts
from shipseal.testing.registry_simulator import RegistrySimulator, Repository
from tests.support.clocks import StoppedClock

NAME = "org/app"
# Targets of the running test, which its fixture closes.
_opened: list[RepositoryTarget] = []
POLICY = RetryPolicy(tries=4, first_wait=0.5, max_wait=4.0, deadline=100.0)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A registry and a target at it.

    Attributes:
        registry: with its knobs.
        target: the repository :data:`NAME` there.
        clock: counts the waits.
    """

    registry: RegistrySimulator
    target: RepositoryTarget
    clock: StoppedClock

    @property
    def stored(self) -> Repository:
        return self.registry.repository(NAME)


def simulated(
    registry: RegistrySimulator,
    *,
    credentials: CredentialSource | None = None,
    hosts: Mapping[str, HostSettings] | None = None,
    timeouts: Timeouts | None = None,
) -> Simulated:
    """Return ``registry`` with a target."""
    clock = StoppedClock()
    target = target_at(registry.host, clock, credentials, hosts, timeouts)
    return Simulated(registry, target, clock)


def target_at(
    host: str,
    clock: StoppedClock | None = None,
    credentials: CredentialSource | None = None,
    hosts: Mapping[str, HostSettings] | None = None,
    timeouts: Timeouts | None = None,
) -> RepositoryTarget:
    """Return the repository :data:`NAME` at ``host``; :func:`close_all` closes it."""
    options = RegistryOptions(
        hosts=hosts or {},
        credentials=credentials or Anonymous(),
        clock=clock or StoppedClock(),
        policy=POLICY,
        timeouts=timeouts or Timeouts(),
    )
    target = RepositoryTarget(Reference.parse(f"{host}/{NAME}"), options)
    _opened.append(target)
    return target


def close_all() -> None:
    """Close all targets that were opened here."""
    while _opened:
        _opened.pop().close()

"""A plan of what goes wrong, for a simulated registry and for proxies in front of a real one.

A *fault* is a function that gets one request (:class:`~shipseal.testing.http_server.Exchange`). It answers in the
server's place and returns True; or it changes what the server will answer, or what happens meanwhile, and returns
False. :mod:`shipseal.testing.fault_kinds` has them ready. A plan says which requests are struck, and how often::

    faults = Faults()
    moved = faults.add(refuse(503), "PUT", "/manifests/latest$", times=2)
    with RegistrySimulator() as registry:
        registry.before = faults
        ...
    assert len(moved.struck) == 2
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from shipseal.testing.http_server import Exchange

Fault = Callable[[Exchange], bool]


@dataclass(slots=True)
class Rule:
    """A fault, and what it strikes.

    Attributes:
        fault: what happens.
        method: of the requests; empty for any.
        target: expression that is searched for in path and query; empty for any.
        skip: so many matching requests pass first.
        times: so many are struck then; None for all.
        active: whether it strikes now.
        seen: matching requests while it was active.
        struck: method and target of each request that was struck.
    """

    fault: Fault
    method: str = ""
    target: str = ""
    skip: int = 0
    times: int | None = None
    active: bool = True
    seen: int = 0
    struck: list[str] = field(default_factory=list)

    def takes(self, exchange: Exchange) -> bool:
        """Return whether the request is to be struck, and count it."""
        if not self.active or self.method not in ("", exchange.method):
            return False
        if not re.search(self.target, exchange.target):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and len(self.struck) >= self.times):
            return False
        self.struck.append(f"{exchange.method} {exchange.target}")
        return True


class Faults:
    """A plan of faults; what ``before`` of servers and proxies takes. Safe to use from several threads.

    Attributes:
        rules: in the order in which they were added; each request meets all that match until one answers.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(
        self,
        fault: Fault,
        method: str = "",
        target: str = "",
        *,
        skip: int = 0,
        times: int | None = None,
        active: bool = True,
    ) -> Rule:
        """Add a fault and return its rule; see :class:`Rule`."""
        rule = Rule(fault, method, target, skip, times, active)
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Let everything be well again."""
        with self._lock:
            self.rules.clear()

    def __call__(self, exchange: Exchange) -> bool:
        """Strike the request; return whether it has been answered."""
        with self._lock:
            struck = [rule.fault for rule in self.rules if rule.takes(exchange)]
        return any(fault(exchange) for fault in struck)

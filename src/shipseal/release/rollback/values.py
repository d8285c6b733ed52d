"""What a rollback is asked for, and what it works with."""

from dataclasses import dataclass

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal.attest.interface import Trust
from shipseal.oci import Digest
from shipseal.registry.interface import Target
from shipseal.release.folders import StateFolder
from shipseal.release.tags import TagRule
from shipseal.verify.policy import VerifyPolicy


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for.

    Attributes:
        to: version, id of a release, or digest; empty for the release before the newest.
        tags: which tags; empty for all that move with the release.
        reason: why, for those who find out later; may be empty.
        by: who asks.
        dry_run: look and tell, move nothing.
        allow_old_scan: whether a scan may be older than the policy allows.
    """

    to: str = ""
    tags: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""
    dry_run: bool = False
    allow_old_scan: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """What a rollback works with.

    Attributes:
        state: the state folder.
        image: the image's name.
        targets: where tags are moved.
        rules: the tags of the configuration.
        policy: what the release that tags go to must fulfil at every target.
        trust: whose signatures count.
        clock: time.
        reporter: hears of progress.
        lock_wait: seconds to wait for another rollback on this machine.
    """

    state: StateFolder
    image: str
    targets: tuple[Target, ...]
    rules: tuple[TagRule, ...]
    policy: VerifyPolicy
    trust: Trust
    clock: Clock
    reporter: Reporter
    lock_wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """A release that tags leave or go to.

    Attributes:
        version: empty when nothing says it.
        digest: of its root.
    """

    version: str
    digest: Digest

    @property
    def label(self) -> str:
        """The version, else the digest in short."""
        return self.version or self.digest[:19]

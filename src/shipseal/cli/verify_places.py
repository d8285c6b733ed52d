"""Where `shipseal verify` looks: references and layouts, each resolved to a digest once."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy
from shipseal._internal.threads import thread_pool
from shipseal.cli.references import parse_reference
from shipseal.errors import ConfigError, ImageError
from shipseal.evidence.collect import collect
from shipseal.evidence.interface import Collected, EvidenceSource
from shipseal.oci import Digest, parse_digest
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root
from shipseal.registry.docker_config import DockerCredentials
from shipseal.registry.factory import open_target
from shipseal.registry.hosts import HostSettings
from shipseal.registry.interface import Target, resolve_or_fail
from shipseal.wiring.evidence import own_sources

PREFIX = "oci:"
"""Begins the name of an OCI layout."""

# A person waits for the answer, and asking again is cheap.
_PATIENCE = RetryPolicy(tries=3, deadline=30.0)
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Place:
    """One image at one place.

    Attributes:
        text: as it was written.
        name: of the target, without tag and digest.
        digest: what it names now.
        collected: the image and all evidence that lies there.
        notes: what a person should know of how it was found.
        told: what programs should know of that.
    """

    text: str
    name: str
    digest: Digest
    collected: Collected
    notes: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_registry(self) -> bool:
        """Whether other tools can be pointed to it."""
        return not self.name.startswith(PREFIX)


class Opened:
    """The targets that references lie at, each opened once for all of them. Safe to use from several threads.

    Args:
        hosts: how hosts are reached.
        clock: for waiting.
    """

    def __init__(self, hosts: Mapping[str, HostSettings], clock: Clock) -> None:
        self._hosts, self._clock = hosts, clock
        self._stack = ExitStack()
        self._targets: dict[str, Target] = {}
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def at(self, name: str) -> Target:
        """Return the target of that name, without tag and digest; it is closed with the block.

        Raises:
            ConfigError: ``name`` names no target.
        """
        with self._opening:
            if name not in self._targets:
                self._targets[name] = self._stack.enter_context(
                    opened_place(name, self._hosts, self._clock)
                )
            return self._targets[name]


def look(
    text: str,
    opened: Opened,
    further: Sequence[EvidenceSource] = (),
    *,
    explain: bool = False,
) -> Place:
    """Resolve ``text`` once, and collect everything by digest.

    Args:
        text: as it was written.
        opened: the targets.
        further: where evidence is looked for besides the place itself.
        explain: whether what never counts is looked for, too.

    Raises:
        ConfigError: ``text`` names no place.
        ImageError: there is no such image.
        ShipsealError: it could not be reached.
    """
    name, reference = split_place(text)
    target = opened.at(name)
    digest = resolve_place(target, reference)
    own = own_sources(target, explain=explain)
    return Place(text, name, digest, collect(target, digest, stores=(*own, *further)))


def look_at_all(texts: Sequence[str], look_at: Callable[[str], Place]) -> list[Place]:
    """Return the place of each text, in their order; several are looked at at once.

    Args:
        texts: as they were written.
        look_at: looks at one of them.

    Raises:
        ShipsealError: what ``look_at`` raised for the first that failed.
    """
    if len(texts) == 1:
        return [look_at(texts[0])]
    with thread_pool(_AT_ONCE, "image") as pool:
        return list(pool.map(look_at, texts))


def look_around(
    texts: Sequence[str],
    hosts: Mapping[str, HostSettings],
    clock: Clock,
    further: Sequence[EvidenceSource] = (),
    *,
    explain: bool = False,
) -> list[Place]:
    """Return the place of each text: see :func:`look` and :func:`look_at_all`. What several lie at is opened once.

    Raises:
        ShipsealError: what was raised for the first that failed.
    """
    with Opened(hosts, clock) as opened:
        return look_at_all(texts, partial(look, opened=opened, further=further, explain=explain))


def check_places(texts: Sequence[str], *, offline: bool) -> None:
    """Refuse what cannot be looked at, before anything is opened.

    Raises:
        ConfigError: the first is the word of the other command; or it lies in a registry, and nothing may be fetched.
    """
    if texts[0] == "bundle":
        raise ConfigError(
            "verify: bundle is the name of a command, and stands right after verify",
            hint="write `shipseal verify bundle BUNDLE --artifact FILE`, options after it; "
            "an image of that name is docker.io/library/bundle",
        )
    remote = [text for text in texts if not text.startswith(PREFIX)]
    if offline and remote:
        raise ConfigError(
            f"{remote[0]}: lies in a registry, which cannot be reached with --offline",
            hint="name an export of its evidence with --from (`shipseal evidence export` writes it where there is a "
            "network), or an OCI layout with image and evidence: oci:DIR",
        )


def by_digest(places: Sequence[Place]) -> list[list[Place]]:
    """Return the places of each digest: what has one digest is one image at several places."""
    groups: dict[Digest, list[Place]] = {}
    for place in places:
        groups.setdefault(place.digest, []).append(place)
    return list(groups.values())


@contextmanager
def opened_place(
    name: str,
    hosts: Mapping[str, HostSettings],
    clock: Clock,
    policy: RetryPolicy = _PATIENCE,
) -> Iterator[Target]:
    """Open a target for the time of a ``with`` block.

    Args:
        name: of it, without tag and digest.
        hosts: how hosts are reached.
        clock: for waiting.
        policy: how often and how long to try again.

    Raises:
        ConfigError: ``name`` names no target.
    """
    target = open_target(
        name,
        base=Path.cwd(),
        hosts=hosts,
        credentials=DockerCredentials(os.environ),
        clock=clock,
        policy=policy,
    )
    try:
        yield target
    finally:
        target.close()


def split_place(text: str) -> tuple[str, str]:
    """Return the target's name, and the tag or digest; an empty one for a layout that holds one image.

    Raises:
        ConfigError: ``text`` names no place.
    """
    if text.startswith(PREFIX):
        return _split_layout(text.removeprefix(PREFIX))
    reference = parse_reference(text)
    return reference.name, reference.digest or reference.tag_or_latest()


def _split_layout(text: str) -> tuple[str, str]:
    folder, at, digest = text.rpartition("@")
    if at and folder and digest.startswith("sha"):
        return f"{PREFIX}{folder}", _digest(digest)
    folder, colon, tag = text.rpartition(":")
    # A folder may have a colon in its name; a tag has no slash.
    if colon and folder and "/" not in tag and not Path(text).is_dir():
        return f"{PREFIX}{folder}", tag
    if not text:
        raise ConfigError(
            "oci: names no folder", hint="write oci:DIR, oci:DIR:TAG or oci:DIR@sha256:…"
        )
    return f"{PREFIX}{text}", ""


def _digest(text: str) -> Digest:
    try:
        return parse_digest(text)
    except ImageError as error:
        raise ConfigError(error.message, hint=error.hint) from error


def resolve_place(target: Target, reference: str) -> Digest:
    """Return the digest that a tag or digest names now, or that of the only image of a layout.

    Raises:
        ImageError: there is no such image.
        ShipsealError: the target could not be reached.
    """
    if not reference:
        return layout_root(OciLayout(Path.cwd() / target.repository)).digest
    return resolve_or_fail(target, reference)

"""What the readers of all formats share: from a package URL, or a type and a name, to a listed package."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec

from shipseal.scan.inventory import ListedPackage, Places, nowhere
from shipseal.scan.purl_packages import (
    KINDS,
    SYFT_TYPES,
    SYSTEM_TYPES,
    Identity,
    PackageKind,
    ecosystem_of,
    identify,
)

_NEAR = 4096
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw] | None)
ROOT_TYPES = frozenset({"oci", "docker"})
_UNKNOWN = PackageKind("", "", "")
_NO_IDENTITY = Identity("", "", "", "", ())


class Entry(msgspec.Struct):
    """One package as a document has it, before anything is known of the others.

    Attributes:
        element: its id.
        name: may be empty.
        version: may be empty.
        purl: may be empty.
        type: Syft's type where the document has it.
        language: likewise.
        identity: what it is to advisories, where the document says more than the package URL.
        other_names: see :class:`ListedPackage`.
        unreleased: likewise.
        traces: likewise.
        read_places: likewise.
    """

    element: str
    name: str
    version: str = ""
    purl: str = ""
    type: str = ""
    language: str = ""
    identity: Identity | None = None
    other_names: tuple[str, ...] = ()
    unreleased: str = ""
    traces: bytes | msgspec.Raw = b""
    read_places: Callable[[bytes | msgspec.Raw], Places] = nowhere


class Listing:
    """Collects the packages of one document."""

    def __init__(self) -> None:
        self.entries: list[tuple[Entry, Identity]] = []
        self.malformed: list[str] = []
        self.unnamed = 0

    def add(self, entry: Entry) -> None:
        """Take one package; the image itself is none."""
        identity = entry.identity
        if identity is None:
            if entry.purl:
                identity = identify(entry.purl)
                if identity is None:
                    self.malformed.append(entry.purl)
                    return
            elif entry.type in SYFT_TYPES:
                identity = Identity(SYFT_TYPES[entry.type], entry.name, entry.version, "", ())
            elif entry.type:
                identity = _NO_IDENTITY
            else:
                self.unnamed += 1
                return
        if identity.purl_type not in ROOT_TYPES:
            self.entries.append((entry, identity))

    def packages(self, distro: str) -> tuple[ListedPackage, ...]:
        """Return the packages, of a document about ``distro``."""
        return tuple(_listed(entry, identity, distro) for entry, identity in self.entries)

    def named_distro(self) -> str:
        """Return the distribution that most of the packages name."""
        named = Counter(identity.distro for _, identity in self.entries if identity.distro)
        return named.most_common(1)[0][0] if named else ""

    @property
    def has_system_packages(self) -> bool:
        """Whether a distribution's packages are among them."""
        return any(identity.purl_type in SYSTEM_TYPES for _, identity in self.entries)


def _listed(entry: Entry, identity: Identity, distro: str) -> ListedPackage:
    kind = KINDS.get(identity.purl_type, _UNKNOWN)
    return ListedPackage(
        entry.element,
        entry.name,
        entry.version or identity.version,
        entry.type or kind.type or identity.purl_type,
        entry.language or kind.language,
        entry.purl,
        identity,
        ecosystem_of(identity, distro),
        entry.other_names,
        entry.unreleased,
        entry.traces,
        entry.read_places,
    )


def is_known(purl: str) -> bool:
    """Return whether ``purl`` names a package of a kind that advisories know."""
    identity = identify(purl) if purl else None
    return identity is not None and identity.purl_type in KINDS


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return owners by what they own, from pairs of owner and owned."""
    owners: dict[str, list[str]] = {}
    for owner, child in pairs:
        owners.setdefault(child, []).append(owner)
    return {child: tuple(dict.fromkeys(found)) for child, found in owners.items()}


def containing(raw: msgspec.Raw, *words: bytes) -> Iterator[bytes | msgspec.Raw]:
    """Yield the objects of a list that hold one of ``words``, so that only these are decoded.

    A large document has ten thousands of relationships, and few of them matter. A word is looked for in the list as it
    is; the object around it is taken by its braces, which suffices for flat objects. Where it does not, the list is
    taken apart.
    """
    patterns = [re.compile(re.escape(word)) for word in words]  # one is fast, alternatives are not
    near = [
        _object_around(raw, match.start(), match.end())
        for pattern in patterns
        for match in pattern.finditer(raw)
    ]
    if all(near):
        yield from dict.fromkeys(near)
        return
    for item in _ITEMS.decode(raw) or ():
        if any(pattern.search(item) for pattern in patterns):
            yield item


def _object_around(raw: msgspec.Raw, start: int, end: int) -> bytes:
    """Return the flat object around a place in a list; nothing when it is larger, or no flat one."""
    with memoryview(raw) as view:
        before = bytes(view[max(0, start - _NEAR) : start])
        after = bytes(view[start : end + _NEAR])
    opened, closed = before.rfind(b"{"), after.find(b"}")
    if opened < 0 or closed < 0 or b"}" in before[opened:]:
        return b""
    data = before[opened:] + after[: closed + 1]
    try:
        msgspec.json.decode(data, type=dict[str, str])
    except msgspec.DecodeError:
        return b""
    return data

"""Packages that a distribution's package owns: reported once, by the distribution.

Debian's ``ruby-rails`` brings gem metadata along. The distribution's advisories know which of its builds carry a fix,
the gem's version does not; so a package inside is left out where the owner's version says the same, or where the
distribution says that the very vulnerability is fixed. The rules are Grype's, so that both engines agree.
"""

from collections.abc import Iterable, Mapping

import msgspec

from shipseal.scan.inventory import Inventory, ListedPackage
from shipseal.scan.purl_packages import SYSTEM_TYPES

# Distributions whose data also lists what is not fixed, so that leaving the inner package out loses nothing.
_COMPREHENSIVE = frozenset({
    "arch", "azurelinux", "debian", "mariner", "redhat", "rhel", "sles", "ubuntu",
    # What calls itself like one of these (ID_LIKE), as their package URLs name it.
    "almalinux", "centos", "linuxmint", "oracle", "ol", "raspbian", "rocky",
})  # fmt: skip

# Amazon Linux calls itself like Red Hat's, and its data does not list what is not fixed.
_NOT_COMPREHENSIVE = frozenset({"amzn", "amazonlinux"})


class Overlap(msgspec.Struct, frozen=True):
    """Who owns what in one document.

    Attributes:
        dropped: ids of packages that are left out.
        owners: id of a package that stays to the distribution's packages that own its files.
    """

    dropped: frozenset[str]
    owners: Mapping[str, tuple[ListedPackage, ...]]


def find_overlap(inventory: Inventory) -> Overlap:
    """Return which packages of the document a distribution's package speaks for."""
    if not inventory.owners:
        return Overlap(frozenset(), {})
    known = {item.element: item for item in inventory.packages}
    dropped: set[str] = set()
    kept: dict[str, tuple[ListedPackage, ...]] = {}
    for element, parents in inventory.owners.items():
        child = known.get(element)
        owners = tuple(known[parent] for parent in parents if parent in known)
        if child is None or not owners:
            continue
        if any(_speaks_for(owner, child, inventory) for owner in owners):
            dropped.add(element)
        else:
            kept[element] = owners
    return Overlap(frozenset(dropped), kept)


def _speaks_for(owner: ListedPackage, child: ListedPackage, inventory: Inventory) -> bool:
    mine, its = owner.version, child.version
    if not (mine.startswith(its) or its.startswith(mine)):
        return False
    family = (owner.identity.distro or inventory.distro).partition("-")[0]
    if not family:
        return False
    if child.type == "binary":
        return True
    return (
        not _COMPREHENSIVE.isdisjoint((family, *inventory.like))
        and family not in _NOT_COMPREHENSIVE
        and owner.type in SYSTEM_TYPES
        and child.type not in SYSTEM_TYPES
    )


def names(packages: Iterable[ListedPackage], limit: int = 3) -> str:
    """Return a few names for a note."""
    found = sorted({item.name for item in packages})
    return ", ".join(found[:limit]) + (", …" if len(found) > limit else "")

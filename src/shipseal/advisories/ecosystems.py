"""How ecosystems name packages, so that an advisory and an SBOM mean the same one.

Sources: the OSV schema (section "Defining Ecosystems"), PEP 503 for Python.
"""

import re

_PEP503 = re.compile(r"[-_.]+")


def ecosystem_key(ecosystem: str) -> str:
    """Return the form under which an ecosystem is indexed: lower case; Alpine's ``v`` does not count."""
    name, _, release = ecosystem.strip().lower().partition(":")
    return f"{name}:{release.removeprefix('v')}" if release else name


def name_key(ecosystem: str, name: str) -> str:
    """Return the form under which a package's name is indexed: case never counts, nor Python's separators."""
    key = name.strip().lower()
    if ecosystem.strip().lower() == "pypi":
        return _PEP503.sub("-", key)
    return key


DISTRIBUTIONS = frozenset(
    {
        *("almalinux", "alpine", "alpaquita", "azure linux", "bellsoft hardened containers"),
        *("chainguard", "debian", "mageia", "minimos", "openeuler", "opensuse", "photon os"),
        *("red hat", "rocky linux", "suse", "ubuntu", "wolfi"),
    }
)
"""Ecosystems of distributions, in lower case: their records are about vulnerabilities that have another id."""

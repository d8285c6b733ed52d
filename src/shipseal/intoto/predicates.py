"""Predicate types as they are written and read, and the families that a policy asks for."""

from enum import StrEnum

PROVENANCE_V1 = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"
SPDX_22 = "https://spdx.dev/Document/v2.2"
SPDX_23 = "https://spdx.dev/Document/v2.3"
VULN_V1 = "https://cosign.sigstore.dev/attestation/vuln/v1"
VSA_V1 = "https://slsa.dev/verification_summary/v1"
REFERENCE_V01 = "https://in-toto.io/attestation/reference/v0.1"

OPENVEX = "https://openvex.dev/ns"
"""What cosign and vexctl call it; the predicate's own ``@context`` says which version it is."""
OPENVEX_020 = "https://openvex.dev/ns/v0.2.0"

SPDX_FAMILY = frozenset({SPDX, SPDX_22, SPDX_23})
"""cosign writes the bare type, GitHub's action the one with a version: all say the same."""


class Family(StrEnum):
    """What evidence is for; a policy requires families, not types."""

    PROVENANCE = "provenance"
    SBOM = "sbom"
    SCAN = "scan"
    SEAL = "seal"
    VEX = "vex"


REQUIRED = (Family.PROVENANCE, Family.SBOM, Family.SCAN, Family.SEAL)
"""What every release has; VEX only those that say something to others."""

_FAMILIES = {
    PROVENANCE_V1: Family.PROVENANCE,
    VULN_V1: Family.SCAN,
    VSA_V1: Family.SEAL,
    # What it refers to says whether it stands for an SBOM; it can stand for nothing else here.
    REFERENCE_V01: Family.SBOM,
    OPENVEX: Family.VEX,
    OPENVEX_020: Family.VEX,
} | dict.fromkeys(SPDX_FAMILY, Family.SBOM)

COSIGN_TYPES = {
    Family.PROVENANCE: "slsaprovenance1",
    Family.SBOM: SPDX_23,
    Family.SCAN: "vuln",
    Family.SEAL: VSA_V1,
    Family.VEX: "openvex",
}
"""What ``cosign verify-attestation --type`` calls the type that shipseal writes for each family."""


PREDICATE_TYPES = {
    Family.PROVENANCE: PROVENANCE_V1,
    Family.SBOM: SPDX_23,
    Family.SCAN: VULN_V1,
    Family.SEAL: VSA_V1,
    Family.VEX: OPENVEX,
}
"""The type that shipseal writes for each family."""


def family_of(predicate_type: str) -> Family | None:
    """Return the family of a predicate type, or None for one that no policy can ask for."""
    return _FAMILIES.get(predicate_type)


def read_as(family: Family) -> tuple[str, ...]:
    """Return the predicate types that count for a family."""
    return tuple(sorted(name for name, own in _FAMILIES.items() if own is family))

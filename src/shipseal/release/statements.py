"""The statements of a release: which facts are said about which digests. Pure: values in, bytes out.

Provenance and seal are one statement about the index and every platform; SBOM and scan are one per platform, and one
for the index that names those (``docs/adr/0003``). A bare image has one platform, which is the root itself: then what
would be said of the index is left out, because it would say the same thing of the same digest twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shipseal.intoto.predicates import (
    OPENVEX,
    PROVENANCE_V1,
    REFERENCE_V01,
    SPDX_23,
    VSA_V1,
    VULN_V1,
    Family,
)
from shipseal.intoto.provenance import (
    ProvenanceFacts,
    github_provenance_predicate,
    provenance_predicate,
)
from shipseal.intoto.reference import reference_predicate
from shipseal.intoto.resource import Resource, digest_set
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.intoto.summary import SealFacts, summary_predicate
from shipseal.intoto.vuln import ScanFacts, vuln_predicate
from shipseal.oci import Digest, Image
from shipseal.oci import media_types as mt


@dataclass(frozen=True, slots=True)
class Made:
    """One statement.

    Attributes:
        key: its name within the release, e.g. ``sbom linux/amd64``.
        family: see :class:`shipseal.intoto.predicates.Family`.
        platform: of a platform's own evidence; empty otherwise.
        predicate_type: URI.
        subjects: digests that it is about.
        raw: its bytes, to be signed as they are.
        note: what a person should know; may be empty.
    """

    key: str
    family: Family
    platform: str
    predicate_type: str
    subjects: tuple[Digest, ...]
    raw: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Makes statements about one image.

    Attributes:
        image: what they are about.
        name: the subjects' name.
    """

    image: Image
    name: str

    @property
    def has_index(self) -> bool:
        """Whether the root is something else than its only platform."""
        return self.image.root.is_index

    def keys(self) -> frozenset[str]:
        """Return the keys of all statements of a release but the seal."""
        platforms = [str(image.platform) for image in self.image.platforms]
        about = [*platforms, ""] if self.has_index else platforms
        each = (
            f"{family} {name}".strip() for family in (Family.SBOM, Family.SCAN) for name in about
        )
        return frozenset((str(Family.PROVENANCE), *each))

    def provenance(self, facts: ProvenanceFacts | dict[str, str]) -> Made:
        """Return the provenance of everything; ``facts`` of GitHub Actions are the job's environment."""
        predicate = (
            provenance_predicate(facts)
            if isinstance(facts, ProvenanceFacts)
            else github_provenance_predicate(facts)
        )
        raw = encode_statement(self._all(), PROVENANCE_V1, predicate)
        return self._made(Family.PROVENANCE, "", PROVENANCE_V1, self._digests(), raw)

    def sbom(self, platform: str, document: bytes, note: str) -> Made:
        """Return the SBOM of one platform (or, with an empty ``platform``, of the index)."""
        digest = self._digest(platform)
        raw = encode_statement([Subject(self.name, digest)], SPDX_23, document)
        return self._made(Family.SBOM, platform, SPDX_23, (digest,), raw, note)

    def sbom_reference(self, platform: str, full: Digest, location: str, note: str) -> Made:
        """Return the statement that names a full SBOM which is too large to be attested itself."""
        digest = self._digest(platform)
        document = Resource(
            digest=digest_set(full),
            media_type=mt.SPDX_JSON,
            download_location=location,
            name="SBOM",
        )
        raw = encode_statement(
            [Subject(self.name, digest)], REFERENCE_V01, reference_predicate([document])
        )
        return self._made(Family.SBOM, platform, REFERENCE_V01, (digest,), raw, note)

    def scan(self, platform: str, facts: ScanFacts) -> Made:
        """Return the scan of one platform (or, with an empty ``platform``, of all, about the index)."""
        digest = self._digest(platform)
        raw = encode_statement([Subject(self.name, digest)], VULN_V1, vuln_predicate(facts))
        return self._made(Family.SCAN, platform, VULN_V1, (digest,), raw)

    def vex(self, document: dict[str, Any]) -> Made:
        """Return the ignores in force as VEX, about everything."""
        raw = encode_statement(self._all(), OPENVEX, document)
        return self._made(Family.VEX, "", OPENVEX, self._digests(), raw)

    def seal(self, facts: SealFacts) -> Made:
        """Return the seal over everything."""
        raw = encode_statement(self._all(), VSA_V1, summary_predicate(facts))
        return self._made(Family.SEAL, "", VSA_V1, self._digests(), raw)

    def _digest(self, platform: str) -> Digest:
        for image in self.image.platforms:
            if str(image.platform) == platform:
                return image.digest
        return self.image.digest

    def _digests(self) -> tuple[Digest, ...]:
        return tuple(subject.digest for subject in self.image.subjects())

    def _all(self) -> Sequence[Subject]:
        return [Subject(self.name, digest) for digest in self._digests()]

    def _made(  # noqa: PLR0917 - one call for each member, in their order
        self,
        family: Family,
        platform: str,
        predicate_type: str,
        subjects: tuple[Digest, ...],
        raw: bytes,
        note: str = "",
    ) -> Made:
        key = f"{family} {platform}".strip()
        return Made(key, family, platform, predicate_type, subjects, raw, note)

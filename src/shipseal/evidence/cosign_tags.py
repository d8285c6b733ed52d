"""Evidence as cosign kept it before version 3: beside the image, under tags that are made of its digest.

``sha256-<hex>.att`` names a manifest whose layers are DSSE envelopes, ``sha256-<hex>.sig`` one whose layers are simple
signing documents. What signed them stands in annotations: certificate, chain, log entry, timestamp; nothing there for
a key (sigstore/cosign ``specs/SIGNATURE_SPEC.md``, ``ATTESTATION_SPEC.md``). An envelope is turned into a bundle with
the same content, so that it is judged by the same code as all others. An annotation is only ever a claim in that: a
certificate or log entry that is not this envelope's makes the bundle fail.
"""

from collections.abc import Iterable

from shipseal._internal.limits import BUNDLE
from shipseal.errors import ShipsealError
from shipseal.evidence.cosign_envelope import legacy_bundle
from shipseal.evidence.interface import EvidenceSource, Origin, StoredEvidence
from shipseal.evidence.referrers import damage, read_layer
from shipseal.oci import Descriptor, Digest, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.digest import split_digest
from shipseal.oci.manifest import parse_manifest
from shipseal.registry.interface import Target

ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"
SIGNATURE_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
"""What cosign calls a signature since version 3."""

_A_SIGNATURE = "a signature of cosign: somebody signed the image, and states nothing; `cosign verify` checks it"


class CosignTags(EvidenceSource):
    """What cosign 1 and 2 left at one target.

    Args:
        target: where.
        signatures: whether signatures are listed, too; they state nothing, so they only explain.
    """

    def __init__(self, target: Target, *, signatures: bool = False) -> None:
        self.name = target.name
        self._target = target
        self._signatures = signatures

    def find(self, subject: Digest) -> tuple[StoredEvidence, ...]:
        """Return each attestation as a bundle, and signatures if they are asked for, in the order of their layers.

        Raises:
            RegistryError: the target could not be reached.
        """
        found = list(self._under(subject, ".att", Origin.COSIGN_ATTESTATION))
        if self._signatures:
            found += self._under(subject, ".sig", Origin.COSIGN_SIGNATURE)
        return tuple(found)

    def _under(self, subject: Digest, suffix: str, origin: Origin) -> Iterable[StoredEvidence]:
        tag = "-".join(split_digest(subject)) + suffix
        listed = self._target.resolve(tag)
        if listed is None or listed.media_type not in mt.IMAGES:
            return
        try:
            manifest = parse_manifest(self._target.read_manifest(listed.digest), what=f"tag {tag}")
        except ShipsealError as error:
            problem = damage(error)
            yield StoredEvidence(self.name, subject, b"", listed.digest, tag, problem, origin)
            return
        for layer in manifest.layers:
            if origin is Origin.COSIGN_SIGNATURE:
                yield self._signature(subject, layer, tag)
            elif layer.media_type == ENVELOPE_TYPE:
                yield self._attestation(subject, layer, tag)

    def _attestation(self, subject: Digest, layer: Descriptor, tag: str) -> StoredEvidence:
        where, origin = f"{tag} {layer.digest}", Origin.COSIGN_ATTESTATION
        try:
            envelope = read_layer(self._target, layer, BUNDLE, what=f"{self.name}, {where}")
            raw = legacy_bundle(envelope, layer.annotations)
        except ShipsealError as error:
            problem = damage(error)
            return StoredEvidence(self.name, subject, b"", layer.digest, where, problem, origin)
        return StoredEvidence(self.name, subject, raw, digest_of(raw), where, origin=origin)

    def _signature(self, subject: Digest, layer: Descriptor, tag: str) -> StoredEvidence:
        return StoredEvidence(
            store=self.name,
            subject=subject,
            raw=b"",
            digest=layer.digest,
            where=f"{tag} {layer.digest}",
            problem=_A_SIGNATURE,
            origin=Origin.COSIGN_SIGNATURE,
            claims=SIGNATURE_PREDICATE,
        )

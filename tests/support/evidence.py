"""A sealed image for tests: an image with all evidence that a release makes, each piece of which can be made wrong.

image = sample_image(tmp_path)
pieces = make_pieces(image, KEY)                       # what a release signs
collected = as_collected(image, pieces)                # as a verifier finds it, without a target
put_pieces(target, pieces)                             # the same at a real target
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from shipseal.attest.interface import Signer
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey
from shipseal.evidence.interface import Collected, StoredEvidence
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.intoto.predicates import PROVENANCE_V1, SPDX_23, VSA_V1, VULN_V1, Family
from shipseal.intoto.provenance import ProvenanceFacts, SourceFacts, provenance_predicate
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.intoto.summary import (
    VERIFIER_ID,
    BreakGlass,
    SealedInput,
    SealFacts,
    summary_predicate,
)
from shipseal.intoto.vuln import GateFacts, ScanFacts, ScannedSbom, vuln_predicate
from shipseal.oci import Digest, Image, PlatformImage, RawManifest, digest_of
from shipseal.oci.load import image_blobs, load_image
from shipseal.registry.interface import BlobUpload, Target
from shipseal.spdx.variants import index_document, variant_of
from shipseal.testing.images import SampleImage, build_layout
from tests.support.spdx_sample import platform_sbom

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
POLICY_DIGEST = digest_of(b"the policy")
PASSWORD = "correct horse battery staple"


def key(number: int = 0) -> LocalKey:
    """Return a key that is the same within one run of the tests, for each ``number``."""
    return _key(number)


@cache
def _key(number: int) -> LocalKey:
    return LocalKey.generate()


def sample_image(
    folder: Path,
    *,
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64"),
    shape: str = "index",
) -> tuple[SampleImage, Image]:
    """Write a small image and return it, with how a release sees it."""
    sample = build_layout(folder, platforms=platforms, shape=shape, ref="1.2.3")
    return sample, load_image(sample.layout, sample.digest)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a release says; the defaults make a release that verifies.

    Attributes:
        finished: when the scan ended.
        gate: its outcome.
        sbom_subject: which digest SBOMs say they are about; None for the right one.
        scanned: which SBOM the scans name; None for the right ones.
        listed: which SBOMs the index lists: those of these platforms; None for all.
        verifier: who sealed.
        result: what the seal says.
        policy: digest of the policy that was passed.
        sealed: which pieces the seal names; None for all others.
        break_glass: in the seal.
        extra_inputs: digests that the seal names besides.
    """

    finished: datetime = NOW - timedelta(hours=1)
    gate: str = "pass"
    sbom_subject: Digest | None = None
    scanned: Digest | None = None
    listed: tuple[str, ...] | None = None
    verifier: str = VERIFIER_ID
    result: str = "PASSED"
    policy: Digest = POLICY_DIGEST
    sealed: frozenset[str] | None = None
    break_glass: BreakGlass | None = None
    extra_inputs: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """One attestation.

    Attributes:
        name: ``provenance``, ``sbom linux/amd64``, ``sbom index``, ``seal``, …
        family: what it is for.
        predicate_type: of its statement.
        subjects: what it is stored for.
        statement: what is signed.
        bundle: signed.
    """

    name: str
    family: Family
    predicate_type: str
    subjects: tuple[RawManifest, ...]
    statement: bytes
    bundle: bytes

    @property
    def digest(self) -> Digest:
        """The digest of the bundle."""
        return digest_of(self.bundle)


def make_pieces(
    image: Image, signer: LocalKey | Signer, recipe: Recipe | None = None
) -> tuple[Piece, ...]:
    """Return all evidence of a release of ``image``, the seal last."""
    recipe = recipe or Recipe()
    by = KeySigner(signer) if isinstance(signer, LocalKey) else signer
    maker = _Maker(image, by, recipe)
    pieces = [maker.provenance(), *maker.sboms(), *maker.scans()]
    return (*pieces, maker.seal(pieces))


def as_collected(
    image: Image,
    pieces: Iterable[Piece],
    *,
    target: str = "registry.test/app",
    without: Iterable[tuple[str, Digest]] = (),
) -> Collected:
    """Return ``pieces`` as a verifier finds them; ``without`` leaves out pieces (by name) for single subjects."""
    gone = frozenset(without)
    evidence: dict[Digest, tuple[StoredEvidence, ...]] = {
        subject.digest: () for subject in image.subjects()
    }
    for piece in pieces:
        for subject in piece.subjects:
            if (piece.name, subject.digest) not in gone:
                found = stored(piece.bundle, subject.digest, target=target)
                evidence[subject.digest] = (*evidence[subject.digest], found)
    return Collected(target, image, evidence)


def stored(raw: bytes, subject: Digest, *, target: str = "registry.test/app") -> StoredEvidence:
    """Return a bundle as a store would list it for ``subject``."""
    return StoredEvidence(target, subject, raw, digest_of(raw), str(digest_of(raw)))


def placements(pieces: Iterable[Piece]) -> list[tuple[str, Digest]]:
    """Return every single place in which evidence lies: a piece's name and a subject."""
    return [(piece.name, subject.digest) for piece in pieces for subject in piece.subjects]


def put_pieces(target: Target, pieces: Iterable[Piece], *, created: datetime = NOW) -> None:
    """Store evidence at a target, for each of its subjects."""
    store = ReferrersStore(target, created=created)
    for piece in pieces:
        for subject in piece.subjects:
            store.put(subject, piece.bundle, predicate_type=piece.predicate_type)


class _Maker:
    def __init__(self, image: Image, signer: Signer, recipe: Recipe) -> None:
        self.image, self.signer, self.recipe = image, signer, recipe
        self.documents = {one.digest: self._sbom(one) for one in image.platforms}

    def provenance(self) -> Piece:
        facts = ProvenanceFacts(
            image="app",
            version="1.2.3",
            platforms=tuple(str(one.platform) for one in self.image.platforms),
            builder="prebuilt",
            config_digest=digest_of(b"shipseal.yaml"),
            started=NOW - timedelta(hours=2),
            finished=NOW - timedelta(hours=2),
            shipseal_version="1.0.0",
            source=SourceFacts("0" * 40, False, "refs/tags/v1.2.3", "https://git.test/app"),
        )
        predicate = provenance_predicate(facts)
        return self._piece("provenance", PROVENANCE_V1, self.image.subjects(), predicate)

    def sboms(self) -> list[Piece]:
        pieces = [
            self._piece(f"sbom {one.platform}", SPDX_23, (_raw(one),), self.documents[one.digest])
            for one in self.image.platforms
        ]
        if self.image.root.is_index:
            document = self._index_sbom()
            pieces.append(self._piece("sbom index", SPDX_23, (self.image.root,), document))
        return pieces

    def scans(self) -> list[Piece]:
        pieces = [
            self._piece(f"scan {one.platform}", VULN_V1, (_raw(one),), self._scan((one,)))
            for one in self.image.platforms
        ]
        if self.image.root.is_index:
            every = self._scan(self.image.platforms)
            pieces.append(self._piece("scan index", VULN_V1, (self.image.root,), every))
        return pieces

    def seal(self, pieces: Iterable[Piece]) -> Piece:
        recipe = self.recipe
        named = [
            piece.digest for piece in pieces if recipe.sealed is None or piece.name in recipe.sealed
        ]
        facts = SealFacts(
            verifier_version="1.0.0",
            verified=NOW - timedelta(minutes=30),
            resource_uri="pkg:oci/app",
            policy_uri="shipseal.yaml",
            policy_digest=recipe.policy,
            inputs=tuple(SealedInput(digest) for digest in (*named, *recipe.extra_inputs)),
            release={"id": "r1", "version": "1.2.3"},
            break_glass=recipe.break_glass,
        )
        predicate = summary_predicate(facts)
        predicate["verifier"]["id"] = recipe.verifier
        predicate["verificationResult"] = recipe.result
        return self._piece("seal", VSA_V1, self.image.subjects(), predicate)

    def _sbom(self, one: PlatformImage) -> bytes:
        return platform_sbom("app", self.recipe.sbom_subject or one.digest, one.platform)

    def _index_sbom(self) -> bytes:
        variants = [
            variant_of(one.platform, one.digest, self.documents[one.digest])
            for one in self.image.platforms
            if self.recipe.listed is None or str(one.platform) in self.recipe.listed
        ]
        return index_document(
            self.recipe.sbom_subject or self.image.digest,
            variants,
            name="app",
            version="1.2.3",
            created="2026-05-01T00:00:00Z",
        )

    def _scan(self, platforms: Sequence[PlatformImage]) -> dict[str, object]:
        sboms = tuple(
            ScannedSbom(
                str(one.platform), self.recipe.scanned or digest_of(self.documents[one.digest])
            )
            for one in platforms
        )
        facts = ScanFacts(
            scanner_uri="pkg:golang/github.com/anchore/grype",
            scanner="grype",
            scanner_version="0.121.2",
            db_uri="file:///db",
            db_version="v6",
            started=self.recipe.finished - timedelta(minutes=1),
            finished=self.recipe.finished,
            sboms=sboms,
            gate=GateFacts(self.recipe.gate, "critical"),
        )
        return vuln_predicate(facts)

    def _piece(
        self,
        name: str,
        predicate_type: str,
        subjects: tuple[RawManifest, ...],
        predicate: dict[str, object] | bytes,
    ) -> Piece:
        statement = encode_statement(
            [Subject("app", subject.digest) for subject in subjects], predicate_type, predicate
        )
        signed = self.signer.sign(statement)
        family = Family(name.split(maxsplit=1)[0])
        return Piece(name, family, predicate_type, subjects, statement, signed.raw)


def push_image(target: Target, sample: SampleImage, image: Image, *, tag: str = "") -> None:
    """Upload an image to a target: blobs, manifests of the platforms, the root, and a tag if one is named."""
    for blob in image_blobs(image):
        target.put_blob(BlobUpload(blob, partial(sample.layout.open_blob, blob)))
    for one in image.platforms:
        target.put_manifest(_raw(one))
    target.put_manifest(image.root)
    if tag:
        target.put_tag(tag, image.root)


def resigned(piece: Piece, statement: bytes, signer: LocalKey) -> Piece:
    """Return ``piece`` with another statement, signed for it."""
    return replace(piece, statement=statement, bundle=KeySigner(signer).sign(statement).raw)


def _raw(one: PlatformImage) -> RawManifest:
    return one.manifest.source

"""A release on real layouts with a real key: only the slow tools are replaced, by subclasses of their interfaces."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import msgspec

from shipseal._internal.progress import SilentReporter
from shipseal.attest.interface import SignedBundle, Signer
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.build.interface import Builder, BuildRequest, GitFacts, RawBuild
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.gate.policy import GatePolicy
from shipseal.oci import Digest, digest_of
from shipseal.oci.blob_store import BlobStore
from shipseal.registry.interface import Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.release.context import ChosenScanner, Mode, Origin, Parts, Rules
from shipseal.release.folders import StateFolder, release_id
from shipseal.release.records import Plan
from shipseal.release.result import ReleaseResult
from shipseal.release.session import Setup, run
from shipseal.release.tags import TagRule, plan_tags
from shipseal.sbom.interface import Catalogue, Cataloguer, CatalogueRequest
from shipseal.scan.interface import (
    Database,
    Finding,
    Package,
    Scanner,
    ScanReport,
    ScanRequest,
    Severity,
)
from shipseal.testing.images import SampleImage, build_layout
from shipseal.verify.policy import TargetRule, VerifyPolicy
from tests.support.clocks import StoppedClock

_KEY = LocalKey.generate()
CONFIG = digest_of(b"configuration")
CRITICAL = Finding(
    "CVE-2099-0001", Severity.CRITICAL, Package("left", "1.0", "npm", "pkg:npm/left@1.0")
)


def signing_key() -> LocalKey:
    """Return the key that every bench signs with and trusts."""
    return _KEY


class SampleBuilder(Builder):
    """Takes an image that a test made."""

    name = "prebuilt"

    def __init__(self, sample: SampleImage) -> None:
        self.sample = sample

    def _build(self, request: BuildRequest) -> RawBuild:
        return RawBuild(self.sample.layout, self.sample.digest, builder="sample 1")


class CountingCataloguer(Cataloguer):
    """Writes a small SPDX document for each platform and counts how often."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self.runs = 0
        self.incomplete: tuple[str, ...] = ()
        self.fail: Exception | None = None

    def check(self) -> None:
        """It is always there."""

    def catalogue(self, request: CatalogueRequest) -> Catalogue:
        if self.fail:
            raise self.fail
        self.runs += 1
        document = spdx_document(request)
        return Catalogue(
            platform=request.image.platform,
            subject=request.image.digest,
            spdx=self._blobs.put(document),
            spdx_size=len(document),
            native=self._blobs.put(b"{}"),
            packages=1,
            tool="sample 1",
            cached=False,
            seconds=0.1,
            incomplete=self.incomplete,
        )


def spdx_document(request: CatalogueRequest) -> bytes:
    """Return the smallest SPDX 2.3 document that describes a platform's image."""
    digest = request.image.digest
    root = "SPDXRef-DocumentRoot"
    none = "NOASSERTION"
    return msgspec.json.encode(
        {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": request.name,
            "documentNamespace": f"https://sample.invalid/{digest[7:19]}",
            "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: sample-1"]},
            "packages": [
                {
                    "name": request.name,
                    "SPDXID": root,
                    "versionInfo": request.version,
                    "downloadLocation": none,
                    "checksums": [{"algorithm": "SHA256", "checksumValue": digest[7:]}],
                    "licenseConcluded": none,
                    "licenseDeclared": none,
                    "copyrightText": none,
                    "filesAnalyzed": False,
                }
            ],
            "relationships": [
                {
                    "spdxElementId": "SPDXRef-DOCUMENT",
                    "relatedSpdxElement": root,
                    "relationshipType": "DESCRIBES",
                }
            ],
        }
    )


class ScriptedScanner(Scanner):
    """Finds what a test tells it to."""

    name = "scripted"

    def __init__(self, clock: StoppedClock) -> None:
        self._clock = clock
        self.findings: tuple[Finding, ...] = ()
        self.gaps: tuple[str, ...] = ()
        self.runs = 0
        self.fail: Exception | None = None

    def scan(self, request: ScanRequest) -> ScanReport:
        if self.fail:
            raise self.fail
        self.runs += 1
        now = self._clock.now()
        return ScanReport(
            platform=request.platform,
            sbom_digest=request.sbom_digest,
            scanner=self.name,
            scanner_version="1",
            scanner_uri="https://scanner.invalid",
            database=Database("https://db.invalid", "sha256:" + "0" * 64, self._clock.moment, "1"),
            findings=self.findings,
            gaps=self.gaps,
            started=now,
            finished=now,
            raw=b"{}",
        )


class CountingSigner(Signer):
    """A real key that remembers which statements it signed, over all runs of one bench."""

    def __init__(self) -> None:
        self._signer: Signer = KeySigner(_KEY)
        self._lock = threading.Lock()
        self.signed: list[str] = []
        self.fail: Exception | None = None

    @property
    def identity(self) -> str:
        return self._signer.identity

    def sign(self, statement: bytes) -> SignedBundle:
        if self.fail:
            raise self.fail
        with self._lock:
            self.signed.append(hashlib.sha256(statement).hexdigest())
        return self._signer.sign(statement)


@dataclass
class Bench:
    """One image, two targets, one key, and as many runs as a test wants.

    Attributes:
        folder: everything lies below it.
        sample: the image that is released.
        targets: where it goes.
        clock: moves only when somebody sleeps.
        signer: the key.
        state: the name of the state folder: another name is a fresh runner.
    """

    folder: Path
    sample: SampleImage = field(init=False)
    targets: tuple[Target, ...] = field(init=False)
    clock: StoppedClock = field(default_factory=StoppedClock)
    signer: CountingSigner = field(default_factory=CountingSigner)
    state: str = "state"
    findings: tuple[Finding, ...] = ()
    incomplete: tuple[str, ...] = ()
    accept: frozenset[str] = frozenset()
    tags: Sequence[str] = ("{version}", "latest")
    version: str = "1.0.0"
    mode: Mode = field(default_factory=Mode)
    github: Mapping[str, str] = field(default_factory=dict)
    predicate_limit: int = 16_777_216
    cataloguer: CountingCataloguer = field(init=False)
    scanner: ScriptedScanner = field(init=False)
    adjust: Callable[[Setup], Setup] | None = None

    def __post_init__(self) -> None:
        self.sample = build_layout(self.folder / "image", attestations=True)
        self.targets = (LayoutTarget(self.folder / "a"), LayoutTarget(self.folder / "b"))

    @property
    def release(self) -> str:
        """The id that every run of this bench has."""
        return release_id("app", self.version, CONFIG)

    def run(self) -> ReleaseResult:
        """Run the release once."""
        setup = self.setup()
        return run(self.adjust(setup) if self.adjust else setup).result

    def fresh_runner(self) -> None:
        """Forget everything that is not at the targets; hours pass."""
        self.state += "'"
        self.clock.elapsed += timedelta(hours=5).total_seconds()

    def setup(self) -> Setup:
        """Return what one run is started with."""
        state = StateFolder(self.folder / self.state)
        work = state.release(self.release) / "work"
        self.cataloguer = CountingCataloguer(state.blobs)
        self.cataloguer.incomplete = self.incomplete
        self.scanner = ScriptedScanner(self.clock)
        self.scanner.findings = self.findings
        return Setup(
            state=state,
            plan=self._plan(),
            parts=self._parts(state.blobs),
            rules=self._rules(),
            mode=self.mode,
            origin=Origin(GitFacts(), self.github, "prebuilt", CONFIG, "0"),
            request=BuildRequest("app", self.version, (), self.folder, work, GitFacts(), epoch=0),
        )

    def _plan(self) -> Plan:
        return Plan(
            release=self.release,
            image="app",
            version=self.version,
            config=CONFIG,
            platforms=(),
            targets=tuple(target.name for target in self.targets),
            tags=tuple((template, "") for template in self.tags),
            signer=self.signer.identity,
        )

    def _parts(self, blobs: BlobStore) -> Parts:
        return Parts(
            builder=SampleBuilder(self.sample),
            targets=self.targets,
            stores=lambda created: tuple(
                ReferrersStore(target, created=created) for target in self.targets
            ),
            cataloguer=self.cataloguer,
            scanner=lambda: ChosenScanner(self.scanner, "the test chose it"),
            signer=lambda: self.signer,
            blobs=blobs,
            clock=self.clock,
            reporter=SilentReporter(),
        )

    def _rules(self) -> Rules:
        return Rules(
            gate=GatePolicy(fail_on=Severity.CRITICAL),
            ignores=(),
            verify=replace(VerifyPolicy(), targets=TargetRule.ALL),
            trust=KeyTrust([_KEY.public]),
            tags=plan_tags([TagRule(template) for template in self.tags], self.version),
            accept_incomplete=self.accept,
            predicate_limit=self.predicate_limit,
            predicate_store="github",
            keep_native=True,
            parallel=2,
            scan_timeout=60.0,
            policy_uri="shipseal.yaml",
            policy_digest=digest_of(b"policy"),
        )

    def tags_at(self, number: int) -> dict[str, Digest]:
        """Return the tags of one target, with what they name."""
        target = self.targets[number]
        found = {tag: target.resolve(tag) for tag in target.list_tags()}
        return {tag: one.digest for tag, one in found.items() if one}

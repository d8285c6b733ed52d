"""Everything that a release works with, passed in: parts that touch the world, and rules that decide."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shipseal._internal.clock import Clock, parse_rfc3339
from shipseal._internal.machine_faults import machine_error
from shipseal._internal.progress import Reporter
from shipseal._internal.turns import Turns
from shipseal.attest.interface import Signer, Trust
from shipseal.build.interface import Builder, BuildRequest, GitFacts
from shipseal.errors import Code, ShipsealError
from shipseal.evidence.interface import EvidenceStore
from shipseal.gate.policy import GatePolicy
from shipseal.gate.previous import Previous
from shipseal.ignores.conditions import Compare, no_order
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import VexDocument
from shipseal.oci import Image, PlatformImage
from shipseal.oci.blob_store import BlobStore
from shipseal.registry.interface import Target
from shipseal.release.cancel import Cancel, CancelledError
from shipseal.release.ledger import Ledger
from shipseal.release.tags import PlannedTag
from shipseal.sbom.interface import Cataloguer
from shipseal.scan.interface import Finding, FixAdvice, Scanner
from shipseal.scan.origin import KnownBase
from shipseal.verify.policy import VerifyPolicy


@dataclass(frozen=True, slots=True)
class ChosenScanner:
    """A scanner, and why it was chosen.

    Attributes:
        scanner: does the work.
        reason: a sentence for people, journal and evidence.
    """

    scanner: Scanner
    reason: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What touches the world.

    Attributes:
        builder: makes or takes the image.
        targets: where it goes, in order.
        stores: opens the places where evidence goes, first the referrers of each target (by the target's name), given
            the time that new entries are dated with.
        cataloguer: lists packages.
        scanner: chooses the scanner, when one is needed.
        signer: opens the key, before anything long begins.
        blobs: the evidence folder.
        clock: time.
        reporter: hears of progress.
        turns: the budget of outside tools.
        base: finds the base image of one platform's image that somebody names; None when nobody does.
        earlier: what the newest release of this image on this machine had; None when there is none.
        advise: says how to be rid of a finding.
        later: says which of two versions of a type of packages is the later one.
    """

    builder: Builder
    targets: tuple[Target, ...]
    stores: Callable[[datetime], tuple[EvidenceStore, ...]]
    cataloguer: Cataloguer
    scanner: Callable[[], ChosenScanner]
    signer: Callable[[], Signer]
    blobs: BlobStore
    clock: Clock
    reporter: Reporter
    turns: Turns = field(default_factory=Turns)
    base: Callable[[Image, PlatformImage], KnownBase | None] = lambda _index, _image: None
    earlier: Callable[[], Previous | None] = lambda: None
    advise: Callable[[Finding], FixAdvice] = lambda _finding: FixAdvice()
    later: Callable[[str, str, str], bool] = lambda _type, _one, _other: False


@dataclass(frozen=True, slots=True)
class GlassWish:
    """A person's decision to publish in spite of the gate, given with a run; recorded only where the gate refuses.

    Attributes:
        reason: why.
        person: who.
        until: when it ends.
        undecided: whether that is meant for a gate, too, that could not decide.
    """

    reason: str
    person: str
    until: datetime
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides.

    Attributes:
        gate: which findings refuse.
        ignores: which do not count.
        verify: what a consumer would require; a release requires it of all targets.
        trust: whose signatures count.
        tags: planned tags in their order of writing.
        accept_incomplete: names of what may be missing from a catalogue.
        predicate_limit: bytes that an attested SBOM may have.
        predicate_store: whose limit that is, for messages.
        keep_native: whether the catalogue tool's own document is kept among the results.
        parallel: platforms and blobs at once.
        scan_timeout: seconds for one scan.
        policy_uri: what the policy is called.
        policy_digest: of gate and verification policy in canonical form.
        glass: what a person decided in case the gate refuses; None for nothing.
        since: what new findings are told by, where that was named; None for the previous release.
        vex: documents of others that are believed.
        compare: the order of versions, for the removal criteria of ignores.
        vex_author: who says so where the ignores in force are attested as VEX; empty: they are not.
    """

    gate: GatePolicy
    ignores: tuple[IgnoreRule, ...]
    verify: VerifyPolicy
    trust: Trust
    tags: tuple[PlannedTag, ...]
    accept_incomplete: frozenset[str]
    predicate_limit: int
    predicate_store: str
    keep_native: bool
    parallel: int
    scan_timeout: float
    policy_uri: str
    policy_digest: str
    glass: GlassWish | None = None
    since: Previous | None = None
    vex: tuple[VexDocument, ...] = ()
    compare: Compare = no_order
    vex_author: str = ""


@dataclass(frozen=True, slots=True)
class Mode:
    """How far this run goes.

    Attributes:
        dry_run: upload and sign nothing.
        fork: the run is a fork's pull request: neither stage nor attest.
        resumed: an earlier run goes on: the image that it built is taken, not built again.
        traced: an earlier run goes on that this machine does not know: the targets must have a trace of it.
    """

    dry_run: bool = False
    fork: bool = False
    resumed: bool = False
    traced: bool = False

    @property
    def publishes(self) -> bool:
        """Whether anything is uploaded and signed."""
        return not (self.dry_run or self.fork)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the image comes from, for provenance.

    Attributes:
        git: facts about the sources.
        github: the job's environment in GitHub Actions; empty elsewhere.
        builder: the builder's name.
        config_digest: of the effective configuration.
        shipseal_version: of this program.
    """

    git: GitFacts
    github: Mapping[str, str]
    builder: str
    config_digest: str
    shipseal_version: str


@dataclass(frozen=True, slots=True)
class Context:
    """One run of one release.

    Attributes:
        parts: what touches the world.
        rules: what decides.
        mode: how far it goes.
        origin: where the image comes from.
        request: what to build.
        image_name: the subjects' name.
        folder: the release's own folder: journal, results, work.
        ledger: journal and state.
        cancel: calls everything off.
    """

    parts: Parts
    rules: Rules
    mode: Mode
    origin: Origin
    request: BuildRequest
    image_name: str
    folder: Path
    ledger: Ledger
    cancel: Cancel = field(default_factory=Cancel)

    def stores(self) -> tuple[EvidenceStore, ...]:
        """Return where evidence goes; entries are dated with the release's start: a resume stores nothing twice."""
        return self.parts.stores(parse_rfc3339(self.ledger.state.started))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell reporter and journal that a step runs, and how it ended and after how many seconds."""
        reporter, clock = self.parts.reporter, self.parts.clock
        started = clock.monotonic()
        reporter.step(name, "running")
        self.ledger.record("step", step=name, state="running")
        try:
            yield
        except CancelledError:
            self._ended(name, "cancelled", started)
            raise
        except ShipsealError as error:
            self._ended(name, "failed", started, str(error.code))
            raise
        except Exception as error:
            known = machine_error(error)
            self._ended(name, "failed", started, str(known.code if known else Code.UNKNOWN))
            raise
        except BaseException:
            self._ended(name, "interrupted", started)
            raise
        self._ended(name, "done", started)

    def reuse(self, name: str, detail: str) -> None:
        """Tell that a step's work was done before."""
        self.parts.reporter.step(name, "reused", detail)
        self.ledger.record("step", step=name, state="reused", detail=detail)

    def skip(self, name: str, reason: str) -> None:
        """Tell that a step does not apply."""
        self.parts.reporter.step(name, "skipped", reason)
        self.ledger.record("step", step=name, state="skipped", detail=reason)

    def _ended(self, name: str, state: str, started: float, code: str = "") -> None:
        seconds = round(self.parts.clock.monotonic() - started, 3)
        self.parts.reporter.step(name, state)
        self.ledger.record("step", step=name, state=state, seconds=seconds, code=code)

"""Evidence at GitHub: one upload for each bundle, however many subjects it has.

GitHub files a bundle under the digests that its statement names. Whether an upload whose answer was lost has arrived
can only be seen by looking, so each try looks first; that makes the whole of it safe to try again.
"""

import threading

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy, call_with_retry
from shipseal.errors import AttestError, Code
from shipseal.evidence.interface import Bound, EvidenceStore, Origin, Placed, StoredEvidence
from shipseal.evidence.payload import names_subject, same_bundle
from shipseal.github.interface import Attestations
from shipseal.oci import Digest, RawManifest, digest_of


class GitHubStore(EvidenceStore):
    """The attestations of one repository of GitHub.

    Args:
        attestations: of the repository; closed by whoever opened it.
        clock: for waiting.
        policy: how often and how long storing is tried.
        bounds: what GitHub takes at most.
    """

    def __init__(
        self,
        attestations: Attestations,
        clock: Clock,
        policy: RetryPolicy | None = None,
        *,
        bounds: tuple[Bound, ...] = (),
    ) -> None:
        self.name = attestations.name
        self.bounds = bounds
        self._attestations = attestations
        self._clock = clock
        self._policy = policy or RetryPolicy()
        # One upload after the other: GitHub asks for that, and a second thread with the same bundle finds the first's.
        self._lock = threading.Lock()
        self._placed: dict[Digest, Placed] = {}

    def put(self, subject: RawManifest, bundle: bytes, *, predicate_type: str) -> Placed:
        """Store a bundle, unless it is there: what is said to be there already is read back and compared.

        Raises:
            AttestError: ``attest.wrong-subject`` when its statement does not name ``subject``: GitHub would not file
                it there; ``attest.conflict`` when GitHub says that it is there, and something else is; else as
                :meth:`Attestations.create` and :meth:`check`.
        """
        self.check(bundle)
        if not names_subject(bundle, subject.digest):
            raise AttestError(
                Code.WRONG_SUBJECT,
                f"{self.name}: an attestation of type {predicate_type} does not name {subject.digest}",
                hint="GitHub files evidence under the digests that it names",
                context={"store": self.name, "subject": subject.digest},
            )
        digest = digest_of(bundle)
        with self._lock:
            if digest not in self._placed:
                self._placed[digest] = call_with_retry(
                    lambda: self._place(subject.digest, bundle), self._policy, self._clock
                )
            return self._placed[digest]

    def find(self, subject: Digest) -> tuple[StoredEvidence, ...]:
        """Return all bundles that GitHub lists for ``subject``, in its order.

        Raises:
            AttestError: nobody could look.
        """
        return tuple(
            StoredEvidence(
                self.name,
                subject,
                one.raw,
                digest_of(one.raw) if one.raw else subject,
                one.where,
                one.problem,
                Origin.GITHUB,
            )
            for one in self._attestations.find(subject)
        )

    def _place(self, subject: Digest, bundle: bytes) -> Placed:
        if where := self._where(subject, bundle):
            return Placed(self.name, where, "exists")
        try:
            page = self._attestations.create(bundle)
        except AttestError as error:
            if error.code is not Code.ATTEST_CONFLICT:
                raise
            return self._compared(subject, bundle, error)
        return Placed(self.name, page, "stored (github)")

    def _compared(self, subject: Digest, bundle: bytes, error: AttestError) -> Placed:
        where = self._where(subject, bundle)
        if not where:
            raise AttestError(
                Code.ATTEST_CONFLICT,
                f"{self.name}: said to be there already, and not what is listed for {subject}: {error.message}",
                hint="look at the repository's attestations; something else may stand in its place",
                context={"store": self.name, "subject": subject},
            ) from error
        return Placed(self.name, where, "exists")

    def _where(self, subject: Digest, bundle: bytes) -> str:
        """Return where this very bundle is listed; empty when it is not."""
        listed = self._attestations.find(subject)
        return next((one.where for one in listed if same_bundle(one.raw, bundle)), "")

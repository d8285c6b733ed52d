"""GitHub's attestation store, as other rooms see it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from shipseal.oci import Digest


@dataclass(frozen=True, slots=True)
class Listed:
    """A bundle as GitHub lists it for a digest; nothing about it has been believed yet.

    Attributes:
        raw: the bundle's bytes as they came; empty when they could not be read.
        where: how to find it again: the address of the list, and its place there.
        problem: why it could not be read; empty when it could.
    """

    raw: bytes
    where: str
    problem: str = ""


class Attestations(ABC):
    """The attestations of one repository. Safe to use from several threads.

    Attributes:
        name: for people: ``github:OWNER/REPO``, with the host where that is not github.com.
    """

    name: str

    @abstractmethod
    def create(self, bundle: bytes) -> str:
        """Store a bundle under every digest that its statement names, once; return the address of its page.

        It is never sent twice by itself, because an answer that was lost does not tell whether it was stored.

        Raises:
            AttestError: ``attest.conflict`` when it is there already; ``attest.invalid`` when GitHub does not accept
                it; ``auth.attestations-permission``, ``fork.no-permissions``, ``service.rate-limited``,
                ``service.outage``, ``network.unreachable``, ``tls.untrusted``.
        """

    @abstractmethod
    def find(self, subject: Digest) -> tuple[Listed, ...]:
        """Return all bundles that are listed for ``subject``, of whatever predicate type.

        Raises:
            AttestError: nobody could look: as :meth:`create`. That nothing is there is an empty result.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""

"""Trust in identities: a bundle is genuine when its certificate says that one of these identities signed.

The numbered steps are those of ``docs/verification.md``.
"""

from collections.abc import Iterable
from typing import Protocol

from shipseal.attest.breadth import check_breadth
from shipseal.attest.bundle import Bundle
from shipseal.attest.followed import followed
from shipseal.attest.identity import Identity, closest
from shipseal.attest.interface import RejectedError, Rejection, Trust, VerifiedStatement
from shipseal.attest.keyless import Examined, SignedWith, examine
from shipseal.attest.signer_facts import SignerFacts
from shipseal.attest.signing_keys import signed
from shipseal.attest.statements import claimed_type, message_of, statement_in
from shipseal.attest.trail import Trail
from shipseal.attest.trust_root import TrustRoot
from shipseal.errors import Code, ConfigError


class SecondOpinion(Protocol):
    """Another verifier of the field, asked about what this one accepts."""

    def check(self, bundle: Bundle, examined: Examined) -> str:
        """Say that it accepts too, in a few words; empty when it does not read this kind.

        Raises:
            RejectedError: untrusted: it refuses.
        """


class IdentityTrust(Trust):
    """Trusts identities that an instance of Sigstore vouches for.

    Args:
        identities: any one of them suffices; at least one.
        root: who is believed about identities.
        second: asked about what is accepted; None for nobody.

    Raises:
        ConfigError: ``policy.empty`` when there is no identity, or one that lets everybody in.
    """

    def __init__(
        self,
        identities: Iterable[Identity],
        root: TrustRoot,
        *,
        second: SecondOpinion | None = None,
        what: str = "trust",
    ) -> None:
        self._identities = check_breadth(identities, what=what)
        self._root = root
        self._second = second
        if not self._identities:
            raise ConfigError(
                f"{what}: no identity is named",
                hint="name one: verify.identities in the configuration, or --certificate-identity and its issuer",
                code=Code.POLICY_EMPTY,
            )

    @property
    def accepts(self) -> tuple[str, ...]:
        """Each identity, in one line."""
        return tuple(f"identity ({identity})" for identity in self._identities)

    @property
    def root(self) -> TrustRoot:
        """Who is believed about identities, and how fresh that knowledge is."""
        return self._root

    def verify(self, bundle: bytes) -> VerifiedStatement:
        """Return the statement of a bundle that one of the identities signed.

        Raises:
            RejectedError: unreadable, untrusted, or signed by another identity or a key.
        """
        return followed(bundle, self.verify_parsed)

    def verify_parsed(self, bundle: Bundle, trail: Trail) -> VerifiedStatement:
        """Return the statement of a bundle that was read already; ``trail`` takes what was looked at.

        Raises:
            RejectedError: as :meth:`verify`.
        """
        envelope = bundle.envelope
        message = message_of(envelope)
        try:
            signer = self.signer_of(
                bundle, lambda key: signed(key, envelope.signature, message), trail
            )
        except RejectedError as error:
            error.claims = error.claims or claimed_type(envelope.payload)
            raise
        # Step 5: the statement is read from the very bytes that were signed.
        trail.asking = "5"
        statement = statement_in(envelope.payload)
        trail.add("5", "statement", statement.predicate_type)
        return VerifiedStatement(statement, signer, bundle.digest, tuple(trail.steps))

    def signer_of(self, bundle: Bundle, signed_with: SignedWith, trail: Trail) -> str:
        """Return which identity signed what ``signed_with`` is about.

        Raises:
            RejectedError: as :meth:`verify`.
        """
        if not bundle.certificates:
            trail.asking = "4"
            raise self._wrong("a key")
        # Step 4: certificate, times, log and signature, before anybody asks who that is.
        examined = examine(bundle, self._root, signed_with, trail)
        facts = examined.certified.facts
        # Step 4i: it is one of the identities that are trusted.
        trail.asking = "4i"
        identity, mismatches = closest(self._identities, facts)
        if identity is None:
            raise RejectedError(
                Rejection.WRONG_IDENTITY,
                "Sigstore bundle: signed by another identity: "
                + "; ".join(
                    f"{one.field} {one.got or 'not stated'!r}, expected {one.expected!r}"
                    for one in mismatches
                ),
                hint="whoever signed this is not whom you trust, or the policy names them in another way",
                expected="; ".join(f"{one.field} {one.expected}" for one in mismatches),
                got="; ".join(f"{one.field} {one.got or 'not stated'}" for one in mismatches),
                mismatches=mismatches,
            )
        trail.add("4i", "identity", identity.shown(facts), str(identity))
        if self._second:
            trail.asking = "4j"
            agreed = self._second.check(bundle, examined)
            trail.add("4j", "second opinion", agreed or "does not read this kind")
        return signer_name(facts)

    def _wrong(self, got: str) -> RejectedError:
        expected = " or ".join(self.accepts)
        return RejectedError(
            Rejection.WRONG_IDENTITY,
            f"Sigstore bundle: signed with {got}, expected {expected}",
            hint="verify it with --key, if that key is trusted",
            expected=expected,
            got=got,
        )


def signer_name(facts: SignerFacts) -> str:
    """Return who signed, in one line."""
    return f"{facts.subject} ({facts.issuer})" if facts.issuer else facts.subject

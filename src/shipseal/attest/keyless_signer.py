"""Signing without a key of one's own: an identity token becomes a certificate for some minutes, and that signs.

One certificate signs everything until it ends, and signatures are made side by side: a log of version 2 answers once a
second, whatever the number of requests in flight, so a dozen one after another would take a dozen seconds.
"""

import threading
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509

from shipseal._internal.clock import Clock
from shipseal.attest.interface import SignedBundle, Signer
from shipseal.attest.oidc import IdentityToken
from shipseal.attest.oidc_sources import TokenSource
from shipseal.attest.sigstore_instance import SigstoreInstance
from shipseal.attest.web import Web
from shipseal.errors import ShipsealError
from shipseal.intoto.statement import parse_statement
from shipseal.oci import digest_of

_MARGIN = timedelta(seconds=60)
"""A certificate is not used in its last minute: the timestamp must lie within its time, and a log may let one wait."""


class _Held(Protocol):
    @property
    def certificate(self) -> x509.Certificate: ...

    def sign(self, statement: bytes) -> bytes: ...


class KeylessSigner(Signer):
    """Signs as whom a token says we are. Safe to use from several threads.

    The token is fetched when the signer is made, so that a missing permission is told before anything long begins; the
    certificate when the first signature is wanted.

    Args:
        instance: whose services.
        tokens: gives a token whenever a certificate is needed.
        web: asks the services.
        clock: time.

    Raises:
        AttestError: there is no token, or it cannot be used.
    """

    def __init__(
        self, instance: SigstoreInstance, tokens: TokenSource, web: Web, clock: Clock
    ) -> None:
        self._instance, self._tokens, self._web, self._clock = instance, tokens, web, clock
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._failed: tuple[float, ShipsealError] | None = None
        self._token = tokens.token()

    @property
    def identity(self) -> str:
        """``keyless``, and who: the workflow with its ref, or an address; and who vouches."""
        return f"keyless {self._token}"

    @property
    def token(self) -> IdentityToken:
        """The token that the signer began with; its ``repr`` holds no secret."""
        return self._token

    @property
    def instance(self) -> SigstoreInstance:
        """Whose services sign."""
        return self._instance

    def sign(self, statement: bytes) -> SignedBundle:
        """Sign the exact bytes of an in-toto statement.

        Raises:
            AttestError: ``attest.invalid`` when the bytes are no statement; ``auth.oidc-permission`` when there is no
                token any more or it is not accepted; ``service.outage``, ``service.rate-limited``,
                ``network.unreachable`` or ``tls.untrusted`` when a service does not serve; ``attest.conflict`` when the
                log holds another entry in its place.
            ConfigError: the trusted root cannot be used.
        """
        parsed = parse_statement(statement)
        raw = self._certified().sign(statement)
        return SignedBundle(raw, digest_of(raw), parsed.predicate_type)

    def _certified(self) -> _Held:
        asked = self._clock.monotonic()
        with self._lock:
            if self._held is not None and _lives(self._held.certificate, self._clock.now()):
                return self._held
            if self._failed is not None and self._failed[0] >= asked:
                # It was tried while this thread waited: a dozen threads do not wait a dozen times for an outage.
                raise self._failed[1].with_traceback(None)
            try:
                self._held = self._new()
            except ShipsealError as error:
                self._failed = (self._clock.monotonic(), error)
                raise
            return self._held

    def _new(self) -> _Held:
        token, services = self._tokens.token(), self._instance.services
        if services.log is None:
            from shipseal.attest.stamped_signer import StampedSigner  # noqa: PLC0415

            return StampedSigner(self._web, services, token)
        # It takes a third of a second to import.
        from shipseal.attest.logged_signer import LoggedSigner  # noqa: PLC0415

        return LoggedSigner(self._web, services, services.log, self._instance.trusted_root, token)


def _lives(certificate: x509.Certificate, now: datetime) -> bool:
    return now + _MARGIN <= certificate.not_valid_after_utc

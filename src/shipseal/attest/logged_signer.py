"""One certificate of an instance that keeps logs, and what signs with it: sigstore-python's own signer."""

from sigstore.dsse import Statement
from sigstore.errors import Error as SigstoreError
from sigstore.models import TrustedRoot
from sigstore.oidc import IdentityError
from sigstore.oidc import IdentityToken as SigstoreToken
from sigstore.sign import Signer as SigstoreSigner
from sigstore.sign import SigningContext
from sigstore_models.trustroot.v1 import TrustedRoot as WireRoot

from shipseal.attest.oidc import IdentityToken
from shipseal.attest.signing_config import LogService, Services
from shipseal.attest.sigstore_clients import Authority, LoggedBeforeError, Stamps, log_client
from shipseal.attest.web import Web
from shipseal.errors import AttestError, Code, ConfigError


class LoggedSigner:
    """Signs with one certificate until that ends. Safe to use from several threads.

    Args:
        web: asks the services.
        services: of the instance.
        log: its log.
        trusted_root: its trusted root, JSON.
        token: who signs.

    Raises:
        AttestError: no certificate was issued.
        ConfigError: the trusted root cannot be used.
    """

    def __init__(
        self,
        web: Web,
        services: Services,
        log: LogService,
        trusted_root: bytes,
        token: IdentityToken,
    ) -> None:
        root = _root(trusted_root)
        context = SigningContext(
            fulcio=Authority(web, services.authority, token),
            rekor=log_client(web, log),
            trusted_root=root,
            tsa_clients=[Stamps(web, url) for url in services.stamps],
        )
        try:
            self._signer = SigstoreSigner(SigstoreToken(token.raw), context, cache=True)
            self.certificate = self._signer._signing_cert()  # noqa: SLF001
        except IdentityError as error:
            # Its words do not hold the token; it is chained for --debug all the same, and so is cut off.
            raise AttestError(
                Code.OIDC_PERMISSION,
                f"the identity token of {token} cannot be used: {error}",
                hint="get a new one; and see that the clock of this machine is right",
            ) from None
        except SigstoreError as error:
            raise _not_ours(error) from error

    def sign(self, statement: bytes) -> bytes:
        """Return a bundle v0.3 over ``statement``.

        Raises:
            AttestError: a service failed.
        """
        try:
            return self._sign(statement)
        except LoggedBeforeError:
            # An answer was lost and the log took the entry. The signature that is made now is another one.
            return self._sign(statement)

    def _sign(self, statement: bytes) -> bytes:
        try:
            return self._signer.sign_dsse(Statement(statement)).to_json().encode()
        except SigstoreError as error:
            raise _not_ours(error) from error


def _root(raw: bytes) -> TrustedRoot:
    try:
        return TrustedRoot(WireRoot.from_json(raw))
    except (SigstoreError, ValueError) as error:
        raise ConfigError(
            f"the trusted root to sign with cannot be used: {str(error)[:300]}",
            hint="name the operator's trusted_root.json in verify.trusted_root",
        ) from error


def _not_ours(error: SigstoreError) -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"what the signing services answered does not hold: {error}",
        hint="trusted root and signing configuration must be of one instance, and the root fresh",
    )

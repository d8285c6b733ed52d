"""Trust in keys and in identities at once: each bundle is judged by what it is signed with."""

from shipseal.attest.bundle import Bundle
from shipseal.attest.followed import followed
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.interface import Trust, VerifiedStatement
from shipseal.attest.trail import Trail
from shipseal.attest.verify_bundle import KeyTrust


class EitherTrust(Trust):
    """Trusts some keys and some identities.

    Args:
        keys: for bundles that name a key.
        identities: for bundles that hold a certificate.
    """

    def __init__(self, keys: KeyTrust, identities: IdentityTrust) -> None:
        self._keys = keys
        self._identities = identities

    @property
    def accepts(self) -> tuple[str, ...]:
        """All keys and all identities."""
        return self._keys.accepts + self._identities.accepts

    def verify(self, bundle: bytes) -> VerifiedStatement:
        """Return the statement of a bundle that one of the keys or identities signed.

        Raises:
            RejectedError: unreadable, untrusted, or signed by another identity.
        """
        return followed(bundle, self._verify_parsed)

    def _verify_parsed(self, bundle: Bundle, trail: Trail) -> VerifiedStatement:
        if bundle.certificates:
            return self._identities.verify_parsed(bundle, trail)
        return self._keys.verify_parsed(bundle, trail)

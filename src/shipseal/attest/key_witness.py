"""Log entries and timestamps of bundles that a key signed.

The key alone is trusted, so these cannot make a bundle genuine. They can show that it was put together from parts of
others, and then it counts for nothing, as with cosign.
"""

from shipseal.attest.bundle import Bundle
from shipseal.attest.interface import RejectedError
from shipseal.attest.keys import PublicKey
from shipseal.attest.log_body import LoggedSigner, check_body
from shipseal.attest.log_proof import check_logged
from shipseal.attest.rejections import untrusted
from shipseal.attest.signing_keys import Scheme, load_spki, scheme_of
from shipseal.attest.timestamp import signed_times
from shipseal.attest.trail import Trail
from shipseal.attest.trust_root import Instance, TrustRoot

# cosign pre-hashes with Ed25519 and signs by SHA-256 with larger curves too (see keys.py).
_ALSO = {
    "PKIX_ED25519": (Scheme("sha512", "PKIX_ED25519_PH"),),
    "PKIX_ECDSA_P384_SHA_384": (Scheme("sha256", "PKIX_ECDSA_P384_SHA_256"),),
    "PKIX_ECDSA_P521_SHA_512": (Scheme("sha256", "PKIX_ECDSA_P521_SHA_256"),),
}


def check_entries(bundle: Bundle, key: PublicKey) -> None:
    """Check that the log entry of a bundle is about its signature, by ``key``.

    Raises:
        RejectedError: unreadable; untrusted.
    """
    if len(bundle.log_entries) > 1:
        raise untrusted(f"it has {len(bundle.log_entries)} log entries, expected 1 at most")
    usual = scheme_of(load_spki(key.spki))
    schemes = (usual, *_ALSO.get(usual.details, ())) if usual else ()
    for entry in bundle.log_entries:
        check_body(
            entry, bundle.content, LoggedSigner(key.spki, is_certificate=False, schemes=schemes)
        )


class RootWitness:
    """Holds log entries and timestamps against a trusted root that somebody named.

    Args:
        root: it; each of its instances is tried.
    """

    def __init__(self, root: TrustRoot) -> None:
        self._root = root

    def check(self, bundle: Bundle, key: PublicKey, trail: Trail) -> None:
        """Check that the bundle's log entry and timestamps hold, as far as it has any.

        Raises:
            RejectedError: unreadable; untrusted.
        """
        trail.asking = "4d"
        check_entries(bundle, key)
        if not bundle.log_entries and not bundle.timestamps:
            return
        trail.asking = "4e"
        refused: RejectedError | None = None
        for instance in self._root.instances:
            try:
                told = _check(bundle, instance)
            except RejectedError as error:
                refused = refused or error
            else:
                trail.add("4e", "log and timestamps", told)
                return
        raise refused or untrusted("the trusted root is empty")


def _check(bundle: Bundle, instance: Instance) -> str:
    authorities = instance.timestamp_authorities
    stamps = signed_times(bundle.timestamps, bundle.content.signature, authorities)
    times, told = [one.moment for one in stamps], [str(one) for one in stamps]
    for entry in bundle.log_entries:
        logged = check_logged(entry, instance.logs, bundle.version)
        times += [logged.moment] if logged.moment else []
        told.append(str(logged))
        for moment in times:
            if not logged.log.window.covers(moment):
                raise untrusted(
                    f"the key of {logged.log.url} is not trusted for {moment.isoformat()}"
                )
    return ", ".join(told)

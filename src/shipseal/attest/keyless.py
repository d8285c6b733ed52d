"""Bundles that are signed with a certificate: what must hold before anybody asks who signed.

The numbered steps are those of ``docs/verification.md``. No network and no clock: a certificate is judged at the time
when it signed, which timestamps and the log's promise tell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal.attest.bundle import Bundle
from shipseal.attest.certified import Certified, certified_by
from shipseal.attest.interface import RejectedError
from shipseal.attest.log_body import LoggedSigner, check_body
from shipseal.attest.log_proof import Logged, check_logged
from shipseal.attest.rejections import unreadable, untrusted
from shipseal.attest.timestamp import signed_times
from shipseal.attest.trail import Trail
from shipseal.attest.trust_root import TrustRoot
from shipseal.attest.x509_path import PathError, check_times

SignedWith = Callable[[object], bool]
"""Whether a key signed what the bundle is about."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A bundle whose certificate and signature hold.

    Attributes:
        certified: the certificate, with who it says signed.
        times: when it signed, by each trusted word for it; at least one.
    """

    certified: Certified
    times: tuple[datetime, ...]


def examine(bundle: Bundle, root: TrustRoot, signed_with: SignedWith, trail: Trail) -> Examined:
    """Return what holds of a bundle that a certificate signed.

    Args:
        bundle: with a certificate.
        root: who is believed.
        signed_with: says whether a key signed the content.
        trail: takes what was looked at.

    Raises:
        RejectedError: unreadable; untrusted.
    """
    # Step 4a: the certificate was issued by an instance of the trusted root, and for this purpose.
    trail.asking = "4a"
    candidates = certified_by(bundle.certificates[0], root)
    refused: RejectedError | None = None
    first = Trail(asking="4a")
    for certified in candidates:
        attempt = Trail()
        try:
            found = _examine(bundle, certified, signed_with, attempt)
        except RejectedError as error:
            if refused is None:
                refused, first = error, attempt
        else:
            trail.steps += attempt.steps
            return found
    trail.steps += first.steps
    trail.asking = first.asking
    raise refused or unreadable("it has no certificate")


def _examine(
    bundle: Bundle, certified: Certified, signed_with: SignedWith, trail: Trail
) -> Examined:
    trail.add("4a", "certificate issued by", certified.authority.name)
    trail.asking = "4b"
    _check_carried(bundle, certified)
    trail.add("4b", "what its instance requires", str(certified.required))
    times = _times(bundle, certified, trail)
    _check_certificate(certified, times, trail)
    # Step 4h: the signature, over the exact bytes.
    trail.asking = "4h"
    if not signed_with(certified.key):
        raise untrusted(
            "its signature does not match",
            expected="a signature by the key of its certificate",
            hint="the content was changed after signing, or the signature is of another bundle",
        )
    trail.add("4h", "signature", "by the key of the certificate")
    return Examined(certified, times)


def _check_carried(bundle: Bundle, certified: Certified) -> None:
    """Step 4b: all that the instance requires is there, and nothing that it could not have given."""
    required, instance = certified.required, certified.instance
    carried = len(bundle.log_entries)
    if carried > 1:
        raise untrusted(f"it has {carried} log entries, expected exactly 1")
    if required.log and not carried:
        raise _lacks("log entry", certified)
    if required.timestamp and not bundle.timestamps:
        raise _lacks("signed timestamp", certified)
    if carried and not instance.logs:
        raise untrusted("it has a log entry, and its instance has no log")
    _check_chain(bundle, certified)


def _lacks(what: str, certified: Certified) -> RejectedError:
    return untrusted(
        f"it has no {what}, which its instance requires",
        expected=str(certified.required),
        got=f"no {what}",
        hint="it was taken out, or the bundle is incomplete",
    )


def _check_chain(bundle: Bundle, certified: Certified) -> None:
    """Certificates beside the one that signed prove nothing; they may only be the issuers that are known anyway."""
    issuers = certified.authority.chain
    for der in bundle.certificates[1:]:
        if der not in issuers:
            raise untrusted("its chain holds a certificate that is not its issuer's")
        if len(issuers) > 1 and der == issuers[-1]:
            raise untrusted("its chain holds a root, which only the trusted root may name")


def _times(bundle: Bundle, certified: Certified, trail: Trail) -> tuple[datetime, ...]:
    """Steps 4c to 4e: when it was signed, by all that can be believed about it."""
    authorities = certified.instance.timestamp_authorities
    # Step 4c: every timestamp is over this signature, by an authority of the same instance.
    trail.asking = "4c"
    stamps = signed_times(bundle.timestamps, bundle.content.signature, authorities)
    for stamp in stamps:
        trail.add("4c", "timestamp", str(stamp))
    times = tuple(stamp.moment for stamp in stamps)
    logged = _logged(bundle, certified, trail)
    if logged and logged.moment:
        times = (*times, logged.moment)
    trail.asking = "4e"
    if not times:
        raise untrusted(
            "nobody who is trusted says when it was signed",
            expected="a signed timestamp, or a log's promise with a time",
            hint="a certificate is valid for minutes; without a trusted time nobody can tell whether it was",
        )
    trail.asking = "4f"
    if logged:
        _check_log_key(logged, times)
    return times


def _logged(bundle: Bundle, certified: Certified, trail: Trail) -> Logged | None:
    if not bundle.log_entries:
        return None
    entry = bundle.log_entries[0]
    # Step 4d: the log holds this very signature, by this certificate, over this content.
    trail.asking = "4d"
    signer = LoggedSigner(certified.der, is_certificate=True, schemes=(certified.scheme,))
    check_body(entry, bundle.content, signer)
    trail.add(
        "4d", "log entry", f"{entry.kind} {entry.version} number {entry.log_index}, about this"
    )
    # Step 4e: inclusion proof, checkpoint, and promise where there is one.
    trail.asking = "4e"
    logged = check_logged(entry, certified.instance.logs, bundle.version)
    trail.add("4e", "log", str(logged))
    return logged


def _check_log_key(logged: Logged, times: tuple[datetime, ...]) -> None:
    for moment in times:
        if not logged.log.window.covers(moment):
            raise untrusted(
                f"the key of {logged.log.url} is trusted for {logged.log.window}, not for {moment.isoformat()}"
            )


def _check_certificate(certified: Certified, times: tuple[datetime, ...], trail: Trail) -> None:
    """Steps 4f and 4g: the path held at each of these times, and a certificate log had seen the certificate."""
    for moment in times:
        try:
            check_times(certified.path, moment, what="the signed time")
        except PathError as error:
            raise untrusted(
                str(error), hint="it was signed with a certificate that had ended, or not begun"
            ) from error
        if not certified.authority.window.covers(moment):
            raise untrusted(
                f"{certified.authority.name} is trusted for {certified.authority.window}, "
                f"not for the signed time {moment.isoformat()}"
            )
    leaf = certified.path[0]
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    trail.add("4f", "certificate valid", f"{rfc3339(start)} to {rfc3339(end)}")
    if certified.seen:
        trail.add("4g", "seen by a certificate log", rfc3339(certified.seen))

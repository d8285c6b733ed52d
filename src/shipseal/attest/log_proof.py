"""That a log holds an entry: inclusion proof, checkpoint and promise (RFC 6962; transparency-dev ``formats``; Rekor).

Nothing here looks into what is logged; :mod:`shipseal.attest.log_body` does.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ed25519

from shipseal._internal.clock import rfc3339
from shipseal.attest.bundle_wire import bytes_of
from shipseal.attest.log_entry import HASH_SIZE, InclusionProof, LogEntry
from shipseal.attest.rejections import unreadable, untrusted
from shipseal.attest.signing_keys import load_spki, signed
from shipseal.attest.trust_root import Log

_SIGNATURE = re.compile("\u2014 (\\S+) ([A-Za-z0-9+/]+={0,2})\n")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_HINT = 4
"""Bytes before a signature in a note that say which key made it."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A log's word for an entry.

    Attributes:
        log: which log.
        moment: when it took the entry, where it promised that with a signature; None where it did not.
    """

    log: Log
    moment: datetime | None

    def __str__(self) -> str:
        """Return it in one line, for people."""
        promised = f"promised at {rfc3339(self.moment)} and " if self.moment else ""
        return f"{self.log.url}, {promised}proved"


def check_logged(entry: LogEntry, logs: Sequence[Log], version: str) -> Logged:
    """Check that one of ``logs`` holds ``entry``.

    Args:
        entry: of the bundle.
        logs: that the trusted root lists.
        version: of the bundle: 0.1 rests on the promise, later ones on the proof.

    Raises:
        RejectedError: unreadable; untrusted.
    """
    log = next((one for one in logs if one.log_id == entry.log_id), None)
    if log is None:
        raise untrusted(
            f"its log entry is of log {entry.log_id.hex()[:16]}…, which the trusted root does not list",
            expected=" or ".join(one.url for one in logs) or "no log",
            got=f"log {entry.log_id.hex()}",
        )
    _check_parts(entry, version)
    if entry.proof is not None:
        _check_inclusion(entry.proof, entry.body)
        _check_checkpoint(entry.proof, log)
    return Logged(log, _promised(entry, log))


def _check_parts(entry: LogEntry, version: str) -> None:
    """Each part of an entry is signed through another one; what is not signed through any may not be there."""
    if entry.integrated_time is not None and entry.promise is None:
        raise untrusted("its log entry states a time without the log's promise")
    if entry.promise is not None and entry.integrated_time is None:
        raise untrusted("its log entry has a promise without the time that it is for")
    if version == "0.1" and entry.promise is None:
        raise untrusted("a bundle v0.1 needs the log's promise, and it has none")
    if entry.proof is None:
        # The promise is the log's signature over all of the entry; before bundles, cosign kept nothing else of it.
        if version == "0.1":
            return
        raise untrusted("its log entry has no inclusion proof")
    if entry.proof.checkpoint is None:
        raise untrusted("its inclusion proof has no checkpoint")
    if entry.promise is None and entry.log_index != entry.proof.log_index:
        raise untrusted(
            f"its log entry is said to be number {entry.log_index}, and is proved to be {entry.proof.log_index}"
        )


def _check_inclusion(proof: InclusionProof, body: bytes) -> None:
    inner = (proof.log_index ^ (proof.tree_size - 1)).bit_length()
    border = (proof.log_index >> inner).bit_count()
    if len(proof.hashes) != inner + border:
        raise untrusted(f"its inclusion proof has {len(proof.hashes)} hashes, not {inner + border}")
    node = hashlib.sha256(b"\x00" + body).digest()
    for level, sibling in enumerate(proof.hashes):
        # Beyond the last place where the ways part, all siblings lie to the left.
        left = level >= inner or (proof.log_index >> level) & 1
        pair = sibling + node if left else node + sibling
        node = hashlib.sha256(b"\x01" + pair).digest()
    if node != proof.root_hash:
        raise untrusted("its inclusion proof leads to another root")


def _check_checkpoint(proof: InclusionProof, log: Log) -> None:
    note, origin, size, root = _read_checkpoint(proof.checkpoint or "")
    if (size, root) != (proof.tree_size, proof.root_hash):
        raise untrusted("its checkpoint is about another state of the log than its inclusion proof")
    own = [
        (name, data[_HINT:])
        for name, data in _signatures(proof.checkpoint or "")
        if data[:_HINT] in (log.log_id[:_HINT], log.checkpoint_id[:_HINT])
    ]
    if len(own) != 1:
        raise untrusted(f"its checkpoint has {len(own)} signatures of the log, expected exactly 1")
    name, signature = own[0]
    if not _names(log, origin, name):
        raise untrusted(
            f"its checkpoint is of {origin[:100]!r} by {name[:100]!r}, not of the log at {log.url}"
        )
    if not signed(load_spki(log.spki), signature, note):
        raise untrusted("its checkpoint is not signed by the log")


def _names(log: Log, origin: str, name: str) -> bool:
    """Rekor's older notes name host and tree, those of tiled logs the host alone (c2sp ``tlog-checkpoint``)."""
    if isinstance(load_spki(log.spki), ed25519.Ed25519PublicKey):
        parts = urlsplit(log.url)
        return origin == name and name in (parts.hostname, parts.netloc, _without_scheme(log.url))
    return origin == name or origin.startswith(f"{name} - ")


def _without_scheme(url: str) -> str:
    return url.partition("://")[2].rstrip("/")


def _read_checkpoint(text: str) -> tuple[bytes, str, int, bytes]:
    """Return the signed bytes of a checkpoint, its origin, the size and the root that it states."""
    head, blank, _ = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 3 or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise unreadable("its checkpoint is malformed")
    root, size = bytes_of(lines[2], "checkpoint's root"), int(lines[1])
    if len(root) != HASH_SIZE:
        raise unreadable("its checkpoint is malformed")
    return f"{head}\n".encode(), lines[0], size, root


def _signatures(text: str) -> list[tuple[str, bytes]]:
    """Return name and data of each signature of a note; those of witnesses too."""
    tail = text.partition("\n\n")[2]
    found = _SIGNATURE.findall(tail)
    if "".join(f"\u2014 {name} {data}\n" for name, data in found) != tail:
        raise unreadable("the signatures of its checkpoint are malformed")
    return [(name, bytes_of(data, "checkpoint's signature")) for name, data in found]


def _promised(entry: LogEntry, log: Log) -> datetime | None:
    if entry.promise is None or entry.integrated_time is None:
        return None
    promised = {
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.integrated_time,
        "logID": entry.log_id.hex(),
        "logIndex": entry.log_index,
    }
    message = json.dumps(promised, sort_keys=True, separators=(",", ":")).encode()
    if not signed(load_spki(log.spki), entry.promise, message):
        raise untrusted("the promise in its log entry is not signed by the log")
    try:
        return datetime.fromtimestamp(entry.integrated_time, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise unreadable("the time of its log entry lies outside the calendar") from error

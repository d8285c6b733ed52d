"""An entry of a transparency log as a bundle carries it; nothing about it has been believed yet."""

from dataclasses import dataclass

from shipseal.attest.bundle_wire import (
    WireLogEntry,
    WireProof,
    bytes_of,
    number_of,
    unreadable,
)

HASH_SIZE = 32
"""Bytes of every hash in a log (SHA-256)."""
_MOST_HASHES = 64


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The way from an entry to the root of a log (RFC 6962, section 2.1.1).

    Attributes:
        log_index: place of the entry in the tree.
        tree_size: entries of the tree.
        root_hash: of the tree.
        hashes: of the subtrees beside the way, from the entry to the root.
        checkpoint: the log's signed word for size and root; None where there is none.
    """

    log_index: int
    tree_size: int
    root_hash: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of a transparency log.

    Attributes:
        log_id: which log it claims.
        log_index: place of the entry in the whole log, all its shards together.
        kind: ``hashedrekord``, ``dsse``, ``intoto``.
        version: of the kind.
        integrated_time: seconds since 1970 when the log says it took the entry; None where it says none.
        promise: the log's signature over body, time, log and index; None where there is none.
        proof: that the log holds it; None where there is none.
        body: what is logged, in the log's canonical form.
    """

    log_id: bytes
    log_index: int
    kind: str
    version: str
    integrated_time: int | None
    promise: bytes | None
    proof: InclusionProof | None
    body: bytes


def log_entry_of(wire: WireLogEntry) -> LogEntry:
    """Return the entry that ``wire`` states.

    Raises:
        RejectedError: unreadable.
    """
    seconds = number_of(wire.integrated_time or "0", "log entry's integratedTime")
    promise = wire.inclusion_promise
    return LogEntry(
        log_id=bytes_of(wire.log_id.key_id, "log entry's logId"),
        log_index=number_of(wire.log_index, "log entry's logIndex"),
        kind=wire.kind_version.kind,
        version=wire.kind_version.version,
        integrated_time=seconds or None,
        promise=bytes_of(promise.signed_entry_timestamp, "log entry's promise")
        if promise
        else None,
        proof=_proof(wire.inclusion_proof) if wire.inclusion_proof else None,
        body=bytes_of(wire.canonicalized_body, "log entry's body"),
    )


def _proof(wire: WireProof) -> InclusionProof:
    if len(wire.hashes) > _MOST_HASHES:
        raise unreadable(f"its inclusion proof has {len(wire.hashes)} hashes")
    proof = InclusionProof(
        log_index=number_of(wire.log_index, "inclusion proof's logIndex"),
        tree_size=number_of(wire.tree_size, "inclusion proof's treeSize"),
        root_hash=_hash(wire.root_hash),
        hashes=tuple(_hash(text) for text in wire.hashes),
        checkpoint=wire.checkpoint.envelope if wire.checkpoint else None,
    )
    if proof.log_index >= proof.tree_size:
        raise unreadable(
            f"its inclusion proof is for entry {proof.log_index} of a log of {proof.tree_size}"
        )
    return proof


def _hash(text: str) -> bytes:
    data = bytes_of(text, "inclusion proof's hash")
    if len(data) != HASH_SIZE:
        raise unreadable(f"its inclusion proof has a hash of {len(data)} bytes, not {HASH_SIZE}")
    return data

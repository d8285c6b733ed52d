"""A trusted root as a TUF repository: the only form in which policy-controller takes all of one that is not fetched.

Its signatures prove nothing: the key is made for it and forgotten. Whoever applies the resource is who is believed.
"""

import gzip
import io
import tarfile
from datetime import UTC, datetime
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from shipseal.verify.admission.interface import TRUSTED_ROOT, RootRepository

# What is in the cluster does not end by itself; what is trusted within has its own times.
_EXPIRES = datetime(2100, 1, 1, tzinfo=UTC)
_ROLES = ("root", "timestamp", "snapshot", "targets")


def root_repository(document: bytes) -> RootRepository:
    """Return a repository with one target, the trusted root ``document``; each time another one."""
    signer = CryptoSigner.generate_ed25519()
    root = Root(expires=_EXPIRES)
    for role in _ROLES:
        root.add_key(signer.public_key, role)
    target = TargetFile.from_data(TRUSTED_ROOT, document, ["sha256"])
    parts: dict[str, Root | Targets | Snapshot | Timestamp] = {
        "1.root.json": root,
        "1.targets.json": Targets(expires=_EXPIRES, targets={TRUSTED_ROOT: target}),
        "1.snapshot.json": Snapshot(expires=_EXPIRES),
        "timestamp.json": Timestamp(expires=_EXPIRES),
    }
    files = {name: _signed(part, signer) for name, part in parts.items()}
    files["targets/" + target.hashes["sha256"] + "." + TRUSTED_ROOT] = document
    return RootRepository(files["1.root.json"], _archive(files))


def _signed(part: Root | Targets | Snapshot | Timestamp, signer: CryptoSigner) -> bytes:
    metadata: Metadata[Any] = Metadata(part)
    metadata.sign(signer)
    return metadata.to_bytes()


def _archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"repository/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)

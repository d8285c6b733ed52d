"""A small TUF repository (python-tuf's own metadata), to be served over HTTP."""

from datetime import UTC, datetime, timedelta

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)


class TufRepository:
    """Publishes files.

    Attributes:
        files: everything, by path below its URL.
        root: the first root metadata.
    """

    def __init__(self, published: dict[str, bytes], *, life: timedelta = timedelta(days=7)) -> None:
        self._signer = CryptoSigner.generate_ed25519()
        self._version = 0
        self.files: dict[str, bytes] = {}
        key = self._signer.public_key
        root = Root(expires=datetime.now(UTC).replace(microsecond=0) + timedelta(days=30))
        for role in ("root", "timestamp", "snapshot", "targets"):
            root.add_key(key, role)
        self.root = self._signed(Metadata(root))
        self.files["1.root.json"] = self.root
        self.publish(published, life=life)

    def publish(self, published: dict[str, bytes], *, life: timedelta = timedelta(days=7)) -> None:
        """Publish other files, as a new version."""
        self._version += 1
        expires = datetime.now(UTC).replace(microsecond=0) + life
        number = self._version
        targets = Targets(version=number, expires=expires)
        for name, data in published.items():
            info = TargetFile.from_data(name, data, ["sha256"])
            targets.targets[name] = info
            self.files[f"targets/{info.hashes['sha256']}.{name}"] = data
        self.files[f"{number}.targets.json"] = self._signed(Metadata(targets))
        snapshot = Snapshot(
            version=number, expires=expires, meta={"targets.json": MetaFile(version=number)}
        )
        self.files[f"{number}.snapshot.json"] = self._signed(Metadata(snapshot))
        timestamp = Timestamp(
            version=number, expires=expires, snapshot_meta=MetaFile(version=number)
        )
        self.files["timestamp.json"] = self._signed(Metadata(timestamp))

    def _signed(
        self,
        metadata: Metadata[Root] | Metadata[Targets] | Metadata[Snapshot] | Metadata[Timestamp],
    ) -> bytes:
        metadata.sign(self._signer)
        return metadata.to_bytes()

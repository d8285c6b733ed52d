"""Where releases lie on this machine: ``.shipseal/`` beside the configuration, or ``SHIPSEAL_STATE``."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shipseal.errors import ConfigError
from shipseal.oci.blob_store import BlobStore

JOURNAL = "journal.jsonl"
RESULTS = "results"
EVIDENCE = "evidence"
"""Where a release keeps its bundles as files, so that they lie at one store more than at its targets."""
ATTEMPT = "attempt"
"""Where a rehearsal, or a second run of a finished release, keeps its journal and results."""
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")


def release_id(image: str, version: str, config: str) -> str:
    """Return the id of the release of ``version`` under one configuration.

    It is computed, not drawn: the same command on a fresh runner means the same release, and finds its evidence again.

    Args:
        image: the image's name.
        version: what is released.
        config: digest of the effective configuration.
    """
    told = hashlib.sha256("\n".join((image, version, config)).encode()).hexdigest()[:10]
    return f"{_SAFE.sub('-', version)[:64]}-{told}"


def is_id_of(identifier: str, version: str) -> bool:
    """Return whether ``identifier`` is that of a release of ``version``, under whatever configuration."""
    return identifier.rpartition("-")[0] == _SAFE.sub("-", version)[:64]


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The state folder.

    Attributes:
        root: ``.shipseal``.
    """

    root: Path

    @property
    def blobs(self) -> BlobStore:
        """The evidence folder."""
        return BlobStore(self.root / "blobs")

    @property
    def use(self) -> Path:
        """The lock file that says whether releases run here."""
        return self.root / "locks" / "state"

    def release(self, identifier: str) -> Path:
        """Return the folder of one release.

        Raises:
            ConfigError: ``identifier`` is no id.
        """
        if not identifier or _SAFE.search(identifier) or identifier.startswith("."):
            raise ConfigError(
                f"not a release id: {identifier!r}", hint="shipseal release list shows the ids"
            )
        return self.root / "releases" / identifier

    def rollback(self, identifier: str) -> Path:
        """Return the folder of one rollback."""
        return self.root / "rollbacks" / identifier

    def rollbacks(self) -> Iterator[str]:
        """Return the ids of all rollbacks, sorted."""
        yield from _with_journal(self.root / "rollbacks")

    def journal(self, identifier: str) -> Path:
        """Return the journal of one release."""
        return self.release(identifier) / JOURNAL

    def lock(self, image: str, version: str) -> Path:
        """Return the lock file of one version: different configurations of it exclude each other."""
        told = hashlib.sha256(image.encode()).hexdigest()[:8]
        return self.root / "locks" / f"{_SAFE.sub('-', version)[:64]}-{told}.lock"

    def releases(self) -> Iterator[str]:
        """Return the ids of all releases, sorted."""
        yield from _with_journal(self.root / "releases")


def _with_journal(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if (entry / JOURNAL).exists())

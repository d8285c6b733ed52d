"""What a bundle is held against: a file, or the digest of one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.limits import MIB, Limit, read_file
from shipseal.errors import Code, ConfigError
from shipseal.oci import Digest
from shipseal.oci.digest import split_digest

_ALGORITHMS = ("sha256", "sha384", "sha512")
_IN_MEMORY = Limit(
    "artifact", 1024 * MIB, "an Ed25519 key signs the file itself, which is then held in memory"
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file, or what is known of it.

    Attributes:
        digests: by algorithm.
        path: the file; None where only a digest was named.
    """

    digests: Mapping[str, bytes]
    path: Path | None = None

    def names(self) -> tuple[Digest, ...]:
        """Return the digests by which statements may name it."""
        return tuple(
            Digest(f"{algorithm}:{self.digests[algorithm].hex()}")
            for algorithm in ("sha256", "sha512")
            if algorithm in self.digests
        )

    def content(self) -> bytes:
        """Return the file's bytes.

        Raises:
            ConfigError: only a digest is known.
            ShipsealError: the file is too large for that.
        """
        if self.path is None:
            raise ConfigError(
                "an Ed25519 key signs the file itself, and only a digest was named",
                hint="name the file with --artifact",
            )
        return read_file(self.path, _IN_MEMORY, code=Code.CONFIG_INVALID)

    def __str__(self) -> str:
        return str(self.path) if self.path else " ".join(self.names())


def artifact_of_file(path: Path) -> Artifact:
    """Return the file at ``path``, read once, with its digests.

    Raises:
        ConfigError: it cannot be read.
    """
    hashers = {name: hashlib.new(name) for name in _ALGORITHMS}
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(MIB):
                for hasher in hashers.values():
                    hasher.update(chunk)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="name the file that the bundle is about, or its digest with --digest",
            context={"path": str(path)},
        ) from error
    return Artifact({name: hasher.digest() for name, hasher in hashers.items()}, path)


def artifact_of_digest(digest: Digest) -> Artifact:
    """Return what has ``digest``."""
    algorithm, encoded = split_digest(digest)
    return Artifact({algorithm: bytes.fromhex(encoded)})

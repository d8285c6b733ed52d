"""Ways to damage a sample image."""

from shipseal.oci import Digest
from shipseal.testing.images import SampleImage


def truncate_blob(sample: SampleImage, digest: Digest, *, lost: int = 1) -> None:
    """Cut the last ``lost`` bytes off a blob."""
    path = sample.layout.blobs.path(digest)
    path.write_bytes(path.read_bytes()[:-lost])


def corrupt_blob(sample: SampleImage, digest: Digest) -> None:
    """Change the last byte of a blob; its size stays."""
    path = sample.layout.blobs.path(digest)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def remove_blob(sample: SampleImage, digest: Digest) -> None:
    """Take a blob away."""
    sample.layout.blobs.path(digest).unlink()

"""Content digests (OCI image-spec, descriptor.md, section Digests)."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NewType

from shipseal.errors import Code, ImageError

Digest = NewType("Digest", str)
"""``sha256:`` and 64 lower-case hexadecimal digits, or the sha512 twin; made by :func:`parse_digest` only."""

_FORM = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def parse_digest(text: str) -> Digest:
    """Return ``text`` as a digest.

    Raises:
        ImageError: ``image.format-unsupported`` when it is not a sha256 or sha512 digest in canonical form.
    """
    if not _FORM.fullmatch(text):
        raise ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"not a digest: {text[:200]!r}",
            hint="a digest is sha256: and 64 lower-case hexadecimal digits",
        )
    return Digest(text)


def digest_of(data: bytes) -> Digest:
    """Return the sha256 digest of ``data``."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


def split_digest(digest: Digest) -> tuple[str, str]:
    """Return algorithm and hexadecimal part."""
    algorithm, _, encoded = digest.partition(":")
    return algorithm, encoded


def verified(
    chunks: Iterable[bytes], digest: Digest, size: int | None, *, what: str
) -> Iterator[bytes]:
    """Pass ``chunks`` through, and fail when they are not what ``digest`` and ``size`` (bytes) promise.

    The last chunk is handed on before the digest is known: a consumer must not act on the data before the end.

    Raises:
        ImageError: ``image.digest-mismatch``, as soon as there is more than ``size``, or at the end.
    """
    algorithm, encoded = split_digest(digest)
    hasher = hashlib.new(algorithm)
    got = 0
    for chunk in chunks:
        got += len(chunk)
        if size is not None and got > size:
            raise _mismatch(what, f"{size} bytes", f"{got} bytes or more")
        hasher.update(chunk)
        yield chunk
    if size is not None and got != size:
        raise _mismatch(what, f"{size} bytes", f"{got} bytes")
    if hasher.hexdigest() != encoded:
        raise _mismatch(what, digest, f"{algorithm}:{hasher.hexdigest()}")


def check_bytes(data: bytes, digest: Digest, *, what: str, size: int | None = None) -> bytes:
    """Return ``data`` when it is what ``digest`` and ``size`` promise.

    Raises:
        ImageError: ``image.digest-mismatch``.
    """
    return b"".join(verified((data,), digest, size, what=what))


def _mismatch(what: str, expected: str, got: str) -> ImageError:
    return ImageError(
        Code.DIGEST_MISMATCH,
        f"{what}: expected {expected}, got {got}",
        hint="the content was cut short or changed on its way: fetch or build it again; do not release it",
        context={"expected": expected, "got": got},
    )

"""Evidence as files: one file of JSON lines per subject, ``<algorithm>-<hex>.jsonl``, one bundle a line.

That is the form in which other tools download and read bundles; gh's own name for it, ``<algorithm>:<hex>.jsonl``, is
read, too. A bundle is stored byte for byte, because its digest is its name; one that spans several lines therefore gets
a file of its own, ``<algorithm>-<hex>.<sha256 of it>.json``.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from shipseal._internal.durable import disk_errors, locked_folder, write_atomic
from shipseal._internal.json_lines import MOST_LINES, json_lines
from shipseal._internal.leftovers import sweep_parts
from shipseal._internal.limits import BUNDLE, MIB, Limit, read_limited
from shipseal.errors import AttestError, Code, ShipsealError
from shipseal.evidence.interface import Bound, EvidenceStore, Origin, Placed, StoredEvidence
from shipseal.oci import Digest, RawManifest, digest_of
from shipseal.oci.digest import split_digest

_FILE = Limit("evidence file", 1024 * MIB, "a subject has a handful of bundles of 128 MiB at most")

_Stamp: TypeAlias = tuple[str, int, int, int]
"""Name, inode, bytes and time of the last change in nanoseconds."""


class FolderStore(EvidenceStore):
    """A folder with evidence. Two processes may write at once.

    Args:
        folder: made when the first bundle is stored.
        bounds: what is stored at most.
    """

    def __init__(self, folder: Path, *, bounds: tuple[Bound, ...] = ()) -> None:
        self.name = str(folder)
        self.bounds = bounds
        self._folder = folder
        self._known: dict[Digest, tuple[tuple[_Stamp, ...], dict[Digest, str]]] = {}

    def put(self, subject: RawManifest, bundle: bytes, *, predicate_type: str) -> Placed:
        """Store a bundle, unless it is there; its predicate type stands in the bundle itself.

        Raises:
            AttestError: ``attest.invalid`` for an empty bundle.
            ShipsealError: the folder cannot be written.
        """
        if not bundle.strip():
            raise AttestError(
                Code.ATTEST_INVALID,
                f"{self.name}: an empty bundle of type {predicate_type}",
                hint="make the attestation again",
            )
        self.check(bundle)
        with locked_folder(self._folder):
            known = self._index(subject.digest)
            digest = digest_of(bundle)
            if digest in known:
                return Placed(self.name, known[digest], "exists")
            path = self._write(subject.digest, digest, bundle)
            known[digest] = path.name
            self._known[subject.digest] = (self._stamps(subject.digest), known)
        return Placed(self.name, path.name, "stored (file)")

    def find(self, subject: Digest) -> tuple[StoredEvidence, ...]:
        """Return the bundles for ``subject``: lines first, then files of their own, by name.

        Raises:
            ShipsealError: the folder cannot be read.
        """
        lists, own = self._files(subject)
        lines = islice((line for path in lists for line in _lines(path)), MOST_LINES + 1)
        found: list[tuple[bytes | Path, str]] = list(lines)
        if len(found) > MOST_LINES:
            raise ShipsealError(
                Code.FORMAT_UNSUPPORTED,
                f"{self.name}: more than {MOST_LINES} bundles for {subject}",
                hint="a subject has some dozen: remove what does not belong there",
            )
        found += [(path, path.name) for path in own]
        return tuple(self._item(subject, content, where) for content, where in found)

    def _files(self, subject: Digest) -> tuple[list[Path], list[Path]]:
        """Return the files of lines and those of one bundle each."""
        stem = _stem(subject)
        lists = [self._folder / name for name in (f"{stem}.jsonl", f"{subject}.jsonl")]
        own = sorted(self._folder.glob(f"{stem}.*.json"))
        # A pipe in the place of a file would be waited for without end.
        return [path for path in lists if path.is_file()], [path for path in own if path.is_file()]

    def _index(self, subject: Digest) -> dict[Digest, str]:
        """Return where each bundle is. Files are read once as long as nobody else writes them: they are large."""
        stamps = self._stamps(subject)
        before, known = self._known.get(subject, ((), {}))
        if before != stamps:
            known = {item.digest: item.where for item in self.find(subject) if not item.problem}
            self._known[subject] = (stamps, known)
        return known

    def _stamps(self, subject: Digest) -> tuple[_Stamp, ...]:
        lists, own = self._files(subject)
        return tuple(_stamp(path) for path in (*lists, *own))

    def _item(self, subject: Digest, content: bytes | Path, where: str) -> StoredEvidence:
        try:
            raw = content if isinstance(content, bytes) else _read(content, BUNDLE)
        except ShipsealError as error:
            return StoredEvidence(
                self.name, subject, b"", subject, where, error.message, Origin.FILE
            )
        return StoredEvidence(self.name, subject, raw, digest_of(raw), where, origin=Origin.FILE)

    def _write(self, subject: Digest, digest: Digest, bundle: bytes) -> Path:
        stem = _stem(subject)
        sweep_parts(self._folder)
        # A line is stripped by no reader here, but other readers do so: keep what they would change apart.
        if b"\n" in bundle or bundle != bundle.strip():
            path = self._folder / f"{stem}.{split_digest(digest)[1]}.json"
            write_atomic(path, bundle)
            return path
        path = self._folder / f"{stem}.jsonl"
        before = _read(path, _FILE) if path.is_file() else b""
        separator = b"" if not before or before.endswith(b"\n") else b"\n"
        write_atomic(path, (before, separator, bundle, b"\n"))
        return path


def _lines(path: Path) -> Iterator[tuple[bytes, str]]:
    for number, line in json_lines(_read(path, _FILE)):
        yield line, f"{path.name}:{number}"


def _stamp(path: Path) -> _Stamp:
    with disk_errors(path):
        status = path.stat()
    return path.name, status.st_ino, status.st_size, status.st_mtime_ns


def _stem(digest: Digest) -> str:
    return "-".join(split_digest(digest))


def _read(path: Path, limit: Limit) -> bytes:
    with disk_errors(path), path.open("rb") as stream:
        return read_limited(stream, limit, what=str(path))

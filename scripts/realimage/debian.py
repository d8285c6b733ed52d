"""A Debian root file system for any architecture, without a chroot: packages are unpacked and registered here.

They are unpacked as dpkg does it, onto a merged /usr, and entered into dpkg's database. Their maintainer scripts do not
run, because most architectures cannot run here: what those would make (alternatives, caches) is missing.
"""

import hashlib
import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.realimage.programs import output, piped

_MERGED = {"amd64": ("bin", "lib", "lib64", "sbin"), "arm64": ("bin", "lib", "sbin")}
# What Debian's own slim images leave out, and the file with which they tell dpkg so.
_EXCLUDED = re.compile(
    r"usr/share/(?:man|info|locale|lintian|linda|doc-base|groff)/.+"
    r"|usr/share/doc/(?!.*/copyright$|[^/]+$).+"
)
_DPKG_SETTINGS = """\
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/groff/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/linda/*
path-exclude /usr/share/doc-base/*
"""
_MASTERS = {
    "usr/share/base-passwd/passwd.master": "etc/passwd",
    "usr/share/base-passwd/group.master": "etc/group",
}
_MIB = 1024 * 1024


def root_tar(packages: Iterable[Path], architecture: str, *, mtime: int) -> Iterator[bytes]:
    """Return an uncompressed layer of ``packages``, unpacked and registered; ``mtime`` is for what is made here."""
    root = _Root(mtime)
    for top in _MERGED[architecture]:
        yield root.folder(f"usr/{top}")
        yield root.link(top, f"usr/{top}")
    for package in packages:
        yield from root.unpack(package)
    yield from root.database()
    yield bytes(2 * tarfile.BLOCKSIZE)


@dataclass(slots=True)
class _Package:
    """What dpkg's database needs to know of one package."""

    control: str
    files: dict[str, bytes]
    paths: list[str] = field(default_factory=lambda: ["/."])
    sums: dict[str, str] = field(default_factory=dict)

    def value(self, key: str) -> str:
        found = re.search(rf"^{key}: *(.*)$", self.control, re.MULTILINE)
        return found[1].strip() if found else ""

    @property
    def stem(self) -> str:
        """The name of its files in ``info/``."""
        name = self.value("Package")
        return (
            f"{name}:{self.value('Architecture')}" if self.value("Multi-Arch") == "same" else name
        )

    def status(self) -> str:
        """Return its paragraph in ``status``."""
        first, _, rest = self.control.strip().partition("\n")
        conffiles = "".join(
            f"\n {path} {self.sums.get(path[1:], '')}" for path in self._conffiles()
        )
        text = f"{first}\nStatus: install ok installed\n{rest}"
        return f"{text}\nConffiles:{conffiles}\n" if conffiles else f"{text}\n"

    def info(self) -> dict[str, bytes]:
        """Return its files in ``info/`` by ending."""
        sums = "".join(
            f"{value}  {path}\n"
            for path, value in sorted(self.sums.items())
            if f"/{path}" not in self._conffiles()
        )
        listing = "".join(f"{path}\n" for path in self.paths)
        kept = {key: data for key, data in self.files.items() if key != "control"}
        return {"md5sums": sums.encode()} | kept | {"list": listing.encode()}

    def _conffiles(self) -> list[str]:
        text = self.files.get("conffiles", b"").decode()
        return [line for line in text.splitlines() if line.startswith("/")]


class _Root:
    """One root file system while it is written, entry by entry."""

    def __init__(self, mtime: int) -> None:
        self._mtime = mtime
        self._seen: set[str] = set()
        self._packages: list[_Package] = []
        self._masters: dict[str, bytes] = {}

    def folder(self, path: str) -> bytes:
        return self._made(path, tarfile.DIRTYPE, 0o755)

    def link(self, path: str, target: str) -> bytes:
        return self._made(path, tarfile.SYMTYPE, 0o777, target)

    def unpack(self, package: Path) -> Iterator[bytes]:
        """Return the entries of ``package`` that are not there yet."""
        record = _control(package)
        self._packages.append(record)
        with (
            piped("dpkg-deb", "--fsys-tarfile", str(package)) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            for member in archive:
                yield from self._entry(member, archive, record)

    def database(self) -> Iterator[bytes]:
        """Return the entries of dpkg's database and what the base system's scripts would copy."""
        info = "var/lib/dpkg/info"
        for path in ("var/lib", "var/lib/dpkg", info, "etc/dpkg", "etc/dpkg/dpkg.cfg.d"):
            if path not in self._seen:
                yield self.folder(path)
        yield from self._file("etc/dpkg/dpkg.cfg.d/slim", _DPKG_SETTINGS.encode())
        for path, data in self._masters.items():
            yield from self._file(path, data)
        ordered = sorted(self._packages, key=lambda package: package.stem)
        yield from self._file(
            "var/lib/dpkg/status", "\n".join(package.status() for package in ordered).encode()
        )
        # Format 1: the names of co-installable packages carry their architecture.
        yield from self._file(f"{info}/format", b"1\n")
        for package in ordered:
            for ending, data in sorted(package.info().items()):
                yield from self._file(f"{info}/{package.stem}.{ending}", data)

    def _entry(
        self, member: tarfile.TarInfo, archive: tarfile.TarFile, record: _Package
    ) -> Iterator[bytes]:
        name = member.name.removeprefix("./").strip("/")
        if name in ("", "."):
            return
        record.paths.append(f"/{name}")
        content = archive.extractfile(member) if member.isreg() else None
        path = self._merged(name)
        hidden = path in self._seen or _EXCLUDED.fullmatch(path) is not None
        if not hidden:
            self._seen.add(path)
            yield _header(member, path, self._merged(member.linkname.removeprefix("./")))
        digest = hashlib.md5(usedforsecurity=False)
        kept = bytearray()
        while content and (chunk := content.read(_MIB)):
            digest.update(chunk)
            kept += chunk if path in _MASTERS else b""
            if not hidden:
                yield chunk
        if content:
            record.sums[name] = digest.hexdigest()
            yield b"" if hidden else bytes(-member.size % tarfile.BLOCKSIZE)
        if path in _MASTERS:
            self._masters[_MASTERS[path]] = bytes(kept)

    def _merged(self, name: str) -> str:
        """Return where ``name`` lies on a merged /usr."""
        top, slash, _ = name.partition("/")
        return f"usr/{name}" if slash and f"usr/{top}" in self._seen and top in self._seen else name

    def _made(self, path: str, kind: bytes, mode: int, target: str = "", size: int = 0) -> bytes:
        self._seen.add(path)
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.mtime, info.size = kind, mode, self._mtime, size
        info.linkname = target
        return info.tobuf(tarfile.PAX_FORMAT)

    def _file(self, path: str, data: bytes) -> Iterator[bytes]:
        yield self._made(path, tarfile.REGTYPE, 0o644, size=len(data))
        yield data
        yield bytes(-len(data) % tarfile.BLOCKSIZE)


def _header(member: tarfile.TarInfo, path: str, link: str) -> bytes:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.uid, info.gid = member.type, member.mode, member.uid, member.gid
    info.mtime, info.size = int(member.mtime), member.size if member.isreg() else 0
    info.linkname = link if member.islnk() else member.linkname
    return info.tobuf(tarfile.PAX_FORMAT)


def _control(package: Path) -> _Package:
    """Return the control part of ``package``."""
    raw = output("dpkg-deb", "--ctrl-tarfile", str(package))
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        files = {
            member.name.removeprefix("./"): content.read(member.size)
            for member in archive
            if (content := archive.extractfile(member))
        }
    return _Package(files["control"].decode(), files)

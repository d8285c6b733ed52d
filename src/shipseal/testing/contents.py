"""What goes into the layers of sample images."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from shipseal.oci import Platform
from shipseal.oci.layer import Kind, LayerEntry

Files = Mapping[str, bytes | LayerEntry]
"""Path without leading slash to the content of a plain file, or to what the makers below return."""

_MACHINES = {"386": 3, "arm": 40, "amd64": 62, "arm64": 183, "riscv64": 243}


def as_entries(files: Files) -> list[LayerEntry]:
    """Return ``files`` as entries with their paths; nothing is added."""
    return [
        replace(content if isinstance(content, LayerEntry) else plain(content), path=path)
        for path, content in files.items()
    ]


def default_layers(platform: Platform) -> Sequence[Files]:
    """Return two layers: ``/etc/os-release``, the same for all, and an ELF program ``/app`` for ``platform``."""
    return (
        {"etc/os-release": b"ID=sample\nVERSION_ID=1\n"},
        {"app": executable(elf(platform))},
    )


def elf(platform: Platform) -> bytes:
    """Return the 64-byte header of an ELF program for the processor of ``platform`` (it cannot run)."""
    machine = _MACHINES.get(platform.architecture, 0)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    return (ident + b"\x02\x00" + machine.to_bytes(2, "little")).ljust(64, b"\0")


def plain(content: bytes, *, mode: int = 0o644, uid: int = 0, gid: int = 0) -> LayerEntry:
    """Return a file; its path is given by the layer that it is put into."""
    return LayerEntry("", Kind.FILE, mode, uid, gid, size=len(content), open=lambda: (content,))


def executable(content: bytes) -> LayerEntry:
    """Return a file with mode 0755."""
    return plain(content, mode=0o755)


def symlink(target: str) -> LayerEntry:
    """Return a symbolic link."""
    return LayerEntry("", Kind.SYMLINK, 0o777, link=target)


def hardlink(target: str) -> LayerEntry:
    """Return a hard link to another path of the same layer."""
    return LayerEntry("", Kind.HARDLINK, link=target)


def empty_folder(mode: int = 0o755) -> LayerEntry:
    """Return a folder; parents of files need not be given."""
    return LayerEntry("", Kind.FOLDER, mode)

"""A tiny static program that passes for a shell, for RUN steps on an empty file system.

A file system for RUN needs something to run, and a test may not download one. It is a few instructions of machine code
for x86-64 Linux in the smallest ELF file that the kernel takes: it writes ``made`` to standard output and ends with the
status that was built in.
"""

import struct

_LOAD = 0x400000
_HEADERS = 64 + 56


def shell(status: int = 0) -> bytes:
    """Return an executable for linux/amd64 that says ``made`` and ends with ``status``."""
    text = b"made\n"
    code = b"".join(
        (
            b"\xb8\x01\x00\x00\x00",  # mov eax, 1 (write)
            b"\xbf\x01\x00\x00\x00",  # mov edi, 1
            b"\xbe" + struct.pack("<I", _LOAD + _HEADERS + 34),  # mov esi, text
            b"\xba" + struct.pack("<I", len(text)),  # mov edx, its length
            b"\x0f\x05",  # syscall
            b"\xb8\x3c\x00\x00\x00",  # mov eax, 60 (exit)
            b"\xbf" + struct.pack("<I", status),  # mov edi, status
            b"\x0f\x05",  # syscall
        )
    )
    if len(code) != 34:
        raise AssertionError(len(code))
    body = code + text
    size = _HEADERS + len(body)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, _LOAD + _HEADERS, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOAD, _LOAD, size, size, 0x1000)
    return ident + header + segment + body

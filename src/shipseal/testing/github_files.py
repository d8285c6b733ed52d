"""Files and references as GitHub's API shows them."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from shipseal._internal.limits import MIB


def blob_id(content: bytes) -> str:
    """Return git's id of a file."""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def file_document(path: str, content: bytes) -> Mapping[str, Any]:
    """Return a file as "repository contents" shows it; one beyond 1 MiB without its content."""
    large = len(content) > MIB
    return {
        "type": "file",
        "path": path,
        "size": len(content),
        "sha": blob_id(content),
        "encoding": "none" if large else "base64",
        # In lines of sixty characters, as the real one sends it.
        "content": "" if large else base64.encodebytes(content).decode(),
    }


def reference_document(branch: str, commit: str) -> Mapping[str, Any]:
    """Return a branch as "Git references" shows it."""
    return {"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": commit}}

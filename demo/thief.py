"""What somebody does who may write to a registry and has no key: swap the image, and bring the old evidence along.

The index is changed (its amd64 entry names another image), stored under its new digest, the tag is moved there, and
every attestation of the old index is attached to the new one. Only digests and signatures can tell.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

REF_NAME = "org.opencontainers.image.ref.name"


def swap_image(layout: Path, tag: str) -> None:
    """Let ``tag`` of an OCI layout name a changed index that carries the attestations of the genuine one."""
    entries = json.loads((layout / "index.json").read_text())
    named = next(
        entry for entry in entries["manifests"] if entry.get("annotations", {}).get(REF_NAME) == tag
    )
    genuine = named["digest"]
    forged = _store(layout, _with_swapped_platforms(_load(layout, genuine)))
    named |= forged
    for entry in list(entries["manifests"]):
        manifest = _load(layout, entry["digest"])
        if manifest.get("subject", {}).get("digest") == genuine:
            moved = _store(layout, manifest | {"subject": manifest["subject"] | forged})
            entries["manifests"].append(entry | moved)
    (layout / "index.json").write_text(json.dumps(entries))


def _with_swapped_platforms(index: dict[str, Any]) -> dict[str, Any]:
    first, second = index["manifests"][:2]
    swapped = [
        first | {"digest": second["digest"], "size": second["size"]},
        second | {"digest": first["digest"], "size": first["size"]},
    ]
    return index | {"manifests": [*swapped, *index["manifests"][2:]]}


def _load(layout: Path, digest: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_path(layout, digest).read_bytes())
    return document


def _store(layout: Path, document: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps(document).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _path(layout, digest).write_bytes(data)
    return {"digest": digest, "size": len(data)}


def _path(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")

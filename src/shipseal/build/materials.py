"""Inputs of a build as provenance names them (SLSA v1, resolvedDependencies; package URLs)."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from packageurl import PackageURL

from shipseal.build.values import Material
from shipseal.errors import ConfigError
from shipseal.oci.digest import Digest, split_digest
from shipseal.oci.reference import Reference

BASE_IMAGE = "base image"
BUILDER = "builder"


def base_image(name: str, digest: Digest) -> Material:
    """Return the base image ``name`` (a reference, or empty when only its digest is known)."""
    algorithm, value = split_digest(digest)
    return Material(_image_url(name, digest), {algorithm: value}, BASE_IMAGE)


def image_reference(material: Material) -> str:
    """Return ``name@digest`` of a base image, as tools take it; empty when its package URL is none of an image."""
    try:
        url = PackageURL.from_string(material.uri)
    except ValueError:
        return ""
    where = dict(url.qualifiers).get("repository_url")
    name = where or "/".join(part for part in (url.namespace, url.name) if part)
    digest = next((f"{key}:{value}" for key, value in material.digest.items()), "")
    return f"{name}@{digest}" if url.type in ("oci", "docker") and digest else ""


def base_names(materials: Iterable[Material]) -> tuple[Reference, ...]:
    """Return the names of the base images, with the tags that were asked for; nothing when one of them has none."""
    names = [_image_name(one) for one in materials if one.name == BASE_IMAGE]
    return tuple(name for name in names if name) if all(names) else ()


def _image_name(material: Material) -> Reference | None:
    try:
        url = PackageURL.from_string(material.uri)
        qualifiers = dict(url.qualifiers)
        if url.type == "docker":
            name, tag = "/".join(part for part in (url.namespace, url.name) if part), url.version
        else:
            # The name of an `oci` URL is a path's last part alone, and ours has none for a layout on disk.
            name, tag = qualifiers.get("repository_url", ""), qualifiers.get("tag")
        return Reference.parse(f"{name}:{tag}" if tag and ":" not in tag else name)
    except (ValueError, ConfigError):
        return None


def builder(name: str, version: str, program: Path) -> Material:
    """Return the program that built, with the digest of its file: two builds may call themselves by one version."""
    with program.resolve().open("rb") as stream:
        value = hashlib.file_digest(stream, "sha256").hexdigest()
    return Material(
        PackageURL("generic", None, name, version).to_string(), {"sha256": value}, BUILDER
    )


def _image_url(name: str, digest: Digest) -> str:
    if not name:
        return PackageURL("oci", None, "image", digest).to_string()
    reference = Reference.parse(name)
    where = {"repository_url": f"{reference.registry}/{reference.repository}"}
    tag = {"tag": reference.tag} if reference.tag else {}
    last = reference.repository.rpartition("/")[2]
    return PackageURL("oci", None, last, digest, where | tag).to_string()

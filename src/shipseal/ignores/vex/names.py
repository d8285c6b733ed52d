"""Whether two names are of the same thing: package URLs however they are spelled, and images at Docker Hub.

Sources: the purl specification and its type ``oci``; the OpenVEX specification, "Product matching".
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from packageurl import PackageURL

from shipseal.errors import ConfigError
from shipseal.ignores.causes import Cause
from shipseal.ignores.vex.document import ImageNames
from shipseal.oci import Reference

_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_IMAGES = ("oci", "docker")
# What these say of an image or a package is no part of which one it is.
_NOT_ITS_NAME = frozenset({"tag", "os", "repository_url", "vcs_url", "download_url", "checksum"})


class Mismatch(NamedTuple):
    """Why a name is not what it is held against.

    Attributes:
        cause: for programs.
        text: a sentence.
    """

    cause: Cause
    text: str


@lru_cache(maxsize=1 << 12)
def purl_of(text: str) -> PackageURL | None:
    """Return the parts of a package URL, unescaped and in normal form; None when it is none."""
    try:
        return PackageURL.from_string(text)
    except ValueError:
        return None


def image_name(text: str) -> str:
    """Return the repository that ``text`` names, with Docker Hub's one name; empty when it is none."""
    try:
        name = Reference.parse(text.removeprefix("https://").rstrip("/")).name
    except ConfigError:
        return ""
    host, _, path = name.partition("/")
    return f"docker.io/{path if '/' in path else f'library/{path}'}" if host in _HUB else name


def image_tag(text: str) -> str:
    """Return the tag that a reference names; empty when there is none."""
    try:
        return Reference.parse(text).tag or ""
    except ConfigError:
        return ""


def image_names(
    names: Iterable[str], digests: Iterable[str], tags: Iterable[str] = ()
) -> ImageNames:
    """Return an image's names as they are compared.

    Args:
        names: references or repositories; what is none is left out.
        digests: of its index and its platforms.
        tags: that it has or gets, besides those of ``names``.
    """
    called = tuple(names)
    repositories = dict.fromkeys(filter(None, map(image_name, called)))
    known = dict.fromkeys(filter(None, (*tags, *map(image_tag, called))))
    return ImageNames(
        tuple(repositories), tuple(dict.fromkeys(filter(None, digests))), tuple(known)
    )


def image_mismatch(text: str, image: ImageNames) -> Mismatch | None:
    """Return why ``text`` is not the image; None when it is."""
    purl = purl_of(text) if text.startswith("pkg:") else None
    if purl is not None:
        return _purl_mismatch(purl, image)
    if text.startswith("sha256:"):
        return None if text in image.digests else _other_digest(image)
    name, _, digest = text.partition("@")
    if digest and digest not in image.digests:
        return _other_digest(image)
    if image_name(name) in image.repositories:
        return None if digest else _other_tag(image_tag(name), image)
    told = f"it is neither the image ({_repositories(image)}) nor a package URL"
    return Mismatch(Cause.IMAGE, told)


def _purl_mismatch(purl: PackageURL, image: ImageNames) -> Mismatch | None:
    if purl.type not in _IMAGES:
        return Mismatch(Cause.IMAGE, "it is a package, and no image")
    pinned = bool(purl.version and purl.version.startswith("sha256:"))
    if pinned and purl.version not in image.digests:
        return _other_digest(image)
    qualifiers = dict(purl.qualifiers)
    tag = str(qualifiers.get("tag", "")) or purl.version or ""
    # With a digest, that decides: the image may have got another tag since.
    narrowed = None if pinned else _other_tag(tag, image)
    stated = str(qualifiers.get("repository_url", ""))
    if not stated and purl.type == "docker":
        stated = "/".join(filter(None, ("docker.io", purl.namespace, purl.name)))
    if stated:
        # Some write the repository, others the place above it.
        found = {image_name(stated), image_name(f"{stated}/{purl.name}")}
        if not found.isdisjoint(image.repositories):
            return narrowed
        told = f"repository_url {_both(stated)} is not where the image is: {_repositories(image)}"
        return Mismatch(Cause.IMAGE, told)
    names = {name.rpartition("/")[2] for name in image.repositories}
    if pinned or purl.name in names:
        return narrowed
    known = ", ".join(sorted(names)) or "it has none"
    return Mismatch(Cause.IMAGE, f"the name {purl.name} is not the image's: {known}")


def _both(stated: str) -> str:
    """Return a name as it is written and, where that differs, as it is compared."""
    name = image_name(stated)
    return stated if name in ("", stated) else f"{stated} ({name})"


def package_mismatch(text: str, package_purl: str) -> Mismatch | None:
    """Return why ``text`` is not the package with that package URL; None when it is.

    A version or a qualifier that the statement does not have is not compared.
    """
    stated, there = purl_of(text), purl_of(package_purl)
    if stated is None:
        return Mismatch(Cause.IDENTIFIER, "it is no package URL")
    if there is None:
        told = "the package has no package URL to compare with"
        return Mismatch(Cause.IDENTIFIER, told)
    for what in ("type", "namespace", "name", "version"):
        wanted, got = getattr(stated, what) or "", getattr(there, what) or ""
        if wanted != got and not (what == "version" and not wanted):
            cause = Cause.VERSION if what == "version" else Cause.PACKAGE
            return Mismatch(cause, f"the {what} {wanted or 'none'} is not {got or 'none'}")
    got = dict(there.qualifiers)
    for key, value in dict(stated.qualifiers).items():
        if key not in _NOT_ITS_NAME and key in got and got[key] != value:
            told = f"the qualifier {key}={value} is not {got[key]}"
            return Mismatch(Cause.QUALIFIER, told)
    return None


def _other_tag(tag: str, image: ImageNames) -> Mismatch | None:
    """Return that a statement is about another tag than those that are known; None when that cannot be said."""
    if not tag or not image.tags or tag in image.tags:
        return None
    return Mismatch(Cause.VERSION, f"the tag {tag} is not the image's: {', '.join(image.tags)}")


def _other_digest(image: ImageNames) -> Mismatch:
    known = ", ".join(image.digests) or "it is not known"
    return Mismatch(Cause.DIGEST, f"the digest is not the image's: {known}")


def _repositories(image: ImageNames) -> str:
    return ", ".join(image.repositories) or "of no name that is known"

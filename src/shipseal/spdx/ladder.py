"""The rungs of the trim ladder: what each one takes out of a document, and what must stay for it to be valid.

No rung takes a package, a package URL, an extracted licence, or what the document says that it describes.
"""

import itertools
import re
from collections.abc import Callable
from enum import StrEnum

import msgspec

from shipseal.spdx.document import described
from shipseal.spdx.parts import (
    DESCRIPTIONS,
    Fields,
    Identified,
    Relationship,
    as_raw,
    size_of,
)
from shipseal.spdx.record import Dropped

_EXTERNAL_LICENCE = re.compile(rb"(DocumentRef-[0-9A-Za-z.+-]+):LicenseRef-")
# With no file entries left a package has no analysed files, and then these must not be there (clauses 7.8 to 7.16).
_FILE_MEMBERS = ("packageVerificationCode", "licenseInfoFromFiles", "hasFiles")


class Step(StrEnum):
    """A rung; they are taken in this order, the one that costs a reader least first."""

    COMPACT = "compact"
    FILES = "files"
    ANNOTATIONS = "annotations"
    EXTERNAL_DOCUMENTS = "external-documents"
    RELATIONSHIPS = "relationships"
    OVERLAPS = "ownership-overlaps"


Rung = Callable[[Fields], list[Dropped]]


class _Snippet(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="SPDXID")
    file: str = msgspec.field(name="snippetFromFile", default="")


class _ExternalDocument(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="externalDocumentId")


def drop_files(fields: Fields) -> list[Dropped]:
    """Take out file entries, snippets, their relationships, and what packages say about their files.

    Files and snippets that the document itself describes stay: without them it would be about nothing.
    """
    kept = set(described(fields))
    snippets = fields.decode("snippets", _Snippet)
    kept |= {snippet.file for snippet in snippets if snippet.id in kept}
    known: set[str] = set()
    dropped = []
    for section in ("files", "snippets"):
        ids = [item.id for item in fields.decode(section, Identified)]
        known.update(ids)
        dropped += _keep(fields, Step.FILES, section, [item in kept for item in ids])
    read = fields.decode("relationships", Relationship)
    # In one loop without a call for each: there are as many as files.
    gone = [item.element in known or item.related in known for item in read]
    dropped += _drop_relations(fields, Step.FILES, gone)
    return dropped + _drop_file_members(fields, files_gone=bool(dropped))


def drop_annotations(fields: Fields) -> list[Dropped]:
    """Take out the annotations of the document and of its packages."""
    dropped = _keep(
        fields, Step.ANNOTATIONS, "annotations", [False] * len(fields.elements("annotations"))
    )
    return dropped + _rewrite_packages(
        fields,
        Step.ANNOTATIONS,
        "package annotations",
        lambda package: package.pop("annotations", None) is not None,
    )


def drop_external_documents(fields: Fields) -> list[Dropped]:
    """Take out references to other documents and the relationships that need them.

    A reference stays when a licence expression of a package points into that document.
    """
    needed = {match.decode() for match in _EXTERNAL_LICENCE.findall(fields.encode())}
    needed |= {item.partition(":")[0] for item in described(fields)}
    read = fields.decode("externalDocumentRefs", _ExternalDocument)
    gone = {item.id for item in read} - needed
    dropped = _keep(
        fields,
        Step.EXTERNAL_DOCUMENTS,
        "externalDocumentRefs",
        [item.id not in gone for item in read],
    )

    def points_there(item: Relationship) -> bool:
        ends = (item.element, item.related)
        return any(":" in end and end.partition(":")[0] in gone for end in ends)

    unwanted = [points_there(item) for item in fields.decode("relationships", Relationship)]
    return dropped + _drop_relations(fields, Step.EXTERNAL_DOCUMENTS, unwanted)


def drop_relationships(fields: Fields) -> list[Dropped]:
    """Take out all relationships but what the document describes and ownership by overlap."""
    read = fields.decode("relationships", Relationship)
    return _drop_relations(fields, Step.RELATIONSHIPS, [not item.is_overlap for item in read])


def drop_overlaps(fields: Fields) -> list[Dropped]:
    """Take out ownership by overlap, without which scanners report some packages twice."""
    read = fields.decode("relationships", Relationship)
    return _drop_relations(fields, Step.OVERLAPS, [item.is_overlap for item in read])


RUNGS: tuple[tuple[Step, Rung], ...] = (
    (Step.FILES, drop_files),
    (Step.ANNOTATIONS, drop_annotations),
    (Step.EXTERNAL_DOCUMENTS, drop_external_documents),
    (Step.RELATIONSHIPS, drop_relationships),
    (Step.OVERLAPS, drop_overlaps),
)


def _drop_relations(fields: Fields, step: Step, unwanted: list[bool]) -> list[Dropped]:
    """Drop unwanted relationships, but never one by which the document describes something that is still there."""
    read = fields.decode("relationships", Relationship)
    wanted = [
        not gone or (item.kind in DESCRIPTIONS and bool(item.described))
        for item, gone in zip(read, unwanted, strict=True)
    ]
    return _keep(fields, step, "relationships", wanted)


def _keep(fields: Fields, step: Step, section: str, wanted: list[bool]) -> list[Dropped]:
    """Keep the items of a section that are wanted, and say what went."""
    if all(wanted):
        return []
    before = _bytes_of(fields, section)
    items = fields.elements(section) if any(wanted) else []
    fields.put(section, list(itertools.compress(items, wanted)))
    return [Dropped(step, section, wanted.count(False), before - _bytes_of(fields, section))]


def _bytes_of(fields: Fields, section: str) -> int:
    """Return what a section takes with its name and a comma; a document has other members beside it."""
    return len(f'"{section}":,') + size_of(fields[section]) if section in fields else 0


def _drop_file_members(fields: Fields, *, files_gone: bool) -> list[Dropped]:
    def strip(package: Fields) -> bool:
        found = [package.pop(name) for name in _FILE_MEMBERS if name in package]
        # Absent means true (clause 7.8).
        analysed = bytes(package.get("filesAnalyzed", as_raw(True))) != b"false"
        if not found and not (analysed and files_gone):
            return False
        package["filesAnalyzed"] = as_raw(False)
        return True

    return _rewrite_packages(fields, Step.FILES, "package file members", strip)


def _rewrite_packages(
    fields: Fields, step: Step, section: str, change: Callable[[Fields], bool]
) -> list[Dropped]:
    """Apply ``change``, which says whether it did anything, to each package."""
    before, count = size_of(fields["packages"]) if "packages" in fields else 0, 0
    packages = []
    for item in fields.decode("packages", dict[str, msgspec.Raw]):
        package = Fields(item, what=fields.what)
        count += change(package)
        packages.append(package.packed())
    if not count:
        return []
    fields.put("packages", packages)
    return [Dropped(step, section, count, before - size_of(fields["packages"]))]

"""`shipseal verify --from`: images as an export of evidence holds them, without a registry.

What an export says of itself is nobody's word: which digest a tag named, and which trusted root was good. The digest is
taken and that is said; the root is used only where it is asked for.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal.cli.verify_places import PREFIX, Place, look_at_all, split_place
from shipseal.errors import Code, ConfigError, ImageError
from shipseal.evidence.collect import collect
from shipseal.evidence.export_place import OpenedExport, opened_export
from shipseal.evidence.interface import EvidenceSource
from shipseal.oci import Digest, parse_digest
from shipseal.wiring.evidence import exported_target, own_sources

if TYPE_CHECKING:
    from shipseal.attest.trust_root import TrustRoot


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports that a command line names.

    Attributes:
        opened: in its order.
    """

    opened: tuple[OpenedExport, ...]

    def __bool__(self) -> bool:
        """Return whether there is one."""
        return bool(self.opened)

    def chosen_root(self, named: Path | None, *, trusted: bool) -> Path | None:
        """Return the file with the trusted root that is asked for; None for the public one.

        Args:
            named: one that the command line names.
            trusted: whether the export's own is asked for.

        Raises:
            ConfigError: both are; the exports carry none, or several that differ.
        """
        if not trusted:
            return named
        if named is not None:
            raise ConfigError(
                "--trusted-root and --trust-exported-root exclude each other",
                hint="name the one that you believe",
            )
        roots = {one.record.root.digest: one.root for one in self.opened if one.record.root}
        if len(roots) != 1 or None in roots.values():
            raise ConfigError(
                f"--trust-exported-root: there are {len(roots)} trusted roots in what --from names, expected one",
                hint="name the file with the one that you believe: --trusted-root FILE",
            )
        return next(iter(roots.values()))

    def look_around(
        self,
        texts: Sequence[str],
        root: "TrustRoot | None",
        further: Sequence[EvidenceSource] = (),
        *,
        explain: bool = False,
    ) -> list[Place]:
        """Return the place of each text: see :meth:`look` and :func:`~shipseal.cli.verify_places.look_at_all`.

        Raises:
            ShipsealError: what was raised for the first that failed.
        """
        return look_at_all(texts, partial(self.look, root=root, further=further, explain=explain))

    def look(
        self,
        text: str,
        root: "TrustRoot | None",
        further: Sequence[EvidenceSource] = (),
        *,
        explain: bool = False,
    ) -> Place:
        """Return the image that ``text`` names, with its evidence.

        Args:
            text: as it was written.
            root: by whose word identities are believed.
            further: where evidence is looked for, too.
            explain: is there for the like of :func:`shipseal.cli.verify_places.look`; an export holds only what counts.

        Raises:
            ConfigError: ``text`` names nothing.
            ImageError: no export holds it, or what it holds is damaged.
        """
        name, reference = split_place(text)
        export, digest = self._find(text, name, reference)
        target = exported_target(export.layout.folder, f"export {export.text}")
        found = collect(target, digest, stores=(*own_sources(target), *further))
        by_tag = ":" not in reference
        return Place(
            text=text,
            name=f"{PREFIX}{export.text}",
            digest=digest,
            collected=found,
            notes=tuple(_notes(text, export, root, by_tag=by_tag)),
            told={"export": _told(export, by_tag=by_tag)},
        )

    def _find(self, text: str, name: str, reference: str) -> tuple[OpenedExport, Digest]:
        for export in self.opened:
            record = export.record
            if ":" in reference:
                digest = parse_digest(reference)
                # A digest says all: a mirror has other names, and the same bytes.
                if export.layout.blobs.has(digest):
                    return export, digest
            elif (name, reference) == (record.name, record.tag):
                return export, record.digest
        held = "; ".join(
            f"{one.text} holds {one.record.name}{':' if one.record.tag else ''}{one.record.tag} {one.record.digest}"
            for one in self.opened[:5]
        )
        raise ImageError(
            Code.IMAGE_NOT_FOUND,
            f"{text}: is not in what --from names: {held}",
            hint="name what was exported, by its tag as it was asked for then or, under any name, by its digest",
            context={"reference": text},
        )


@contextmanager
def opened_exports(paths: Sequence[Path]) -> Iterator[Exports]:
    """Open exports for the time of a ``with`` block.

    Raises:
        ConfigError: one of them is none.
        ImageError: one of them is damaged.
    """
    with ExitStack() as stack:
        yield Exports(tuple(stack.enter_context(opened_export(path)) for path in paths))


def _notes(
    text: str, export: OpenedExport, root: "TrustRoot | None", *, by_tag: bool
) -> Iterator[str]:
    if by_tag:
        yield (
            f"{text} named {export.record.digest} by the word of the export, which nobody signed: "
            "what was verified is that digest"
        )
    carried = export.record.root
    if root is not None and carried is not None and carried.digest != root.digest:
        as_of = f", as of {carried.as_of:%Y-%m-%d}" if carried.as_of else ""
        yield (
            f"the export carries another trusted root ({carried.digest}{as_of}), which is not used: "
            "--trust-exported-root believes it"
        )


def _told(export: OpenedExport, *, by_tag: bool) -> dict[str, object]:
    record = export.record
    return {
        "path": export.text,
        "name": record.name,
        "tag": record.tag,
        "digestFrom": "export" if by_tag else "reference",
        "trustedRoot": record.root.to_json() if record.root else None,
    }

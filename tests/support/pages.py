"""The documentation as text: pages, their links, anchors and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.tools import ROOT

DOCS = ROOT / "docs"

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ANCHOR = re.compile(r"<a id=\"([^\"]+)\">")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        path: of the file.
        text: of it.
    """

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text without code blocks."""
        return _FENCE.sub("", self.text)

    def links(self) -> Iterator[str]:
        """Yield where its links lead."""
        yield from _LINK.findall(self.prose)

    def anchors(self) -> set[str]:
        """Return what a link may name after ``#``: headings as GitHub names them, and our own anchors."""
        headings = {_slug(heading) for heading in _HEADING.findall(self.prose)}
        return headings | set(_ANCHOR.findall(self.text))

    def section(self, heading: str) -> str:
        """Return the text below a heading, up to the next one of any level."""
        parts = re.split(r"^#+ ", self.prose, flags=re.MULTILINE)
        found = [part for part in parts if part.split("\n", 1)[0].strip() == heading]
        return found[0].split("\n", 1)[1] if found else ""

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of each row of each table, without headers and rules."""
        lines = self.prose.splitlines()
        for number, line in enumerate(lines):
            rule = number + 1 < len(lines) and re.fullmatch(r"\|[\s:|-]+\|", lines[number + 1])
            if line.startswith("|") and not rule and not re.fullmatch(r"\|[\s:|-]+\|", line):
                yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def page(name: str) -> Page:
    """Return one page of ``docs/``."""
    return read(DOCS / name)


def read(path: Path) -> Page:
    """Return the page in a file."""
    return Page(path, path.read_text(encoding="utf-8"))


def pages() -> list[Page]:
    """Return all pages of the project, those beside the source included."""
    return [read(path) for path in sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])]


def broken_links(source: Page) -> Iterator[str]:
    """Yield a sentence for each link to a file or anchor that is not there; other sites are not asked."""
    for link in source.links():
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (source.path.parent / target).resolve() if target else source.path
        if not path.exists():
            yield f"{source.path.name}: {link}: no such file"
        elif anchor and anchor not in read(path).anchors():
            yield f"{source.path.name}: {link}: no such place in it"


def _slug(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")

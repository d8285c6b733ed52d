"""The lines of a file of rules, and the comment lines that belong to an entry."""

import re
from collections.abc import Iterator

# YAML's readers, Grype's among them, break lines at these alone; Python's splitlines() knows more.
_BREAKS = "\r\n\x85\u2028\u2029"
_LINE = re.compile(rf"[^{_BREAKS}]*(?:\r\n|[{_BREAKS}]|\Z)")


class Lines:
    """A text by lines; numbers count from 1.

    Args:
        text: the whole.

    Attributes:
        kept: the lines with their ends; joined, they are the text.
    """

    def __init__(self, text: str) -> None:
        self.kept = [found for found in _LINE.findall(text) if found]

    @property
    def plain(self) -> bool:
        """Whether every line ends as other programs know it, too, so that they count the same lines."""
        return all(not line.endswith(("\r", "\x85", "\u2028", "\u2029")) for line in self.kept)

    def bare(self, number: int) -> str:
        """Return a line without its end; empty beyond the last one."""
        return self.kept[number - 1].rstrip(_BREAKS) if 0 < number <= len(self.kept) else ""

    def is_comment(self, number: int) -> bool:
        """Return whether a line is a comment and nothing else."""
        return self.bare(number).lstrip(" \t").startswith("#")

    def block_above(self, number: int) -> int:
        """Return the first of the comment lines that stand right above a line; the line itself when there is none.

        Comments that are further in than the line are the end of what stands above them.
        """
        indent = self.indent(number)
        first = number
        while self.is_comment(first - 1) and (
            self.indent(first - 1) <= indent or self._opens(first - 1)
        ):
            first -= 1
        return first

    def dash_of(self, number: int) -> int:
        """Return the line with the dash of the entry whose first key stands in a line; that line without one."""
        above = number
        while not self.begins_with_dash(above):
            above -= 1
            if above < 1 or not (self.is_comment(above) or self.bare(above).strip() == "-"):
                return number
        return above

    def comment_lines(self, number: int) -> tuple[int, ...]:
        """Return the comment lines of the entry whose first key stands in a line.

        They are those right above it, and those within it: further in than its dash.
        """
        dash = self.dash_of(number)
        found = list(range(self.block_above(dash), dash))
        if not self.begins_with_dash(dash):
            return tuple(found)
        indent, line = self.indent(dash), dash + 1
        while line <= len(self.kept) and (
            not self.bare(line).strip() or self.is_comment(line) or self.indent(line) > indent
        ):
            if self.is_comment(line) and self.indent(line) > indent:
                found.append(line)
            line += 1
        return tuple(found)

    def comment_of(self, number: int) -> str:
        """Return the comment of the entry whose first key stands in a line, without ``#``."""
        return "\n".join(self._said(line) for line in self.comment_lines(number))

    def indent(self, number: int) -> int:
        """Return how far in a line begins."""
        bare = self.bare(number)
        return len(bare) - len(bare.lstrip(" \t"))

    def begins_with_dash(self, number: int) -> bool:
        """Return whether a line begins an entry of a list in block form."""
        bare = self.bare(number).lstrip(" \t")
        return bare == "-" or bare.startswith(("- ", "-\t"))

    def starts(self) -> Iterator[int]:
        """Yield where each line begins, in characters from 0."""
        at = 0
        for line in self.kept:
            yield at
            at += len(line)

    def _said(self, number: int) -> str:
        return self.bare(number).lstrip(" \t").lstrip("#").strip()

    def _opens(self, number: int) -> bool:
        """Return whether the comment lines above and with this one follow a key that begins something."""
        while self.is_comment(number):
            number -= 1
        return self.bare(number).rstrip().endswith(":")

"""From changes to a patch that ``git apply`` takes."""

import difflib
from collections.abc import Iterable, Sequence

from shipseal.workflows.model import Edit, Finding, Source


def patched(source: Source, edits: Iterable[Edit]) -> bytes:
    """Return the file with the changes that are about it; of two that touch the same lines the first counts.

    Args:
        source: the file.
        edits: changes, of other files too.
    """
    text = source.data.decode("utf-8", errors="surrogateescape")
    lines = text.split("\n")
    end = "\r" if lines[0].endswith("\r") else ""
    taken: list[Edit] = []
    for edit in dict.fromkeys(edits):
        if edit.file == source.path and not any(_meet(edit, other) for other in taken):
            taken.append(edit)
    for edit in sorted(taken, key=lambda item: (item.line, item.remove), reverse=True):
        lines[edit.line - 1 : edit.line - 1 + edit.remove] = [line + end for line in edit.lines]
    return "\n".join(lines).encode("utf-8", errors="surrogateescape")


def _meet(one: Edit, other: Edit) -> bool:
    first, second = sorted((one, other), key=lambda item: (item.line, item.remove))
    if first.line == second.line:
        return min(first.remove, second.remove) > 0
    return first.line + first.remove > second.line


def unified(sources: Sequence[Source], findings: Iterable[Finding]) -> str:
    """Return one patch with the changes of all findings; empty when there are none.

    Args:
        sources: the files that were checked.
        findings: what was found in them.
    """
    edits = [edit for finding in findings for edit in finding.edits]
    return "".join(_diff(source, patched(source, edits)) for source in sources)


def _diff(source: Source, new: bytes) -> str:
    if new == source.data:
        return ""
    before, after = (
        data.decode("utf-8", errors="surrogateescape").splitlines(keepends=True)
        if b"\r" not in data
        else _kept(data)
        for data in (source.data, new)
    )
    path = source.path.removeprefix("./").lstrip("/")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(before, after, f"a/{path}", f"b/{path}")
    )


def _kept(data: bytes) -> list[str]:
    text = data.decode("utf-8", errors="surrogateescape")
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]

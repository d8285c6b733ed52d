"""A checklist as Markdown: task items that an issue or a pull request shows as boxes."""

from pathlib import Path

from shipseal._internal.durable import write_atomic
from shipseal.release.checklist import DONE, ITEMS, NOT_NEEDED, Checklist, ListedItem
from shipseal.report.text import markdown, printable

PAGE = "checklist.md"
_MOST_PROOF = 2000


def checklist_markdown(listed: Checklist) -> str:
    """Return the page of one release."""
    name = printable(f"{listed.image} {listed.version}")
    lines = [
        f"# Release checklist: {markdown(name)}",
        "",
        f"Release `{listed.release}`, image `{listed.digest or 'not built yet'}`, "
        + ("complete." if listed.complete else "not complete."),
        "",
        *(line for item in listed.items for line in _item(item)),
        "",
    ]
    return "\n".join(lines)


def blank_markdown() -> str:
    """Return the items of every checklist, for the documentation: no release has ticked them yet."""
    return "".join(
        f"- [ ] {item.text} ({', '.join(item.statements)}): `{item.id}`\n" for item in ITEMS
    )


def write_checklist(results: Path, listed: Checklist) -> Path:
    """Write the page into a release's results, and return where.

    Raises:
        ShipsealError: it cannot be written.
    """
    path = results / PAGE
    write_atomic(path, checklist_markdown(listed).encode())
    return path


def _item(item: ListedItem) -> tuple[str, str]:
    box = "[x]" if item.state in (DONE, NOT_NEEDED) else "[ ]"
    state = "" if item.state == DONE else f"{item.state}: "
    proof = markdown(f"{state}{item.proof}", _MOST_PROOF)
    return f"- {box} {item.text} ({', '.join(item.statements)})", f"  <br>{proof}"

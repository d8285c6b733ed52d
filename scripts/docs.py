"""Write the generated parts of the documentation again, or say with ``--check`` which ones are stale.

A generated part stands between two comments in a page that people write::

    <!-- generated: NAME, by `make docs` -->
    ...
    <!-- end -->
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

from shipseal.attest.judge_bundle import BundleStatus
from shipseal.cli.main import COMMANDS, installed, load
from shipseal.config import docs as configuration
from shipseal.errors import Code, exit_for
from shipseal.intoto.predicates import COSIGN_TYPES, PREDICATE_TYPES, read_as
from shipseal.release.failure_texts import DATA
from shipseal.sbom.store_limits import STORE_LIMITS, StoreLimit
from shipseal.verify.verdict import MEANINGS, Standing

ROOT = Path(__file__).resolve().parents[1]
# As a script, only its own folder is searched; the rows of faults lie with their tests.
sys.path.append(str(ROOT))

from scripts import ci_parts, facts  # noqa: E402 - found only now

FAILURE_TEXTS = ROOT / "src" / "shipseal" / "release" / DATA
_PART = re.compile(r"(<!-- generated: (\S+), by `make docs` -->\n).*?(<!-- end -->)", re.DOTALL)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; a bar within a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def exit_codes() -> str:
    """Return the table of failure codes with their exit statuses."""
    rows = [[f"[`{code}`](errors.md#{code})", str(int(exit_for(code)))] for code in Code]
    return table(["code", "exit"], rows)


def checks() -> str:
    """Return what a check of an image, or of one bundle, can say, with code and exit status."""
    of_bundles = {str(status) for status in BundleStatus}
    rows = []
    for standing, means in MEANINGS.items():
        code = "" if standing is Standing.PRESENT else str(standing.code)
        rows.append(
            [
                f"`{standing}`",
                means,
                f"[`{code}`](errors.md#{code})" if code else "",
                str(int(exit_for(standing.code))) if code else "0",
                _of_bundle(standing) if _of_bundle(standing) in of_bundles else "",
            ]
        )
    return table(["status", "means", "code", "exit", "of one bundle"], rows)


def _of_bundle(standing: Standing) -> str:
    """Return how ``verify bundle`` calls it."""
    return str(BundleStatus.GENUINE if standing is Standing.PRESENT else standing)


def families() -> str:
    """Return the kinds of evidence with their predicate types."""
    rows = [
        [
            str(family),
            f"`{written}`",
            f"`{COSIGN_TYPES[family]}`",
            ", ".join(f"`{one}`" for one in read_as(family) if one != written),
        ]
        for family, written in PREDICATE_TYPES.items()
    ]
    return table(["kind", "predicate type", "cosign's `--type`", "read as well"], rows)


def store_limits() -> str:
    """Return what is known of the limits of evidence stores."""
    rows = [
        [limit.store, limit.name, f"{limit.size:,}", limit.counts, _source(limit), limit.note]
        for limit in STORE_LIMITS
    ]
    return table(["store", "what", "bytes", "of the", "read", "note"], rows)


def _source(limit: StoreLimit) -> str:
    kind = "stated" if limit.verified else "a default"
    return f"[{kind}, {limit.read}]({limit.source})"


def commands() -> str:
    """Return every command with its arguments and options."""
    parts = [_command(f"shipseal {name}", load(name), COMMANDS[name].help) for name in installed()]
    return "\n".join(parts)


def _command(name: str, command: Any, text: str = "") -> str:
    below = getattr(command, "commands", {})
    lines = [f"### {name}\n{_sentences(text or command.help or '')}\n"]
    rows = list(_parameters(command, name))
    if rows:
        lines.append(table(["argument or option", "meaning"], rows))
    return "\n".join(lines + [_command(f"{name} {each}", child) for each, child in below.items()])


def _parameters(command: Any, name: str) -> Iterator[list[str]]:
    context = typer.Context(command, info_name=name)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            yield [f"`{_spelled(record[0])}`", _sentences(record[1])]


def _spelled(written: str) -> str:
    """Return an option with what it takes in capitals; an argument's name says that already."""
    head, _, kind = written.partition(" <")
    if not kind or not head.startswith("-"):
        return head
    named = {"path": "PATH", "int": "NUMBER", "float": "NUMBER"}
    word = re.sub(r"list\[(.*)\]", r"\1", kind.rstrip(">")).split()[0].lower()
    return f"{head} {named.get(word, 'TEXT')}"


def _sentences(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\b", "")).strip()


def faults(place: str) -> str:
    """Return the table of the faults at one place (``tests/faults/<place>_rows.py``)."""
    from tests.faults.rows import grouped, rows_of  # noqa: PLC0415 - it is found only now, see above

    rows = [
        [
            row.fault,
            row.step,
            row.outcome,
            f"[`{row.code}`](errors.md#{row.code})" if row.code else "",
            str(int(row.exit)),
            row.note,
        ]
        for row in grouped(rows_of(place))
    ]
    return table(["fault", "step", "outcome", "code", "exit", "note"], rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "exit-statuses": lambda: table(["exit", "means"], facts.exit_rows()),
    "exit-order": facts.exit_order,
    "thresholds": lambda: table(["what", "default", "decides"], facts.threshold_rows()),
    "names": lambda: table(["name", "of"], facts.names()),
    "outage-rule": lambda: table(
        ["a release ends as", "with"],
        facts.outage_rows((ROOT / "docs" / "errors.md").read_text(encoding="utf-8")),
    ),
    "release-checklist": facts.checklist,
    "github-workflow": ci_parts.workflow,
    "watch-alarms": lambda: table(["alarm", "means"], ci_parts.alarm_rows()),
    "watch-standings": lambda: table(["standing", "means"], ci_parts.standing_rows()),
    "exit-codes": exit_codes,
    "checks": checks,
    "families": families,
    "configuration": configuration.markdown,
    "commands": commands,
    "store-limits": store_limits,
    "faults-requests": partial(faults, "wire/MATRIX"),
    "faults-base": partial(faults, "wire/BASE"),
    "faults-verify": partial(faults, "wire/VERIFY"),
    "faults-places": partial(faults, "wire/PLACES"),
    "faults-home": partial(faults, "home"),
    "faults-crash": partial(faults, "crash"),
}


def render(text: str) -> str:
    """Return ``text`` with every generated part made again.

    Raises:
        KeyError: a part is not known.
    """
    return _PART.sub(lambda found: found[1] + PARTS[found[2]]() + found[3], text)


def stale(write: bool) -> list[Path]:
    """Return the pages whose generated parts are out of date, having written them if told so."""
    found = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        old = path.read_text(encoding="utf-8")
        new = render(old)
        if new != old:
            found.append(path)
            if write:
                path.write_text(new, encoding="utf-8")
    texts = failure_texts()
    if not FAILURE_TEXTS.exists() or FAILURE_TEXTS.read_text(encoding="utf-8") != texts:
        found.append(FAILURE_TEXTS)
        if write:
            FAILURE_TEXTS.write_text(texts, encoding="utf-8")
    return found


def failure_texts() -> str:
    """Return what ``docs/errors.md`` says of each code, as the program shows it."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    sections = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    texts = {}
    for section in sections:
        code, _, body = section.partition("\n")
        body = re.split(r"^## ", body, flags=re.MULTILINE)[0]
        parts = [_prose(part) for part in re.split(r"^- ", body, flags=re.MULTILINE)]
        named = {name: _after(parts, f"*{name}:* ") for name in ("Cause", "Do")}
        means = re.sub(r"^.*?\*\*.*?\*\* ", "", parts[0])
        texts[code] = {"means": means, "cause": named["Cause"], "do": named["Do"]}
    return json.dumps(texts, indent=1, ensure_ascii=False) + "\n"


def _prose(text: str) -> str:
    """Return Markdown as one line for a terminal: links by their words."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", _sentences(text))


def _after(parts: Sequence[str], start: str) -> str:
    return next((part.removeprefix(start) for part in parts if part.startswith(start)), "")


def main() -> int:
    """Write or check; stale pages are status 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing, only say what is stale"
    )
    check = parser.parse_args().check
    found = stale(write=not check)
    for path in found:
        print(f"{'stale' if check else 'wrote'} {path.relative_to(ROOT)}")
    return 2 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())

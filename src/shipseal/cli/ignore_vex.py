"""``shipseal ignore vex``: the ignores in force as a VEX document, signed and stored beside the image if asked."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipseal import __version__
from shipseal._internal.clock import Clock
from shipseal._internal.durable import write_atomic
from shipseal._internal.progress import Reporter
from shipseal.cli.ignore_source import Looked, SourceWish, look_at
from shipseal.cli.output import print_json, printable, say, tell
from shipseal.errors import ConfigError
from shipseal.exceptions.local_file import LocalFile
from shipseal.ignores.justification import missing_parts
from shipseal.ignores.read import read_ignores
from shipseal.ignores.vex.cyclonedx import cyclonedx_vex
from shipseal.ignores.vex.document import ImageNames
from shipseal.ignores.vex.openvex import openvex_document
from shipseal.ignores.vex.statements import Left, statements_of
from shipseal.oci import parse_digest
from shipseal.wiring.ignores import ignores_path

SCHEMA = "urn:shipseal:schema:ignore-vex:1"
FORMATS = ("openvex", "cyclonedx")


@dataclass(frozen=True, slots=True)
class VexWish:
    """What is asked for.

    Attributes:
        source: whose findings.
        file: of ignores; None for the configuration's.
        format: one of :data:`FORMATS`.
        output: where the document goes; None for standard output.
        author: who says it; empty for the image's name.
        attest: whether it is signed and stored.
    """

    source: SourceWish
    file: Path | None = None
    format: str = "openvex"
    output: Path | None = None
    author: str = ""
    attest: bool = False


def vex(wish: VexWish, env: Mapping[str, str], clock: Clock, reporter: Reporter) -> dict[str, Any]:
    """Make the document and return what was done (schema ``ignore-vex.schema.json``).

    Args:
        wish: what is asked for.
        env: the environment.
        clock: time.
        reporter: hears of progress.

    Raises:
        ConfigError: there is no such format, or nothing that a signature could be about.
        ShipsealError: it could not be signed, stored or written.
    """
    _check(wish)
    kept = LocalFile.read(ignores_path(wish.file, wish.source.config, env))
    rules = read_ignores(kept.text, name=str(kept.path)).rules
    looked = look_at(wish.source, env, clock, reporter)
    findings = [finding for report in looked.reports for finding in report.findings]
    # What the gate would not count is not said to others either.
    justified = [rule for rule in rules if not missing_parts(rule)]
    statements, left = statements_of(justified, findings, looked.image, now=clock.now())
    left = (
        *left,
        *(
            Left(rule, f"lacks {', '.join(missing_parts(rule))}")
            for rule in rules
            if missing_parts(rule)
        ),
    )
    author = wish.author or _author(looked)
    now = clock.now()
    document = (
        openvex_document(statements, author=author, now=now, tooling=f"shipseal {__version__}")
        if wish.format == "openvex"
        else cyclonedx_vex(statements, author=author, now=now, version=__version__)
    )
    stored = _attested(wish, document, looked, clock, reporter) if wish.attest else []
    if wish.output is not None:
        write_atomic(wish.output, json.dumps(document, indent=2).encode() + b"\n")
    return {
        "schema": SCHEMA,
        "source": looked.source,
        "format": wish.format,
        "file": str(wish.output) if wish.output else None,
        "statements": [
            {
                "vulnerability": one.ids[0],
                "status": str(one.status),
                "justification": one.justification,
            }
            for one in statements
        ],
        "left": [
            {"rule": one.rule.label, "line": one.rule.line, "why": one.why}
            for one in sorted(left, key=lambda one: one.rule.index)
        ],
        "attested": stored,
        "document": document,
    }


def _check(wish: VexWish) -> None:
    if wish.format not in FORMATS:
        raise ConfigError(
            f"--format {wish.format!r}: no such format", hint=f"known are {', '.join(FORMATS)}"
        )
    if wish.attest and wish.format != "openvex":
        raise ConfigError(
            "--attest: CycloneDX's predicate type is that of an SBOM, and a VEX document is none",
            hint="attest it as OpenVEX, and write CycloneDX with -o",
        )


def _author(looked: Looked) -> str:
    plan = looked.release.state.plan if looked.release else None
    names = looked.image.repositories
    return (plan.image if plan else "") or (names[0] if names else "unknown")


def _attested(
    wish: VexWish, document: dict[str, Any], looked: Looked, clock: Clock, reporter: Reporter
) -> list[dict[str, str]]:
    from shipseal.cli.passwords import ask_password  # noqa: PLC0415 - only where something is signed
    from shipseal.config.load import FILE_NAME, load  # noqa: PLC0415
    from shipseal.wiring.surroundings import Surroundings  # noqa: PLC0415
    from shipseal.wiring.vex import attest_as_release  # noqa: PLC0415

    image: ImageNames = looked.image
    if looked.release is None or not image.digests:
        raise ConfigError(
            "--attest: only a release of this machine says which image at which targets it is about",
            hint="name a release or a version",
        )
    loaded = load(wish.source.config or Path(FILE_NAME), env=os.environ, overrides={})
    around = Surroundings(os.environ, clock, reporter, ask_password)
    placed = attest_as_release(document, loaded, parse_digest(image.digests[0]), around)
    return [{"target": target, "where": where} for target, where in placed]


def print_vex(document: Mapping[str, Any]) -> None:
    """Print the document, or what was written; what makes no statement goes to standard error.

    Args:
        document: see ``ignore-vex.schema.json``.
    """
    if document["file"] is None:
        print_json(document["document"])
    else:
        say(printable(f"{document['file']}: {len(document['statements'])} statement(s)"))
    for one in document["attested"]:
        tell(printable(f"note: signed and stored at {one['target']}: {one['where']}"))
    for one in document["left"]:
        tell(printable(f"note: line {one['line']}: {one['rule']}: no statement: {one['why']}"))

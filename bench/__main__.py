"""Measure: ``python -m bench [PART ...]``; without a part, all of them.

The exit status is 0 when everything could be measured, whatever came out; with ``--strict`` it is 2 when a goal is
missed. Figures of one run can be compared with each other, and with no other run.
"""

import argparse
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench.options import Options
from bench.report import PAGE, PAGES, Report, write_into
from bench.site import Unmeasurable

PARTS = (
    "startup",
    "push",
    "signing",
    "verify_bundle",
    "verify_many",
    "scan",
    "database",
    "trim",
    "profile",
    "again",
    "release",
    "diagnose",
)


def measure(part: str, options: Options) -> Report | None:
    """Measure one part, print it, and return it; None when it cannot be measured here, which is said."""
    started = time.monotonic()
    try:
        report: Report = importlib.import_module(f"bench.{part}").measure(options)
    except Unmeasurable as reason:
        print(f"== {part}: not measured: {reason}\n", flush=True)
        return None
    print(report.to_text())
    print(f"  measured in {time.monotonic() - started:.0f} s\n", flush=True)
    return report


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument(
        "--rounds", type=int, help="how often each is measured; default: as each part says"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=9.0,
        help="begin nothing that could last longer; default: 9",
    )
    parser.add_argument("--small", action="store_true", help="small images: does it work at all?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument(
        "--samples", type=Path, metavar="FILE", help="write what the profile has seen here"
    )
    parser.add_argument("--strict", action="store_true", help="status 2 when a goal is missed")
    parser.add_argument(
        "--write-docs", action="store_true", help=f"put the figures into {PAGE.name}"
    )
    arguments = parser.parse_args(words)
    unknown = sorted(set(arguments.parts) - set(PARTS))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if arguments.write_docs and arguments.small:
        parser.error("the figures of small images are for no page")
    return arguments


def main(words: Sequence[str]) -> int:
    """Measure what the command line names."""
    arguments = parse(words)
    # As wherever shipseal was installed and has run once: what Python compiled is kept.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    options = Options(arguments.small, arguments.rounds, arguments.minutes, arguments.samples)
    found = [measure(part, options) for part in arguments.parts or PARTS]
    reports = [report for report in found if report is not None]
    if arguments.json:
        document = {"reports": [report.to_json() for report in reports]}
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    if arguments.write_docs:
        for report in reports:
            for page in PAGES:
                write_into(page, report)
    failed = len(reports) < len(found) or any(report.missed for report in reports)
    return 2 if arguments.strict and failed else 0


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Let what runs be ended and what lies about be removed, as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main(sys.argv[1:]))

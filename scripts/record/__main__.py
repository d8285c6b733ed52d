"""Record failures again; see the package."""

import argparse
import sys

from scripts.record.areas import every_case
from scripts.record.running import made
from scripts.record.writing import log_of, scrubbed, write


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.record", description=__doc__)
    parser.add_argument("names", nargs="*", help="cases to record; all by default")
    parser.add_argument("--list", action="store_true", help="name the cases and record nothing")
    parser.add_argument("--show", action="store_true", help="print what was made and keep nothing")
    options = parser.parse_args()
    cases = every_case()
    strangers = sorted(set(options.names) - set(cases))
    if strangers:
        parser.error(f"no such case: {', '.join(strangers)}")
    if options.list:
        for case in cases.values():
            print(f"{case.split:9} {case.code:30} {case.tool:10} {case.name}")
        return 0
    failures = [name for name in options.names or cases if not _one(name, show=options.show)]
    if failures:
        print(f"not recorded: {' '.join(failures)}", file=sys.stderr)
    return 1 if failures else 0


def _one(name: str, *, show: bool) -> bool:
    case = every_case()[name]
    try:
        with made(case) as scene:
            if show:
                print(f"===== {case.split} {case.code} {name}")
                print(scrubbed(log_of(case, scene.steps), scene))
            else:
                print(write(case, scene))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other cases are recorded
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

"""What happens when something that a test needs is not on this machine."""

import os
from typing import NoReturn

import pytest

REQUIRE_ALL = "SHIPSEAL_REQUIRE_ALL"

# How a skip begins that no installation can prevent, such as a test of permissions that runs as root.
UNAVOIDABLE = "cannot run here: "


def required() -> bool:
    """Return whether this run must not leave anything out (as in CI)."""
    return os.environ.get(REQUIRE_ALL) == "1"


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be left out."""
    if required():
        pytest.fail(f"{REQUIRE_ALL}=1: {reason}", pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a skipped ``report`` a failed one, where nothing may be left out and the skip could be prevented."""
    if not required() or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    if UNAVOIDABLE not in reason:
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE_ALL}=1: {reason}"

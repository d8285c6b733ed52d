"""A project whose tools are stand-ins that a test lets fail, on a clock of the test: two runs make the same bytes."""

import contextlib
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.clock import SystemClock
from shipseal.oci import media_types as mt
from shipseal.oci.layout import OciLayout
from shipseal.release.journal import read_journal
from tests.faults.rows import Row
from tests.support import spdx
from tests.support.release_project import PASSWORD, Project

MOMENT = datetime(2026, 1, 10, 18, tzinfo=UTC)
"""Six hours after the data of the stand-in for Grype."""
_PACKAGE = "Package-python-sample-0123456789abcdef"
_SPDX = spdx.document(
    [
        spdx.package("DocumentRoot-Image-image"),
        {
            **spdx.package(_PACKAGE, name="sample"),
            "versionInfo": "1.0",
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": "pkg:pypi/sample@1.0",
                }
            ],
        },
    ],
    [
        spdx.relation("DOCUMENT", "DESCRIBES", "DocumentRoot-Image-image"),
        spdx.relation("DocumentRoot-Image-image", "CONTAINS", _PACKAGE),
    ],
)
_NATIVE = {
    "artifacts": [
        {
            "id": "0123456789abcdef",
            "name": "sample",
            "version": "1.0",
            "type": "python",
            "purl": "pkg:pypi/sample@1.0",
            "locations": [{"path": "/sample", "layerID": "sha256:1"}],
        }
    ],
    "artifactRelationships": [],
    "source": {"id": "source", "name": "image", "type": "image", "metadata": {}},
}
_DATABASE = {
    "schemaVersion": "v6.1.9",
    "from": "a stand-in",
    "built": "2026-01-10T12:00:00Z",
    "path": "/nowhere/6/vulnerability.db",
    "valid": True,
}
_REPORT = {
    "matches": [],
    "source": {"type": "sbom-file"},
    "descriptor": {"name": "grype", "version": "9.9.9", "db": {"status": _DATABASE}},
}
_SYFT = """#!/bin/sh
here={here}
if [ "$1" = version ]; then . $here/syft-version; exit 0; fi
for word in "$@"; do case "$word" in
  spdx-json=*) SPDX="${{word#spdx-json=}}";;
  syft-json=*) NATIVE="${{word#syft-json=}}";;
esac; done
echo run >> $here/syft-runs
. $here/syft-fault
cp $here/spdx.json "$SPDX" && cp $here/native.json "$NATIVE"
"""
_GRYPE = """#!/bin/sh
here={here}
shift 2
case "$1" in
  version) . $here/grype-version; exit 0;;
  db) . $here/grype-db; cat $here/database.json; exit 0;;
esac
echo run >> $here/grype-runs
. $here/grype-fault
cat $here/report.json
"""
Public = dict[str, list[str]]
_VERSION = """echo '{"version": "9.9.9"}'\n"""


@dataclass(frozen=True)
class Told:
    """How a command ended.

    Attributes:
        exit: its status.
        out: what it printed.
        err: what it said beside that.
    """

    exit: int
    out: str
    err: str

    @property
    def value(self) -> dict[str, Any]:
        """The JSON that it printed: a result, or the error."""
        found: dict[str, Any] = json.loads(self.out)
        error: dict[str, Any] = found.get("error", found)
        return error

    @property
    def text(self) -> str:
        """Message and hint."""
        return f"{self.value['message']} {self.value['hint']}"


class HomeProject(Project):
    """A project with stand-ins for Syft and Grype beside it.

    Args:
        folder: for everything.
        engine: which scanner.
    """

    def __init__(self, folder: Path, *, engine: str = "builtin", **extra: Any) -> None:
        self.tools = folder / "tools"
        self.tools.mkdir(parents=True, exist_ok=True)
        for name, text in (("syft", _SYFT), ("grype", _GRYPE)):
            (self.tools / name).write_text(text.format(here=self.tools))
            (self.tools / name).chmod(0o755)
            (self.tools / f"{name}-version").write_text(_VERSION)
        (self.tools / "spdx.json").write_bytes(_SPDX)
        for name, value in (("native", _NATIVE), ("database", _DATABASE), ("report", _REPORT)):
            (self.tools / f"{name}.json").write_text(json.dumps(value))
        self.mend()
        scan = {"engine": engine, "database": "./advisories", "max_age": "none"}
        if engine == "grype":
            scan = {"engine": engine, "grype": str(self.tools / "grype"), "max_age": "5d"}
        tools = {"sbom": {"syft": str(self.tools / "syft")}, "scan": scan}
        super().__init__(folder, extra={**tools, **extra})
        self.build()

    def fault(self, name: str, script: str) -> None:
        """Let a stand-in run ``script`` first; ``name`` is ``syft-fault``, ``grype-version`` and so on."""
        (self.tools / name).write_text(f"{script}\n")

    def mend(self) -> None:
        """Let the stand-ins work, and forget how often they ran."""
        for name in ("syft-fault", "grype-fault", "grype-db"):
            (self.tools / name).write_text("")
        for name in ("syft", "grype"):
            (self.tools / f"{name}-version").write_text(_VERSION)
            (self.tools / f"{name}-runs").unlink(missing_ok=True)

    def runs(self, name: str) -> int:
        """Return how often a stand-in was asked to work."""
        path = self.tools / f"{name}-runs"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def told(self, *words: str) -> Told:
        """Run a command line in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = self.run(*words)
        return Told(status, out.getvalue(), err.getvalue())

    def ship(self) -> Told:
        """Release version 1.0.0 and return what was told, as JSON."""
        return self.told("release", "--version", "1.0.0", "--json")

    def resume(self) -> Told:
        """Go on with it."""
        return self.told("release", "resume", "--json")

    def public(self) -> Public:
        """Return everything that the targets' indexes name: tags, evidence, their digests; in no order.

        The unsigned account of a release is left out: it says what each run did to each tag.
        """
        return {
            name: sorted(
                json.dumps(entry.to_json(), sort_keys=True)
                for entry in OciLayout(self.folder / name).entries()
                if entry.artifact_type != mt.RELEASE_RECORD
            )
            for name in ("a", "b")
            if OciLayout(self.folder / name).exists()
        }

    def forget(self) -> None:
        """Remove what runs left, at home and at the targets."""
        for name in ("a", "b", ".shipseal"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.mend()

    def undisturbed(self) -> Public:
        """Release once without a fault, and return what is public then; nothing of it stays."""
        self.forget()
        told = self.ship()
        assert told.exit == 0, told
        public = self.public()
        self.forget()
        return public

    def last_line(self) -> dict[str, Any]:
        """Return how the journal says that the release ended."""
        (path,) = (self.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
        event = read_journal(path)[-1]
        assert event.kind == "release.closed"
        return dict(event.data)


def stop_the_clock(patch: pytest.MonkeyPatch) -> list[float]:
    """Let the machine's clock stand still, whoever asks; returns the list that every sleep is added to."""
    slept: list[float] = []
    patch.setattr(SystemClock, "now", lambda _self: MOMENT)
    patch.setattr(SystemClock, "monotonic", lambda _self: 0.0)
    patch.setattr(SystemClock, "sleep", lambda _self, seconds: slept.append(seconds))
    return slept


def settle(patch: pytest.MonkeyPatch, cache: Path) -> list[float]:
    """Give a release in this process its password, an own cache, and a clock that stands."""
    patch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    patch.setenv("SHIPSEAL_CACHE", str(cache))
    return stop_the_clock(patch)


def check_row(row: Row, told: Told, named: Sequence[str]) -> None:
    """Make sure that a command ended as the row says, and that its message and hint name what they must."""
    value = told.value
    found = (value.get("status", row.outcome), value["code"], told.exit)
    assert found == (row.outcome, row.code and str(row.code), row.exit), told
    if row.code is not None:
        assert value["hint"], value
    for name in named:
        assert name in told.text, told.text
    assert "Traceback" not in told.out + told.err

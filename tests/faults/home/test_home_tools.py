"""Syft and Grype that are missing, hang, are killed, or say anything but what they should: whole releases."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from shipseal._internal import process
from shipseal._internal.limits import Limit
from shipseal.errors import Exit
from shipseal.sbom import syft_tool
from tests.faults.home_rows import GRYPE, SYFT
from tests.support.home_project import HomeProject, check_row, settle

SECRET = "hunter2-of-a-registry"
_COMPLAINT = f"echo 'https://bot:{SECRET}@registry.example/v2/: Bearer {SECRET}' >&2; exit 1"
_DEEP = "{ head -c 200000 /dev/zero | tr '\\000' '['; head -c 200000 /dev/zero | tr '\\000' ']'; }"
_HUGE = "head -c 5000 /dev/zero | tr '\\000' 9"
# The shell waits for what it started; its number is kept, so that a test can see it gone.
_HANG = "sleep 60 & echo $! >> $here/started; wait"
_SMALL = Limit("tool output", 1 << 20, "it is a test")
# What `make test` runs; the rest is for `make faults`.
_QUICK = {
    "syft": {"missing", "hangs", "killed-once", "secret"},
    "grype": {"panic", "gate-status", "cut"},
}


@dataclass(frozen=True)
class Case:
    """How a fault is made, and what shows it.

    Attributes:
        script: what the stand-in does first, as shell.
        named: texts that message and hint hold.
        runs: how often each platform was tried; None where that is no matter.
        file: which part of the stand-in it is.
        same: whether a release with the fault, or after it, is byte for byte what it would be without it.
        prepare: anything else.
    """

    script: str = ""
    named: tuple[str, ...] = ()
    runs: int | None = None
    file: str = ""
    same: bool = True
    prepare: Callable[[HomeProject, pytest.MonkeyPatch], None] | None = None


def written(spdx: str) -> str:
    """Return a script that writes this as SPDX, and the right document as Syft JSON."""
    return f'{spdx} > "$SPDX"; cp $here/native.json "$NATIVE"; exit 0'


def remove(name: str) -> Callable[[HomeProject, pytest.MonkeyPatch], None]:
    def away(project: HomeProject, _: pytest.MonkeyPatch) -> None:
        (project.tools / name).rename(project.tools / f"{name}.away")

    return away


def spoil(project: HomeProject, _: pytest.MonkeyPatch) -> None:
    (project.tools / "syft").rename(project.tools / "syft.away")
    (project.tools / "syft").write_bytes(b"\x00\x01")
    (project.tools / "syft").chmod(0o755)


def small_documents(_: HomeProject, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(syft_tool, "TOOL_OUTPUT", _SMALL)


def small_reports(_: HomeProject, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(process.run_tool.__kwdefaults__ or {}, "stdout_limit", _SMALL)


def impatient(_: HomeProject, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(syft_tool, "_VERSION_SECONDS", 0.5)


_STATED = "ended with status 0, but wrote something else than an SBOM"
SYFT_CASES = {
    "missing": Case("", ("tools/syft", "no such program", "install Syft"), prepare=remove("syft")),
    "no-program": Case("", ("tools/syft", "Exec format error"), prepare=spoil),
    "hangs": Case(_HANG, ("did not end within 0.5 s", "timeouts.catalogue"), runs=3),
    "version-hangs": Case(
        "sleep 60", ("did not end within 0.5 s",), file="syft-version", prepare=impatient
    ),
    "killed": Case("kill -KILL $$", ("killed (SIGKILL) by another process",), runs=3),
    "killed-once": Case("if mkdir $here/once; then kill -KILL $$; fi 2> /dev/null"),
    "out-of-memory": Case(
        "echo 'fatal error: runtime: out of memory' >&2; exit 2", ("more memory",), runs=3
    ),
    "disk-full": Case(
        "echo 'write /x: no space left on device' >&2; exit 1", ("no space left", "TMPDIR"), runs=1
    ),
    "panic": Case(
        "echo 'panic: runtime error: index out of range' >&2; exit 2",
        ("panic: runtime error", "status 2"),
        runs=1,
    ),
    "secret": Case(_COMPLAINT, ("[redacted]@registry.example", "Bearer [redacted]"), runs=1),
    "nothing": Case("exit 0", ("status 0, but it wrote no spdx.json",), runs=1),
    "empty": Case(written(":"), ("its spdx.json is empty",), runs=1),
    "text": Case(written("echo all is well"), (_STATED,), runs=1),
    "cut": Case(written("head -c 300 $here/spdx.json"), (_STATED,), runs=1),
    "other": Case(written("cat $here/native.json"), (_STATED,), runs=1),
    "deep": Case(written(_DEEP), (_STATED,), runs=1),
    "huge": Case(written(f"{{ printf '{{\"spdxVersion\":'; {_HUGE}; printf '}}'; }}"), (_STATED,)),
    "binary": Case(written('printf \'{"name":"\\377"}\''), (_STATED,), runs=1),
    "endless": Case(
        'while :; do head -c 1000000 /dev/zero; done > "$SPDX"',
        ("wrote into spdx.json more than", "right program"),
        runs=1,
        prepare=small_documents,
    ),
    "flood": Case(
        "while :; do head -c 100000 /dev/zero | tr '\\000' a; done >&2",
        ("did not end within 0.5 s",),
        runs=3,
    ),
    "version": Case('echo \'{"version":"nine\\\\n nine"}\'', file="syft-version", same=False),
}

GRYPE_CASES = {
    "missing": Case("", ("tools/grype", "no such program", "scan.grype"), prepare=remove("grype")),
    "hangs": Case(_HANG, ("did not end within 0.5 s", "timeouts"), runs=1),
    "killed": Case("kill -KILL $$", ("killed (SIGKILL) by another process",), runs=1),
    "out-of-memory": Case(
        "echo 'fatal error: runtime: out of memory' >&2; exit 2", ("more memory",), runs=1
    ),
    "panic": Case(
        "echo 'panic: runtime error: invalid memory address' >&2; exit 2",
        ("crashed: panic: runtime error",),
        runs=1,
    ),
    "gate-status": Case("cat $here/report.json; exit 2"),
    "secret": Case(_COMPLAINT, ("[redacted]@registry.example", "Bearer [redacted]"), runs=1),
    "nothing": Case("exit 0", ("printed no report",), runs=1),
    "text": Case("echo No vulnerabilities found; exit 0", ("printed no report",), runs=1),
    "cut": Case("head -c 200 $here/report.json; exit 0", ("printed no report",), runs=1),
    "other": Case("cat $here/native.json; exit 0", ("printed no report",), runs=1),
    "deep": Case(f"{_DEEP}; exit 0", ("printed no report",), runs=1),
    "huge": Case(
        f"printf '{{\"matches\":'; {_HUGE}; printf '}}'; exit 0", ("printed no report",), runs=1
    ),
    "binary": Case('printf \'{"matches":"\\377"}\'; exit 0', ("printed no report",), runs=1),
    "endless": Case(
        "while :; do cat /dev/zero; done",
        ("printed more than", "right program"),
        runs=1,
        prepare=small_reports,
    ),
    "invalid-database": Case(
        'sed \'s/"valid": true/"valid": false/\' $here/report.json; exit 0',
        ("no usable vulnerability database", "grype db update"),
        runs=1,
    ),
    "version": Case('echo \'{"version": "[not provided]"}\'', file="grype-version"),
    "no-version": Case("echo Segmentation fault", ("version",), file="grype-version"),
}


def test_every_row_has_its_case() -> None:
    assert SYFT_CASES.keys() == SYFT.keys()
    assert GRYPE_CASES.keys() == GRYPE.keys()


def cases(tool: str, keys: Iterable[str]) -> list[ParameterSet]:
    """Return a parameter for each key; those that are not quick are for `make faults`."""
    return [
        pytest.param(key, id=key, marks=() if key in _QUICK[tool] else pytest.mark.faults)
        for key in keys
    ]


@pytest.mark.parametrize("key", cases("syft", SYFT_CASES))
def test_syft(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "project", timeouts={"catalogue": "500ms"})
    run_case(project, "syft", key, monkeypatch)
    assert bool(slept) == (SYFT_CASES[key].runs == 3 or key == "killed-once")


@pytest.mark.parametrize("key", cases("grype", GRYPE_CASES))
def test_grype(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "project", engine="grype", timeouts={"scan": "500ms"})
    run_case(project, "grype", key, monkeypatch)


def run_case(project: HomeProject, tool: str, key: str, patch: pytest.MonkeyPatch) -> None:
    """Release with the fault, see what the row promises, mend it, and resume."""
    row, case = (SYFT, GRYPE)[tool == "grype"][key], (SYFT_CASES, GRYPE_CASES)[tool == "grype"][key]
    undisturbed = project.undisturbed()
    patch.setenv("SHIPSEAL_CACHE", str(project.folder / "cold"))
    project.fault(case.file or f"{tool}-fault", case.script)
    with patch.context() as inner:
        if case.prepare:
            case.prepare(project, inner)
        told = project.ship()
    check_row(row, told, case.named)
    assert SECRET not in told.out + told.err
    if row.exit == Exit.OK:
        assert (project.public() == undisturbed) or not case.same
        return
    if case.runs is not None:
        # Of two platforms side by side, one may be called off when the other has failed.
        assert case.runs <= project.runs(tool) <= 2 * case.runs
    assert project.last_line()["code"] == row.code
    assert project.tags("a") == project.tags("b") == {}
    assert_nothing_is_left(project)
    for away in project.tools.glob("*.away"):
        away.rename(away.with_suffix(""))
    project.mend()
    again = project.resume() if row.outcome != "refused" else project.ship()
    assert again.exit == Exit.OK, again
    assert project.public() == undisturbed


def assert_nothing_is_left(project: HomeProject) -> None:
    """No process that a stand-in started still runs, no secret lies in a file, no temporary folder is left."""
    started = project.tools / "started"
    for pid in started.read_text().split() if started.exists() else ():
        assert ended(int(pid)), f"process {pid} outlived its tool"
    for path in (project.folder / ".shipseal").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def ended(pid: int) -> bool:
    """Return whether a process has ended, within a second or two."""
    for _ in range(100):
        try:
            if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]:
                return True
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_a_grype_that_cannot_be_asked_is_replaced_where_that_is_allowed_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path / "cache")
    project = HomeProject(tmp_path / "project", engine="auto")
    monkeypatch.setenv("PATH", f"{project.tools}:{os.environ['PATH']}")
    for script in ("echo garbage; exit 0", f"{_DEEP}; exit 0", "kill -KILL $$", "exit 2"):
        project.forget()
        project.fault("grype-db", script)
        told = project.ship()
        assert told.exit == Exit.OK, told
        assert "scan engine builtin" in told.err
        assert "grype was not taken" in told.err

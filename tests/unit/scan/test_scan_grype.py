"""Real Grype: with our own configuration whatever lies around, and every way it can end."""

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shipseal.errors import Code, Exit, ScanError, ShipsealError, ToolError
from shipseal.scan.grype import GrypeOptions, GrypeScanner
from shipseal.scan.interface import DatabasePolicy, FixState, ScanReport, Severity
from tests.support.clocks import StoppedClock
from tests.support.grype_database import BUILT
from tests.support.scanning import request, spdx_document, spdx_package
from tests.support.tools import need

PARAMIKO = spdx_package("pkg:pypi/paramiko@2.4.0", key="0123456789abcdef")
LIBSSL = spdx_package(
    "pkg:deb/debian/libssl3@3.0.0-1?arch=amd64&distro=debian-12.5&upstream=openssl"
)
HEADERS = spdx_package("pkg:deb/debian/linux-libc-dev@6.1-1?distro=debian-12.5&upstream=linux")
DOCUMENT = spdx_document([PARAMIKO, LIBSSL, HEADERS])
NATIVE = json.dumps({
    "artifacts": [
        {
            "id": "0123456789abcdef", "name": "paramiko", "version": "2.4.0", "type": "python", "purl": "",
            "locations": [{"path": "/site/METADATA", "layerID": "sha256:aa", "accessPath": "/link/METADATA"}],
        }
    ]
}).encode()  # fmt: skip


def scanner(
    cache: Path | None, *, binary: Path | str | None = None, age: float | None = 86400.0
) -> GrypeScanner:
    """Return Grype on a clock that stands six hours after the sample database was built."""
    options = GrypeOptions(str(binary or need("grype")), cache, DatabasePolicy(age))
    return GrypeScanner(options, StoppedClock(BUILT + timedelta(hours=6)))


def program(folder: Path, script: str) -> Path:
    """Return a program that ends as Grype can end when nobody can make it."""
    path = folder / "grype"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def failure(run: Callable[[], ScanReport]) -> ShipsealError:
    with pytest.raises(ShipsealError) as caught:
        run()
    return caught.value


@pytest.mark.tools
def test_findings_come_with_all_that_is_known_of_them(own_cache: Path, tmp_path: Path) -> None:
    report = scanner(own_cache).scan(request(tmp_path, DOCUMENT, NATIVE))
    first, second = report.findings
    assert first.id == "GHSA-232r-66cg-79px"
    assert first.aliases == ("CVE-2018-7750",)
    assert first.severity is Severity.CRITICAL
    assert first.severity_source == "GHSA-232r-66cg-79px: github:language:python"
    assert (first.fix_state, first.fix_versions) == (FixState.FIXED, ("2.4.1",))
    assert first.package.locations == ("/site/METADATA", "/link/METADATA")
    assert first.package.layer == "sha256:aa"
    assert (first.package.type, first.package.language) == ("python", "python")
    assert second.id == "CVE-2026-1000"
    assert second.match_type == "exact-indirect-match"
    assert second.package.upstreams == ("openssl",)
    assert (second.severity, second.fix_state) == (Severity.UNKNOWN, FixState.NOT_FIXED)
    assert json.loads(report.raw)["descriptor"]["name"] == "grype"


@pytest.mark.tools
def test_the_report_says_what_it_was_made_with(own_cache: Path, tmp_path: Path) -> None:
    report = scanner(own_cache).scan(request(tmp_path, DOCUMENT))
    assert report.scanner == "grype"
    assert report.database.built == BUILT
    assert report.database.digest.startswith("xxh64:")
    assert report.database.version.startswith("v6.")
    assert report.gaps == ()


@pytest.mark.tools
def test_kernel_headers_are_left_out_by_grype_and_that_is_told(
    own_cache: Path, tmp_path: Path
) -> None:
    report = scanner(own_cache).scan(request(tmp_path, DOCUMENT))
    assert "CVE-2026-1001" not in {finding.id for finding in report.findings}
    assert any("1 match(es) by its own rules for kernel headers" in note for note in report.notes)


@pytest.mark.tools
def test_no_rule_or_setting_that_lies_around_changes_the_result(
    own_cache: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = "ignore:\n  - package: {type: python}\nonly-fixed: true\nfail-on-severity: low\n"
    for folder in (tmp_path, home, home / ".config" / "grype", home / ".grype"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".grype.yaml").write_text(rule)
        (folder / "config.yaml").write_text(rule)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    for name, value in {
        "GRYPE_ONLY_FIXED": "true",
        "GRYPE_FAIL_ON_SEVERITY": "low",
        "GRYPE_DB_CACHE_DIR": str(tmp_path / "elsewhere"),
        "GRYPE_CONFIG": str(tmp_path / ".grype.yaml"),
        "SYFT_EXCLUDE": "/**",
    }.items():
        monkeypatch.setenv(name, value)
    report = scanner(own_cache).scan(request(tmp_path, DOCUMENT))
    assert len(report.findings) == 2


@pytest.mark.tools
def test_old_data_is_refused_by_our_clock_and_not_by_grypes(
    own_cache: Path, tmp_path: Path
) -> None:
    error = failure(lambda: scanner(own_cache, age=3600).scan(request(tmp_path, DOCUMENT)))
    assert error.code is Code.DB_STALE
    assert error.exit is Exit.UNDECIDED
    assert "6 hours ago; at most 1 hour is allowed" in error.message
    readiness = scanner(own_cache, age=3600).readiness()
    assert (readiness.usable, readiness.stale) == (False, True)


@pytest.mark.tools
def test_any_age_is_allowed_where_the_policy_says_so(own_cache: Path, tmp_path: Path) -> None:
    options = GrypeOptions(str(need("grype")), own_cache, DatabasePolicy(None))
    late = GrypeScanner(options, StoppedClock(BUILT + timedelta(days=900)))
    assert late.scan(request(tmp_path, DOCUMENT)).findings
    assert late.readiness().usable


@pytest.mark.tools
def test_a_missing_database_is_undecided(tmp_path: Path) -> None:
    empty = scanner(tmp_path / "empty")
    error = failure(lambda: empty.scan(request(tmp_path, DOCUMENT)))
    assert (type(error), error.code, error.exit) == (ScanError, Code.DB_UNAVAILABLE, Exit.UNDECIDED)
    assert "database does not exist" in error.message
    assert "grype db update" in error.hint
    assert "database does not exist" in empty.readiness().why


@pytest.mark.tools
def test_a_broken_database_is_undecided(own_cache: Path, tmp_path: Path) -> None:
    broken = tmp_path / "cache" / "6"
    broken.mkdir(parents=True)
    for file in (own_cache / "6").iterdir():
        data = file.read_bytes()
        (broken / file.name).write_bytes(data[:20_000] if file.suffix == ".db" else data)
    error = failure(lambda: scanner(tmp_path / "cache").scan(request(tmp_path, DOCUMENT)))
    assert error.code is Code.DB_UNAVAILABLE
    assert not scanner(tmp_path / "cache").readiness().usable


@pytest.mark.tools
@pytest.mark.parametrize("document", [b"{}", DOCUMENT[:300], b""])
def test_a_document_that_grype_cannot_read_is_told_in_its_words(
    own_cache: Path, tmp_path: Path, document: bytes
) -> None:
    error = failure(lambda: scanner(own_cache).scan(request(tmp_path, document)))
    assert (type(error), error.code) == (ToolError, Code.TOOL_CRASHED)
    assert "status 1: failed to catalog" in error.message
    assert error.context["status"] == "1"


@pytest.mark.tools
def test_readiness_names_version_and_data(own_cache: Path) -> None:
    ready = scanner(own_cache).readiness()
    assert ready.usable
    assert ready.why.startswith("grype ")
    assert ready.why.endswith("with a database built 2026-01-10T12:00:00Z")


def test_a_grype_that_is_not_there_is_missing(tmp_path: Path) -> None:
    absent = scanner(None, binary="grype-that-nobody-has")
    error = failure(lambda: absent.scan(request(tmp_path, DOCUMENT)))
    assert error.code is Code.TOOL_MISSING
    assert "scan.grype" in error.hint
    assert "no such program" in absent.readiness().why


PANIC = """cat >&2 <<'END'
[0000]  INFO grype version: 0.121.2
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x2]

goroutine 1 [running]:
main.main()
END
exit 2"""


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (PANIC, Code.TOOL_CRASHED, "crashed: panic: runtime error: invalid memory address"),
        (
            "echo 'fatal error: runtime: out of memory' >&2; exit 2",
            Code.OUT_OF_MEMORY,
            "ran out of memory",
        ),
        ("kill -9 $$", Code.TOOL_CRASHED, "SIGKILL"),
        ("echo 'write: no space left on device' >&2; exit 1", Code.DISK_FULL, "no space left"),
        ("exit 100", Code.DB_STALE, "newer vulnerability database"),
        ("exit 2", Code.TOOL_CRASHED, "status 2"),
        ("exit 3", Code.TOOL_CRASHED, "status 3"),
        ("echo '{\"matches\": []'", Code.TOOL_CRASHED, "printed no report"),
        ("echo '{\"matches\": []}'", Code.TOOL_CRASHED, "printed no report"),
        ("true", Code.TOOL_CRASHED, "printed no report"),
        ("head -c 1000 /dev/urandom", Code.TOOL_CRASHED, "printed no report"),
    ],
)
def test_other_ends_are_told_apart(tmp_path: Path, script: str, code: Code, words: str) -> None:
    error = failure(
        lambda: scanner(None, binary=program(tmp_path, script)).scan(request(tmp_path, DOCUMENT))
    )
    assert error.code is code
    assert words in error.message


def test_a_scan_has_its_time(tmp_path: Path) -> None:
    slow = replace(request(tmp_path, DOCUMENT), timeout=0.2)
    error = failure(lambda: scanner(None, binary=program(tmp_path, "sleep 30")).scan(slow))
    assert error.code is Code.TOOL_CRASHED
    assert error.retryable
    assert "within 0.2 s" in error.message


EMPTY = {
    "matches": [],
    "source": {"type": "directory"},
    "descriptor": {
        "name": "grype",
        "version": "0.99.0",
        "db": {
            "status": {"schemaVersion": "v6.0.0", "built": "2026-01-10T12:00:00Z", "valid": True}
        },
    },
}


def answer(folder: Path, document: object, status: int = 0) -> Path:
    """Return a program that prints ``document`` and ends with ``status``."""
    (folder / "answer.json").write_text(json.dumps(document))
    return program(folder, f"cat {folder / 'answer.json'}; exit {status}")


def test_a_report_counts_even_where_grypes_own_threshold_was_reached(tmp_path: Path) -> None:
    done = scanner(None, binary=answer(tmp_path, EMPTY, 2)).scan(request(tmp_path, DOCUMENT))
    assert (done.findings, done.scanner_version) == ((), "0.99.0")


def test_a_report_beside_an_error_does_not_count(tmp_path: Path) -> None:
    error = failure(
        lambda: scanner(None, binary=answer(tmp_path, EMPTY, 1)).scan(request(tmp_path, DOCUMENT))
    )
    assert error.code is Code.TOOL_CRASHED


@pytest.mark.parametrize(
    ("db", "code"),
    [
        (
            {"status": {"built": "2026-01-10T12:00:00Z", "valid": False, "error": "bad checksum"}},
            Code.DB_UNAVAILABLE,
        ),
        ({"status": {"schemaVersion": "v6", "valid": True}}, Code.DB_STALE),
        ({}, Code.DB_STALE),
        # Schema 5 has these facts one level up.
        ({"schemaVersion": 5, "built": "2020-01-01T00:00:00Z"}, Code.DB_STALE),
    ],
)
def test_a_report_over_data_that_nobody_can_judge_does_not_count(
    tmp_path: Path, db: object, code: Code
) -> None:
    document = EMPTY | {"descriptor": {"name": "grype", "version": "0.7", "db": db}}
    error = failure(
        lambda: scanner(None, binary=answer(tmp_path, document)).scan(request(tmp_path, DOCUMENT))
    )
    assert error.code is code


def test_the_version_is_asked_once(tmp_path: Path) -> None:
    count = tmp_path / "count"
    script = f'echo x >> {count}; echo \'{{"version": "[not provided]"}}\''
    grype = scanner(None, binary=program(tmp_path, script))
    assert [grype.version(), grype.version()] == ["unknown", "unknown"]
    assert count.read_text().splitlines() == ["x"]


def test_secrets_of_the_job_do_not_reach_grype(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "a" * 36)
    seen = tmp_path / "env"
    script = f"env > {seen}; exit 1"
    failure(
        lambda: scanner(None, binary=program(tmp_path, script)).scan(request(tmp_path, DOCUMENT))
    )
    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert "GITHUB_TOKEN" not in names
    assert not {name for name in names if name.startswith(("GRYPE_", "SYFT_"))}
    assert "PATH" in names
    assert os.environ["GITHUB_TOKEN"]


@pytest.mark.parametrize("native", [b"", b"{", b'{"artifacts": 7}'])
def test_a_native_catalogue_that_is_none_is_told(tmp_path: Path, native: bytes) -> None:
    binary = answer(tmp_path, EMPTY)
    error = failure(lambda: scanner(None, binary=binary).scan(request(tmp_path, DOCUMENT, native)))
    assert error.code is Code.TOOL_CRASHED
    assert "Syft JSON" in error.message

"""``shipseal scan`` and what strangers or a wrong path bring: names in a refusal, pipes, devices, links as outputs."""

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.cli.test_cli_scan import FRESH, OLD, records
from tests.support.scanning import spdx_document, spdx_package

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    store(FRESH)
    name("paramiko")

    def call(*words: str) -> tuple[int, str, str]:
        status = main(["scan", "sbom:app.json", "--db", "db.json", *words])
        shown = capfd.readouterr()
        return status, shown.out, shown.err

    return call


def store(modified: str) -> None:
    Path("db.json").write_text(json.dumps(records(modified)))


def name(text: str) -> None:
    package = spdx_package("pkg:pypi/paramiko@2.4.0", name=text)
    Path("app.json").write_bytes(spdx_document([package]))


def test_a_name_in_a_refusal_cannot_move_the_cursor_or_command_a_job(run: Run) -> None:
    name("par\x1b[2Jamiko\x1b]0;x\x07\n::error::x\r\n  ::add-mask::y\u202e")
    status, _, err = run("--fail-on", "critical")
    assert status == Exit.REFUSED
    assert "scan.gate-failed" in err
    assert not set("\x1b\x07\r\u202e") & set(err)
    assert not any(line.lstrip().startswith("::") for line in err.splitlines())


def test_a_pipe_is_written_into_and_stays_one(run: Run, tmp_path: Path) -> None:
    os.mkfifo("pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.daemon = True
    reader.start()
    status, _, err = run("-o", "json=pipe")
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)
    reader.join(10)
    assert status == Exit.OK, err
    assert json.loads(read[0])["counts"]["critical"] == 1


def test_standard_output_may_be_named_as_a_file(run: Run) -> None:
    Path("out").symlink_to("/proc/self/fd/1")
    Path("none").symlink_to("/dev/null")
    status, out, err = run("-o", "json=out", "-o", "sarif=none")
    assert status == Exit.OK, err
    assert Path("out").is_symlink()
    assert Path("none").is_symlink()
    assert "PYSEC-2018-1" in out or Path("/proc/self/fd/1").resolve().is_file()


def test_through_a_link_what_it_names_is_written(run: Run) -> None:
    Path("real.json").write_text("old")
    Path("link.json").symlink_to("real.json")
    assert run("-o", "json=link.json")[0] == Exit.OK
    assert Path("link.json").is_symlink()
    assert json.loads(Path("real.json").read_text())["matches"]


def test_what_is_below_the_gate_is_said_not_to_be_listed(run: Run) -> None:
    records_, low = records(), "pkg:npm/left-pad@1.0.0"
    Path("db.json").write_text(json.dumps(records_))
    Path("app.json").write_bytes(spdx_document([spdx_package(low)]))
    status, out, _ = run("--fail-on", "critical")
    assert status == Exit.OK
    assert "GHSA-left" not in out
    assert "1 below the gate not listed: --show-passed" in " ".join(out.split())
    assert "--show-passed" not in run("--fail-on", "critical", "--show-passed")[1]
    assert "--show-passed" not in run()[1]


def test_what_grype_is_told_of_age_is_not_the_built_in_matchers(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRYPE_DB_VALIDATE_AGE", "false")
    store(OLD)
    status, _, err = run("--fail-on", "critical")
    assert status == Exit.UNDECIDED
    assert "error scan.db-stale" in err
    assert run("--fail-on", "critical", "--max-age", "any")[0] == Exit.REFUSED


def test_a_key_of_a_whole_configuration_is_none_of_a_policy(run: Run) -> None:
    Path("policy.yaml").write_text("image: app\ngate: {fail_on: high}\n")
    status, _, err = run("--policy", "policy.yaml")
    assert status == Exit.USAGE
    assert "policy.yaml:1: image: is a key of a whole configuration, and none of this file" in err
    assert "with --config" in err

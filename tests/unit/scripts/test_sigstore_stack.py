"""The script that runs a private Sigstore instance for a person."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from scripts import sigstore_stack
from shipseal._internal.clock import SystemClock
from shipseal.attest.oidc import read_token
from tests.support.sigstack import stack_programs

SCRIPT = Path(sigstore_stack.__file__)


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, SCRIPT, *words], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.mark.tools
def test_it_starts_hands_out_tokens_and_stops(tmp_path: Path) -> None:
    stack_programs()
    folder = f"--folder={tmp_path / 'stack'}"
    started = run("start", folder, "--kind", "github")
    try:
        assert started.returncode == 0, started.stderr
        assert run("start", folder).returncode == 1
        root = tmp_path / "stack" / "trusted_root.json"
        assert f"trusted root                {root}\n" in started.stdout
        assert '"GitHub, Inc."' in root.read_text()
        now = SystemClock().now()
        job = read_token(run("token", folder, "--repository", "a/b").stdout, now=now, what="test")
        assert job.repository == "a/b"
        mail = run("token", folder, "--mail", "me@example.org").stdout
        assert read_token(mail, now=now, what="test").subject == "me@example.org"
    finally:
        assert run("stop", folder).returncode == 0
    address = next(line for line in started.stdout.splitlines() if line.startswith("tokens"))
    with pytest.raises(httpx.ConnectError):
        httpx.get(address.split()[-1], trust_env=False)
    assert run("token", folder).returncode == 1


def test_what_a_killed_one_left_behind_does_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "state.json").write_text(f'{{"pid": {ended.pid}, "facts": {{}}}}')
    assert sigstore_stack.main(["stop", f"--folder={tmp_path}"]) == 0
    assert capsys.readouterr().out == "it does not run\n"
    assert os.getpid() != ended.pid

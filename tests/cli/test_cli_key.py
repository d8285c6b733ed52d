"""`shipseal key`: pairs that stay secret, and public halves."""

import json
import os
import pty
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shipseal.attest.key_files import load_private_key, load_public_key, write_key_pair
from shipseal.cli import passwords
from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.evidence import PASSWORD, key


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)


@pytest.mark.usefixtures("password")
def test_a_pair_is_made_under_cosigns_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "generate"]) == Exit.OK
    private, public = tmp_path / "cosign.key", tmp_path / "cosign.pub"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    made = load_private_key(private.read_bytes(), what="x", password=lambda: PASSWORD)
    assert load_public_key(public.read_bytes(), what="x") == made.public
    shown = capsys.readouterr()
    assert made.public.key_id in shown.out
    assert PASSWORD not in shown.out + shown.err


@pytest.mark.usefixtures("password")
def test_the_names_may_be_chosen_and_programs_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "generate", "--out", "keys/release", "--json"]) == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["key"] == str(Path("keys/release.key"))
    assert (
        answer["id"] == load_public_key((tmp_path / answer["public"]).read_bytes(), what="").key_id
    )


@pytest.mark.usefixtures("password")
def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["key", "generate"])
    before = (tmp_path / "cosign.key").read_bytes()
    assert main(["key", "generate"]) == Exit.USAGE
    assert "never overwritten" in capsys.readouterr().err
    assert (tmp_path / "cosign.key").read_bytes() == before


def test_without_a_password_and_a_terminal_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "generate"]) == Exit.USAGE
    assert "SHIPSEAL_KEY_PASSWORD" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_empty_password_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COSIGN_PASSWORD", "")
    assert main(["key", "generate"]) == Exit.USAGE
    assert "protects nothing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_public_half_comes_from_either_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_key_pair(key(), tmp_path / "a", PASSWORD)
    assert main(["key", "public", "a.pub"]) == Exit.OK
    assert capsys.readouterr().out.encode() == key().public.pem()
    monkeypatch.setenv("COSIGN_PASSWORD", PASSWORD)
    assert main(["key", "public", "a.key", "--json"]) == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"public": key().public.pem().decode(), "id": key().public.key_id}


def test_a_wrong_password_and_none_end_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_key_pair(key(), tmp_path / "a", PASSWORD)
    assert main(["key", "public", "a.key"]) == Exit.USAGE
    assert "there is no password" in capsys.readouterr().err
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", "not-the-one")
    assert main(["key", "public", "a.key"]) == Exit.USAGE
    shown = capsys.readouterr().err
    assert "password is wrong" in shown
    assert "not-the-one" not in shown


def test_what_is_no_key_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_text("hello")
    assert main(["key", "public", "x"]) == Exit.USAGE
    assert main(["key", "public", "nothing"]) == Exit.USAGE
    shown = capsys.readouterr().err
    assert "x: holds no public key" in shown
    assert "nothing: cannot be read" in shown


def typed(folder: Path, *words: str, answers: list[str]) -> tuple[int, str]:
    """Run shipseal on a terminal of its own and type ``answers`` when it asks."""
    main_end, child_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "shipseal.cli.main", *words],
        cwd=folder, env=dict(os.environ), stdin=child_end, stdout=child_end, stderr=child_end,
    )  # fmt: skip
    os.close(child_end)
    shown, answered, waiting, deadline = "", 0, list(answers), time.monotonic() + 20
    while time.monotonic() < deadline:
        if select.select([main_end], [], [], 0.1)[0]:
            try:
                shown += os.read(main_end, 4096).decode()
            except OSError:  # the child closed its end
                break
        if waiting and shown[answered:].endswith(": "):
            answered = len(shown)
            os.write(main_end, f"{waiting.pop(0)}\n".encode())
    os.close(main_end)
    return process.wait(10), shown


def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(tmp_path: Path) -> None:
    status, shown = typed(tmp_path, "key", "generate", answers=[PASSWORD, PASSWORD])
    assert status == Exit.OK, shown
    assert shown.count("password") >= 2
    assert PASSWORD not in shown
    raw = (tmp_path / "cosign.key").read_bytes()
    made = load_private_key(raw, what="x", password=lambda: PASSWORD)
    assert made.public.key_id in shown


def test_two_different_passwords_make_no_key(tmp_path: Path) -> None:
    status, shown = typed(tmp_path, "key", "generate", answers=[PASSWORD, "another-one"])
    assert status == Exit.USAGE
    assert "the two passwords differ" in shown
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_the_password_of_a_key_is_asked(tmp_path: Path) -> None:
    write_key_pair(key(), tmp_path / "a", PASSWORD)
    status, shown = typed(tmp_path, "key", "public", "a.key", answers=[PASSWORD])
    assert status == Exit.OK, shown
    assert key().public.pem().decode() in shown.replace("\r\n", "\n")


def test_who_gives_up_at_the_prompt_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(prompt: str, stream: object) -> str:
        raise EOFError

    monkeypatch.setattr(passwords, "_somebody_is_there", lambda: True)
    monkeypatch.setattr("getpass.getpass", gone)
    assert main(["key", "generate"]) == Exit.INTERRUPTED

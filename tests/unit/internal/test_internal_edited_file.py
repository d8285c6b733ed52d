"""A file that changes while it is edited is not overwritten, and keeps what it is."""

from pathlib import Path

import pytest

from shipseal._internal.edited_file import read_before, write_after
from shipseal._internal.limits import CONFIG_FILE
from shipseal.errors import Code, ConfigError, ShipsealError


def test_what_was_read_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old\r\n")
    file.chmod(0o600)
    before = read_before(file, CONFIG_FILE)
    assert before.text == "old\r\n"
    write_after(before, "new\r\n", CONFIG_FILE)
    assert file.read_bytes() == b"new\r\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "b"
    file.write_text("old")
    link.symlink_to(file)
    write_after(read_before(link, CONFIG_FILE), "new", CONFIG_FILE)
    assert link.is_symlink()
    assert file.read_text() == "new"


@pytest.mark.parametrize("other", [b"theirs", None])
def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path, other: bytes | None) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    before = read_before(file, CONFIG_FILE)
    file.unlink()
    if other is not None:
        file.write_bytes(other)
    with pytest.raises(ConfigError, match="changed while it was edited; nothing was written"):
        write_after(before, "new", CONFIG_FILE)
    assert (file.read_bytes() if file.exists() else None) == other


def test_a_new_file_is_made_unless_somebody_made_it_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "a"
    before = read_before(file, CONFIG_FILE)
    assert (before.text, before.mode) == ("", None)
    write_after(before, "new", CONFIG_FILE)
    assert file.read_text() == "new"
    file.write_text("")
    with pytest.raises(ConfigError, match="changed"):
        write_after(before, "other", CONFIG_FILE)


def test_what_is_no_text_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(ConfigError, match=r"a:2: not UTF-8") as caught:
        _ = read_before(file, CONFIG_FILE).text
    assert caught.value.code is Code.CONFIG_INVALID


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShipsealError, match="cannot be read"):
        read_before(tmp_path, CONFIG_FILE)

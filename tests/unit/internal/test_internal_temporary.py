"""A folder for temporary files is settled, and its faults told, before anything long begins."""

from pathlib import Path

import pytest

from shipseal._internal import temporary
from shipseal._internal.temporary import check_temporary
from shipseal.errors import Code, ShipsealError


def test_what_is_named_is_taken_and_left_as_it_was(tmp_path: Path) -> None:
    assert check_temporary({"TMPDIR": str(tmp_path)}) == tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("env", [{}, {"TMPDIR": ""}])
def test_the_usual_place_is_taken_where_none_is_named(env: dict[str, str]) -> None:
    assert check_temporary(env) == Path(temporary._USUAL)


@pytest.mark.parametrize("name", ["not-there", "file", "n" * 300])
def test_no_other_place_is_taken_in_silence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / name
    with pytest.raises(ShipsealError, match=f"TMPDIR: {place}: cannot be written") as caught:
        check_temporary({"TMPDIR": str(place)})
    assert caught.value.code is Code.CONFIG_INVALID
    assert "TMPDIR" in caught.value.hint

"""The names of the room are imported one by one, and are the same as in their own modules."""

import importlib
import subprocess
import sys

import pytest

import shipseal.oci as room


@pytest.mark.parametrize("name", room.__all__)
def test_each_name_is_that_of_its_module(name: str) -> None:
    home = importlib.import_module(f"shipseal.oci.{room._HOMES[name]}")
    assert getattr(room, name) is getattr(home, name)


def test_there_are_no_others() -> None:
    assert sorted(room._HOMES) == room.__all__
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = room.Nothing


def test_a_digest_does_not_bring_images_with_it() -> None:
    program = (
        "import sys; from shipseal.oci import digest_of; print('shipseal.oci.image' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"

"""The page about doctor names every check and every threshold as the program has them."""

from shipseal._internal.limits import MIB
from shipseal.doctor.examining import LONGEST
from shipseal.doctor.machine import LEAST_MEMORY, MOST_SKEW
from shipseal.status.blame import PASSES
from shipseal.wiring.doctor import CHECKS
from tests.support.pages import page


def test_every_check_has_its_row_in_order() -> None:
    named = [cells[0].strip("`") for cells in page("doctor.md").rows() if cells[0].startswith("`")]
    assert named == list(CHECKS)


def test_thresholds_are_those_of_the_program() -> None:
    text = page("doctor.md").text
    assert f"more than {MOST_SKEW:g} s off" in text
    assert f"less than {LEAST_MEMORY // MIB} MiB" in text
    assert f"has {LONGEST:g} s for all of it" in text


def test_what_is_waited_for_is_named() -> None:
    text = page("outage.md").text.partition("## Let it wait")[2].partition("\n## ")[0]
    assert {code for code in PASSES if f"`{code}`" in text} == PASSES

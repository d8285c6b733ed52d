"""SOURCE_DATE_EPOCH is a whole number of seconds, or it stops the command."""

import pytest

from shipseal.errors import Code, ConfigError
from shipseal.wiring.epoch import stated_epoch


@pytest.mark.parametrize(
    ("env", "seconds"),
    [({}, None), ({"SOURCE_DATE_EPOCH": ""}, None), ({"SOURCE_DATE_EPOCH": "0"}, 0)],
)
def test_what_is_not_set_is_not_zero(env: dict[str, str], seconds: int | None) -> None:
    assert stated_epoch(env) == seconds


@pytest.mark.parametrize("text", ["yesterday", "-1", "1.5", " 1", "1_0", "٣"])
def test_anything_but_digits_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigError, match="expected seconds since 1970, up to the year 9999, got"
    ) as caught:
        stated_epoch({"SOURCE_DATE_EPOCH": text})
    assert caught.value.code is Code.CONFIG_INVALID
    assert "git log" in caught.value.hint


@pytest.mark.parametrize("text", ["253402300800", "99999999999999", "9" * 5000])
def test_a_time_after_the_year_9999_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="up to the year 9999") as caught:
        stated_epoch({"SOURCE_DATE_EPOCH": text})
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(("text", "seconds"), [("253402300799", 253402300799), ("0" * 5000, 0)])
def test_the_last_second_and_a_long_zero_are_times(text: str, seconds: int) -> None:
    assert stated_epoch({"SOURCE_DATE_EPOCH": text}) == seconds

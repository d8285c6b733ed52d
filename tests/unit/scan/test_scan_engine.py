"""Which engine scans, decided before and said in a sentence."""

from pathlib import Path

import pytest

from shipseal.errors import Code, Exit, ScanError
from shipseal.scan.engine import Engine, builtin_readiness, choose_engine
from shipseal.scan.readiness import Readiness

READY = Readiness(True, "grype 0.121.2 with a database built 2026-01-10T12:00:00Z")
ABSENT = Readiness(False, "grype: no such program on PATH")
STALE = Readiness(False, "built 30 days ago", stale=True)
DATA = Readiness(True, "the advisory database at osv")
NO_DATA = Readiness(False, "no advisory database is named")


def never() -> Readiness:
    pytest.fail("asked for nothing")


def test_auto_takes_grype_where_it_is_ready_and_asks_no_further() -> None:
    choice = choose_engine(Engine.AUTO, lambda: READY, never)
    assert choice.engine is Engine.GRYPE
    assert choice.reason == f"scan engine grype: found {READY.why}"


@pytest.mark.parametrize("grype", [ABSENT, STALE])
def test_auto_takes_the_builtin_matcher_else_and_says_why_not_grype(grype: Readiness) -> None:
    choice = choose_engine(Engine.AUTO, lambda: grype, lambda: DATA)
    assert choice.engine is Engine.BUILTIN
    assert DATA.why in choice.reason
    assert grype.why in choice.reason


@pytest.mark.parametrize(("grype", "code"), [(ABSENT, Code.DB_UNAVAILABLE), (STALE, Code.DB_STALE)])
def test_with_neither_nothing_is_scanned(grype: Readiness, code: Code) -> None:
    with pytest.raises(ScanError) as caught:
        choose_engine(Engine.AUTO, lambda: grype, lambda: NO_DATA)
    assert caught.value.code is code
    assert caught.value.exit is Exit.UNDECIDED
    assert grype.why in caught.value.message
    assert NO_DATA.why in caught.value.message
    for way in ("shipseal db update", "grype db update", "SHIPSEAL_DB"):
        assert way in caught.value.hint, way


@pytest.mark.parametrize("wanted", [Engine.GRYPE, Engine.BUILTIN])
def test_an_engine_that_was_asked_for_is_never_replaced(wanted: Engine) -> None:
    choice = choose_engine(wanted, never, never)
    assert choice.engine is wanted
    assert "the configuration asks for it" in choice.reason


def test_the_builtin_matcher_needs_its_database(tmp_path: Path) -> None:
    assert builtin_readiness(tmp_path).usable
    assert not builtin_readiness(tmp_path / "absent").usable
    assert "absent" in builtin_readiness(tmp_path / "absent").why
    assert not builtin_readiness(None).usable

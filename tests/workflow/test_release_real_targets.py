"""Promotion that fails on the second target, with every kind of real registry as the first (invariant 7)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal.errors import Exit
from shipseal.release.result import Status
from shipseal.testing.http_server import Exchange
from shipseal.testing.images import build_layout
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.release_bench import Bench
from tests.support.simulated import close_all, target_at
from tests.support.targets import KINDS, Kind

pytestmark = pytest.mark.tools


@pytest.fixture
def second() -> Iterator[RegistrySimulator]:
    with RegistrySimulator() as registry:
        yield registry
        close_all()


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def case(
    request: pytest.FixtureRequest, tmp_path: Path, second: RegistrySimulator
) -> Iterator[tuple[Kind, Bench]]:
    kind: Kind = request.param
    with kind.serve(tmp_path / "place") as opener:
        bench = Bench(tmp_path / "bench")
        first = opener("org/app")
        bench.targets = (first, target_at(second.host))
        yield kind, bench
        first.close()


def deny_latest(exchange: Exchange) -> bool:
    if exchange.method == "PUT" and exchange.path.endswith("/manifests/latest"):
        body = (
            b'{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'
        )
        exchange.reply(403, body, {"Content-Type": "application/json"})
        return True
    return False


def test_old_tags_come_back_new_ones_go_where_they_can_and_resume_finishes(
    case: tuple[Kind, Bench], second: RegistrySimulator
) -> None:
    kind, bench = case
    bench.version = "0.9.0"
    old = bench.sample.digest
    first = bench.run()
    assert first.status == Status.DONE, first.message
    bench.version = "1.0.0"
    bench.sample = build_layout(bench.folder / "new", config={"Env": ["NEW=1"]})
    second.before = deny_latest
    result = bench.run()
    tags = bench.tags_at(0)
    assert tags["latest"] == bench.tags_at(1)["latest"] == old
    assert tags["0.9.0"] == old
    assert "denied" in result.message, result.message
    if kind.deletes_tags:
        assert result.status == Status.FAILED, result.message
        assert result.exit == Exit.AUTH
        assert "1.0.0" not in tags
    else:
        assert result.status == Status.PARTLY_PROMOTED, result.message
        assert result.exit == Exit.OUTSIDE
        assert f"{bench.targets[0].name}:1.0.0" in result.message
        assert "resume" in result.hint
    second.before = lambda _: False
    again = bench.run()
    assert again.status == Status.DONE, again.message
    for number in (0, 1):
        found = bench.tags_at(number)
        assert found["1.0.0"] == found["latest"] == bench.sample.digest
    assert len(bench.signer.signed) == 16  # eight for each of the two releases, none twice

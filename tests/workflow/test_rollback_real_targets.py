"""Rollbacks at real registries, with and without the referrers API, beside a simulated one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shipseal.errors import Exit
from shipseal.release.result import Status
from shipseal.release.rollback.result import NOTHING
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.release_bench import Bench
from tests.support.rollback_bench import WISH, RollbackBench
from tests.support.simulated import close_all, target_at
from tests.support.targets import KINDS, Kind

pytestmark = pytest.mark.tools

_KINDS = [kind for kind in KINDS if kind.name in {"distribution-3", "debian-2.8", "referrers-api"}]


@pytest.fixture
def second() -> Iterator[RegistrySimulator]:
    with RegistrySimulator() as registry:
        yield registry
        close_all()


@pytest.fixture(params=_KINDS, ids=lambda kind: kind.name)
def rolling(
    request: pytest.FixtureRequest, tmp_path: Path, second: RegistrySimulator
) -> Iterator[RollbackBench]:
    kind: Kind = request.param
    with kind.serve(tmp_path / "place") as opener:
        made = RollbackBench(Bench(tmp_path / "bench"))
        first = opener("org/app")
        made.bench.targets = (first, target_at(second.host))
        made.release("1.4.1", "1.4.2")
        yield made
        first.close()


def deny_latest(exchange: Exchange) -> bool:
    if exchange.method == "PUT" and exchange.path.endswith("/manifests/latest"):
        exchange.reply(403, b'{"errors":[{"code":"DENIED","message":"no"}]}')
        return True
    return False


def test_tags_go_back_on_a_fresh_machine_and_the_bad_releases_job_leaves_them(
    rolling: RollbackBench, second: RegistrySimulator
) -> None:
    second.before = deny_latest
    refused = rolling.roll_back()
    assert (refused.status, refused.exit) == ("failed", Exit.AUTH)
    assert [rolling.names("1.4"), rolling.names("latest")] == [["1.4.2"] * 2, ["1.4.2"] * 2]
    second.before = lambda _: False
    with rolling.elsewhere():
        assert rolling.roll_back(replace(WISH, dry_run=True)).status == "planned"
        done = rolling.roll_back()
        assert (done.status, done.exit) == ("done", Exit.OK)
        assert rolling.roll_back().status == NOTHING
    assert [rolling.names("1.4"), rolling.names("latest")] == [["1.4.1"] * 2, ["1.4.1"] * 2]
    assert [rolling.names("1.4.1"), rolling.names("1.4.2")] == [["1.4.1"] * 2, ["1.4.2"] * 2]
    rolling.again("1.4.2")
    assert rolling.bench.run().status == Status.DONE
    assert rolling.names("latest") == ["1.4.1", "1.4.1"]
    rolling.release("1.4.3")
    assert rolling.names("latest") == ["1.4.3", "1.4.3"]

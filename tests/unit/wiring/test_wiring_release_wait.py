"""How long `release --wait` takes at most, with a service of this machine that never answers."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.config.load import load
from shipseal.errors import Code, ShipsealError
from shipseal.wiring.release import Wish, release_setup
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.targets import Connections
from tests.support.clocks import StoppedClock


@pytest.fixture
def silent() -> Iterator[str]:
    """Yield an address at which nobody listens, and nobody will as long as the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def config_at(folder: Path) -> Path:
    path = folder / "shipseal.yaml"
    document = {
        "image": "app",
        "version": "1.0.0",
        "build": {"builder": "prebuilt", "layout": "./image"},
        "targets": ["oci:./a"],
        "verify": {"identities": [{"issuer": "https://a.example", "repository": "o/r"}]},
    }
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("wait", ["5s", "10m"])
def test_a_release_takes_the_patience_of_its_first_try_and_its_budget_and_no_more(
    tmp_path: Path, silent: str, wait: str
) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}")
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(event),
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://{silent}/token",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-of-the-job",
    }
    clock = StoppedClock()
    around = Surroundings(env, clock, SilentReporter(), lambda: None)
    wish = Wish("1.0.0", config_at(tmp_path), dry_run=False, wait=wait)
    with pytest.raises(ShipsealError) as caught:
        release_setup(wish, around)
    assert caught.value.code is Code.NETWORK_UNREACHABLE
    budget = {"5s": 5.0, "10m": 600.0}[wait]
    assert budget + 60 < clock.elapsed <= budget + 120, "the first try has its two minutes"


def test_targets_are_tried_again_as_long_as_something_is_left(tmp_path: Path, silent: str) -> None:
    config, clock = load(config_at(tmp_path), env={}, overrides={}).config, StoppedClock()
    for left, seconds in ((0.0, 0.0), (30.0, 30.0), (1000.0, 120.0)):
        began = clock.elapsed

        def rest(until: float = began + left) -> float:
            return max(0.0, until - clock.elapsed)

        target = Connections(config, tmp_path, clock, left=rest).open(f"{silent}/org/app")
        with pytest.raises(ShipsealError):
            target.list_tags()
        assert seconds / 4 <= clock.elapsed - began <= seconds

"""The metrics against the grammar of Prometheus' text format, whatever names hold."""

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.watch.metrics import metrics
from shipseal.watch.values import Alarm, JudgedWorkflow, Kind

NOW = datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
_SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?P<labels>(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (?P<value>\S+)'
)
_LABEL = re.compile(r'(\w+)="((?:[^"\\\n]|\\[\\"n])*)"')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def parsed(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return the samples of each family; every line must follow the grammar, each family come once, in one piece."""
    families: dict[str, list[tuple[dict[str, str], float]]] = {}
    current = ""
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in families
            families[current] = []
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {current} gauge"
        else:
            found = _SAMPLE.fullmatch(line)
            assert found is not None, line
            assert found["name"] == current
            labels = {
                key: re.sub(r"\\.", lambda one: _ESCAPES[one[0]], value)
                for key, value in _LABEL.findall(found["labels"])
            }
            families[current].append((labels, float(found["value"])))
    assert all(families.values())
    for samples in families.values():
        stated = [tuple(sorted(labels.items())) for labels, _ in samples]
        assert len(set(stated)) == len(stated)
    return families


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_comes_back_as_it_was(repository: str, file: str) -> None:
    alarm = Alarm(Kind.STUCK, "m", "h")
    judged = JudgedWorkflow(file, "", (), (alarm, alarm), NOW, None)
    found = parsed(metrics(repository, [judged], NOW))
    where = {"repository": repository, "workflow": file}
    alarms = {labels["kind"]: value for labels, value in found["shipseal_watch_alarms"]}
    assert alarms == {**dict.fromkeys(Kind, 0.0), Kind.STUCK: 2.0}
    assert found["shipseal_watch_last_run_timestamp_seconds"] == [(where, NOW.timestamp())]
    assert "shipseal_watch_last_success_timestamp_seconds" not in found


def test_who_could_not_look_says_that_and_when_and_nothing_else() -> None:
    found = parsed(metrics("org/app", None, NOW))
    assert found == {
        "shipseal_watch_up": [({"repository": "org/app"}, 0.0)],
        "shipseal_watch_look_timestamp_seconds": [({"repository": "org/app"}, NOW.timestamp())],
    }

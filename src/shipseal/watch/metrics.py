"""What was seen, for Prometheus' textfile collector: times are values, because it refuses samples with timestamps.

Source: Prometheus' documentation, "Exposition formats" (text-based format); node_exporter, "Textfile Collector".
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from shipseal.watch.values import JudgedWorkflow, Kind, Standing

_HELP = {
    "shipseal_watch_up": "Whether GitHub could be looked at (1) or not (0).",
    "shipseal_watch_look_timestamp_seconds": "When it was looked last.",
    "shipseal_watch_alarms": "Alarms by what they are about.",
    "shipseal_watch_runs": "Runs that were looked at, by how they stand.",
    "shipseal_watch_last_run_timestamp_seconds": "When the newest run that counts was asked for.",
    "shipseal_watch_last_success_timestamp_seconds": "When the newest good run that was looked at was asked for.",
}
Sample = tuple[Mapping[str, str], float]


def metrics(repository: str, found: Sequence[JudgedWorkflow] | None, now: datetime) -> str:
    """Return the file's text.

    Args:
        repository: ``OWNER/NAME``.
        found: how the workflows stand; None when nobody could look.
        now: the time.
    """
    where = {"repository": repository}
    families: dict[str, list[Sample]] = {name: [] for name in _HELP}
    families["shipseal_watch_up"].append((where, float(found is not None)))
    families["shipseal_watch_look_timestamp_seconds"].append((where, now.timestamp()))
    for one in found or ():
        labels = {**where, "workflow": one.file}
        for kind in Kind:
            count = sum(alarm.kind is kind for alarm in one.alarms)
            families["shipseal_watch_alarms"].append(({**labels, "kind": kind}, count))
        for standing in Standing:
            count = sum(run.standing is standing for run in one.runs)
            families["shipseal_watch_runs"].append(({**labels, "standing": standing}, count))
        for name, moment in (("run", one.last_run), ("success", one.last_success)):
            if moment is not None:
                family = families[f"shipseal_watch_last_{name}_timestamp_seconds"]
                family.append((labels, moment.timestamp()))
    return "".join(_family(name, samples) for name, samples in families.items() if samples)


def _family(name: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        stated = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{stated}}} {_number(value)}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)

"""What was seen, in the shape that ``--json`` prints (schema ``watch-actions.schema.json``)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.watch.values import Alarm, JudgedRun, JudgedWorkflow


def document(repository: str, found: Sequence[JudgedWorkflow], now: datetime) -> dict[str, Any]:
    """Return the document.

    Args:
        repository: ``OWNER/NAME``.
        found: how its workflows stand.
        now: the time.
    """
    return {
        "repository": repository,
        "looked": rfc3339(now),
        "ok": not any(one.alarms for one in found),
        "workflows": [_workflow(one) for one in found],
    }


def _workflow(one: JudgedWorkflow) -> dict[str, Any]:
    return {
        "file": one.file,
        "url": one.url,
        "last_run": _moment(one.last_run),
        "last_success": _moment(one.last_success),
        "alarms": [_alarm(alarm) for alarm in one.alarms],
        "runs": [_run(run) for run in one.runs],
        "notes": list(one.notes),
    }


def _run(one: JudgedRun) -> dict[str, Any]:
    run = one.run
    return {
        "id": run.id,
        "attempt": run.attempt,
        "event": run.event,
        "branch": run.branch,
        "commit": run.commit,
        "created": rfc3339(run.created),
        "status": run.status,
        "conclusion": run.conclusion,
        "standing": str(one.standing),
        "url": run.url,
    }


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "kind": str(alarm.kind),
        "message": alarm.message,
        "hint": alarm.hint,
        "run": alarm.run or None,
        "job": alarm.job,
        "step": alarm.step,
        "url": alarm.url,
    }


def _moment(value: datetime | None) -> str:
    return rfc3339(value) if value else ""

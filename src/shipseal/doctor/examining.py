"""Look at everything side by side; whatever goes wrong with one thing stops nobody from looking at the others."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from shipseal._internal.clock import Clock
from shipseal._internal.daemon_jobs import begin
from shipseal._internal.machine_faults import machine_error
from shipseal._internal.progress import Reporter
from shipseal.checks import Check, Status
from shipseal.doctor.examination import Examined, Probe, of_error, skipped
from shipseal.errors import Code, ShipsealError

LONGEST = 40.0
"""Seconds that one who is asked has for everything; whoever sends a byte now and then would keep a person for ever."""

OFFLINE = "--offline: nobody is asked"


def examine(
    probes: Sequence[Probe],
    clock: Clock,
    reporter: Reporter,
    *,
    offline: bool = False,
    longest: float = LONGEST,
) -> tuple[Examined, ...]:
    """Return what all probes found, in their order.

    Args:
        probes: what to look at.
        clock: tells how long it took.
        reporter: hears which probes are at work.
        offline: whether those that ask others are left out, which is said of each.
        longest: seconds that those have who ask others; what is not known then is unknown.
    """
    until = clock.monotonic() + longest
    jobs = [
        begin(partial(_examined, probe, clock, reporter, offline), f"doctor {probe.name}")
        for probe in probes
    ]
    found: list[Examined] = []
    for probe, job in zip(probes, jobs, strict=True):
        left = max(0.0, until - clock.monotonic()) if probe.network else None
        try:
            found += job.result(left)
        except TimeoutError:
            found.append(_silent(probe, longest))
    return tuple(found)


def _silent(probe: Probe, seconds: float) -> Examined:
    reason = f"no whole answer within {seconds:g} s"
    check = Check(probe.name, probe.about, Status.UNKNOWN, reason=reason)
    remedy = "whoever answers there, a proxy perhaps, does not come to an end: try again, or ask those who run it"
    return Examined(check, (), remedy, str(Code.SERVICE_OUTAGE), probe.host, seconds)


def _examined(
    probe: Probe, clock: Clock, reporter: Reporter, offline: bool
) -> tuple[Examined, ...]:
    if offline and probe.network:
        return (skipped(probe.name, probe.about, OFFLINE),)
    began = clock.monotonic()
    step = f"{probe.name} {probe.about}".strip()
    reporter.step(step, "running")
    found = _looked(probe, lambda: tuple(probe.look()))
    reporter.step(step, str(max((one.check.status for one in found), key=_URGENCY.index)))
    seconds = round(clock.monotonic() - began, 3)
    return tuple(replace(one, seconds=one.seconds or seconds) for one in found)


_URGENCY = (Status.SKIPPED, Status.IGNORED, Status.PASS, Status.UNKNOWN, Status.FAIL)


def _looked(probe: Probe, look: Callable[[], tuple[Examined, ...]]) -> tuple[Examined, ...]:
    try:
        return look() or (skipped(probe.name, probe.about, "there is nothing to look at"),)
    except ShipsealError as error:
        return (of_error(probe.name, probe.about, error, host=probe.host),)
    except Exception as error:  # noqa: BLE001 - a defect in one check must not hide what the others found
        known = (
            machine_error(error)
            if isinstance(error, OSError | MemoryError | RuntimeError)
            else None
        )
        if known is not None:
            return (of_error(probe.name, probe.about, known, host=probe.host),)
        reason = f"a defect in shipseal: {type(error).__name__}: {error}"
        check = Check(probe.name, probe.about, Status.UNKNOWN, reason=reason)
        return (Examined(check, remedy="report it", code=str(Code.UNKNOWN)),)

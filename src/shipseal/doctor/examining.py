"""Look at everything side by side; whatever goes wrong with one thing stops nobody from looking at the others."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from shipseal._internal.clock import Clock
from shipseal._internal.machine_faults import machine_error
from shipseal._internal.progress import Reporter
from shipseal._internal.threads import thread_pool
from shipseal.checks import Check, Status
from shipseal.doctor.examination import Examined, Probe, of_error, skipped
from shipseal.errors import Code, ShipsealError

_AT_ONCE = 8
OFFLINE = "--offline: nobody is asked"


def examine(
    probes: Sequence[Probe], clock: Clock, reporter: Reporter, *, offline: bool = False
) -> tuple[Examined, ...]:
    """Return what all probes found, in their order.

    Args:
        probes: what to look at.
        clock: tells how long it took.
        reporter: hears which probes are at work.
        offline: whether those that ask others are left out, which is said of each.
    """
    if not probes:
        return ()
    with thread_pool(min(_AT_ONCE, len(probes)), "doctor") as pool:
        jobs = [pool.submit(_examined, probe, clock, reporter, offline) for probe in probes]
        return tuple(one for job in jobs for one in job.result())


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

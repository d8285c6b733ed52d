"""How cores and memory are shared between outside tools that run side by side: values in, values out.

Each tool says how much memory it cannot do without and how much it makes good use of. Tools take seats in the order in
which they asked, and nobody overtakes: whoever does not fit waits until it does, and what is larger than the whole
budget runs alone. So the budget is never exceeded by two tools together, and none waits forever.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shipseal._internal.capacity import Machine
from shipseal._internal.limits import MIB

# The rest is for shipseal itself, for the files that tools read, and for what an estimate is wrong by.
_SHARE_OF_MEMORY = 0.75
_LEAST_MEMORY = 64 * MIB


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person allows.

    Attributes:
        parallel: tools at once, at most.
        cores: processors, at most; None for all that there are.
        memory: bytes for all tools together, at most; None for what is free.
    """

    parallel: int
    cores: int | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What outside tools may use together.

    Attributes:
        cores: processors, at least 1.
        memory: bytes.
        parallel: tools at once, at most.
        reasons: why so, a sentence each for cores, memory and tools at once.
    """

    cores: int
    memory: int
    parallel: int
    reasons: tuple[str, ...] = ()

    @property
    def seats(self) -> int:
        """How many tools may run at once: on one core, two only wait for each other."""
        return max(1, min(self.parallel, self.cores))


@dataclass(frozen=True, slots=True)
class Need:
    """The memory of one run of a tool.

    Attributes:
        least: bytes that it cannot do without.
        best: bytes that it makes good use of, at least as many.
        reason: where the figures come from.
    """

    least: int
    best: int
    reason: str = ""


def choose_budget(machine: Machine, wanted: Wanted) -> Budget:
    """Return the budget: what the machine has, and no more than what a person allows."""
    cores, cores_from = machine.cores, machine.cores_from
    if wanted.cores is not None and wanted.cores < cores:
        cores, cores_from = wanted.cores, "limits.cores"
    memory = max(_LEAST_MEMORY, int(machine.memory * _SHARE_OF_MEMORY))
    memory_from = f"three quarters of {machine.memory // MIB} MiB, {machine.memory_from}"
    if wanted.memory is not None and wanted.memory < memory:
        memory, memory_from = wanted.memory, "limits.memory"
    budget = Budget(cores, memory, wanted.parallel)
    few = (
        f"limits.parallel is {wanted.parallel}" if wanted.parallel <= cores else "one for each core"
    )
    reasons = (
        f"cores: {cores} ({cores_from})",
        f"memory: {memory // MIB} MiB ({memory_from})",
        f"tools at once: {budget.seats} ({few})",
    )
    return Budget(cores, memory, wanted.parallel, reasons)


def seat_memory(budget: Budget, need: Need) -> int:
    """Return the bytes that a run gets.

    What can live in an equal share gets the whole share, so that a figure that is wrong makes nobody thrash; what
    cannot gets the best that there is, and others wait.
    """
    share = max(1, budget.memory // budget.seats)
    if need.least <= share:
        return share
    return min(max(need.best, need.least), budget.memory)


def next_seats(budget: Budget, taken: Sequence[int], waiting: Sequence[Need]) -> tuple[int, ...]:
    """Return the memory of each of the first ``waiting`` that may start now, in their order.

    Args:
        budget: what there is.
        taken: bytes of those that run.
        waiting: those that wait, first come first.
    """
    seats: list[int] = []
    used = sum(taken)
    for need in waiting:
        memory = seat_memory(budget, need)
        running = len(taken) + len(seats)
        if running and (running >= budget.seats or used + memory > budget.memory):
            break
        seats.append(memory)
        used += memory
    return tuple(seats)

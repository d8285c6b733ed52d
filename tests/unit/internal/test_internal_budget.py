"""The budget: no two tools together exceed it, nobody waits forever, nobody overtakes."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.budget import (
    Budget,
    Need,
    Wanted,
    choose_budget,
    next_seats,
    seat_memory,
)
from shipseal._internal.capacity import Machine

MIB = 1 << 20
GIB = 1 << 30
MACHINE = Machine(8, "the affinity", 16 * GIB, "the kernel")

needs = st.builds(
    lambda least, more: Need(least, least + more),
    st.integers(1, 4096),
    st.integers(0, 4096),
)
budgets = st.builds(
    Budget, cores=st.integers(1, 16), memory=st.integers(1, 8192), parallel=st.integers(1, 16)
)


def test_three_quarters_of_what_is_free_and_a_tool_for_each_core() -> None:
    budget = choose_budget(MACHINE, Wanted(parallel=16))
    assert (budget.cores, budget.memory, budget.seats) == (8, 12 * GIB, 8)
    assert budget.reasons == (
        "cores: 8 (the affinity)",
        "memory: 12288 MiB (three quarters of 16384 MiB, the kernel)",
        "tools at once: 8 (one for each core)",
    )


def test_a_person_may_allow_less_and_never_more() -> None:
    less = choose_budget(MACHINE, Wanted(parallel=2, cores=3, memory=GIB))
    assert (less.cores, less.memory, less.seats) == (3, GIB, 2)
    assert less.reasons == (
        "cores: 3 (limits.cores)",
        "memory: 1024 MiB (limits.memory)",
        "tools at once: 2 (limits.parallel is 2)",
    )
    more = choose_budget(MACHINE, Wanted(parallel=2, cores=64, memory=64 * GIB))
    assert (more.cores, more.memory) == (8, 12 * GIB)


def test_on_one_core_tools_run_one_after_the_other() -> None:
    assert choose_budget(Machine(1, "", GIB, ""), Wanted(parallel=4)).seats == 1


@pytest.mark.parametrize(
    ("need", "memory"),
    [
        (Need(100, 200), 500),  # an equal share, whatever the figures are
        (Need(500, 900), 500),
        (Need(501, 900), 900),  # what does not fit into a share gets the best for it
        (Need(501, 5000), 1000),
        (Need(5000, 9000), 1000),  # larger than all that there is
    ],
)
def test_a_seat_is_an_equal_share_or_what_is_best(need: Need, memory: int) -> None:
    assert seat_memory(Budget(cores=2, memory=1000, parallel=4), need) == memory


def test_what_fits_runs_side_by_side_and_the_rest_waits() -> None:
    budget = Budget(cores=4, memory=1000, parallel=2)
    small, large = Need(300, 400), Need(600, 800)
    assert next_seats(budget, [], [small, small, small]) == (500, 500)
    assert next_seats(budget, [500], [small, small]) == (500,)
    assert next_seats(budget, [500, 500], [small]) == ()
    assert next_seats(budget, [], [large, small]) == (800,)
    # Nobody overtakes: what waits first starts first.
    assert next_seats(budget, [500], [large, small]) == ()


@dataclass
class Hall:
    """A run of all jobs, in which those that run end in any order."""

    budget: Budget
    waiting: list[tuple[int, Need]]
    running: dict[int, int] = field(default_factory=dict)
    started: list[int] = field(default_factory=list)

    def seat(self) -> None:
        taken = list(self.running.values())
        seats = next_seats(self.budget, taken, [need for _, need in self.waiting])
        for memory in seats:
            number, _ = self.waiting.pop(0)
            self.running[number] = memory
            self.started.append(number)

    def check(self) -> None:
        alone = len(self.running) == 1
        assert len(self.running) <= self.budget.seats
        assert alone or sum(self.running.values()) <= self.budget.memory
        assert all(memory <= self.budget.memory for memory in self.running.values())


@settings(max_examples=300, deadline=None)
@given(budgets, st.lists(needs, max_size=20), st.integers())
def test_the_budget_holds_everybody_is_served_and_in_order(
    budget: Budget, wanted: list[Need], seed: int
) -> None:
    chance = random.Random(seed)
    hall = Hall(budget, list(enumerate(wanted)))
    while hall.waiting or hall.running:
        hall.seat()
        hall.check()
        assert hall.running, "somebody waits although nothing runs"
        del hall.running[chance.choice(list(hall.running))]
    assert hall.started == list(range(len(wanted)))


@settings(max_examples=200, deadline=None)
@given(budgets, needs)
def test_a_seat_is_never_more_than_there_is(budget: Budget, need: Need) -> None:
    assert 1 <= seat_memory(budget, need) <= budget.memory


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 256),
    st.integers(0, 1 << 45),
    st.integers(1, 64),
    st.none() | st.integers(1, 1024),
    st.none() | st.integers(64 * MIB, 1 << 45),
)
def test_a_budget_keeps_to_the_machine_and_to_the_limits(
    cores: int, memory: int, parallel: int, few: int | None, little: int | None
) -> None:
    budget = choose_budget(Machine(cores, "", memory, ""), Wanted(parallel, few, little))
    assert 1 <= budget.cores <= min(cores, few or cores)
    assert budget.memory <= max(64 * MIB, memory)
    assert little is None or budget.memory <= little
    assert 1 <= budget.seats <= parallel
    assert len(budget.reasons) == 3

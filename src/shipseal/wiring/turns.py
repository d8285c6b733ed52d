"""The budget of outside tools: what the machine has, and what the configuration allows of it."""

from collections.abc import Mapping

from shipseal._internal.budget import Wanted, choose_budget
from shipseal._internal.capacity import this_machine
from shipseal._internal.clock import Clock
from shipseal._internal.tool_history import ToolHistory
from shipseal._internal.turns import Turns
from shipseal.sbom.cache import cache_folder

DEFAULT_PARALLEL = 4
_HISTORY = "tools.jsonl"


def turns_for(wanted: Wanted, env: Mapping[str, str], clock: Clock) -> Turns:
    """Return what gives outside tools their turn, with this machine's history of tools."""
    history = ToolHistory(cache_folder(env).parent / _HISTORY)
    return Turns(choose_budget(this_machine(), wanted), history, clock)

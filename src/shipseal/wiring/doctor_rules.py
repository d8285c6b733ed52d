"""Whether the rules of a release can be made: tags, gate, ignores. A release asks for them before anything else."""

from collections.abc import Callable, Iterator

from shipseal._internal.progress import SilentReporter
from shipseal.config.load import LoadedConfig
from shipseal.doctor.examination import Examined, of_error, passed
from shipseal.errors import ShipsealError
from shipseal.wiring.gate import gate_policy
from shipseal.wiring.ignores import configured_file, ignore_rules
from shipseal.wiring.rules import tag_rules

CONFIGURATION = "configuration"


def rule_checks(loaded: LoadedConfig) -> Iterator[Examined]:
    """Make each kind of rules as a release does; an ignore file that is wrong is named with its line."""
    config = loaded.config
    yield from _made("tags", lambda: ", ".join(rule.template for rule in tag_rules(loaded)))
    yield from _made("gate", lambda: f"fail_on {gate_policy(config.gate).fail_on or 'none'}")
    file = configured_file(loaded)
    if config.ignores.file is not None or file.exists():
        yield from _made(file.name, lambda: f"{len(ignore_rules(loaded, SilentReporter()))} rules")


def _made(subject: str, make: Callable[[], str]) -> Iterator[Examined]:
    try:
        yield passed(CONFIGURATION, subject, make())
    except ShipsealError as error:
        yield of_error(CONFIGURATION, subject, error)

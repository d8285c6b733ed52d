"""The one place that names concrete implementations: the configuration goes in, a release that can run comes out."""

from shipseal.wiring.release import Wish, release_setup
from shipseal.wiring.state import state_folder
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.targets import Connections

__all__ = ["Connections", "Surroundings", "Wish", "release_setup", "state_folder"]

"""An SBOM to scan that somebody has read already, so that the matcher need not read it again."""

from dataclasses import dataclass, field

from shipseal.scan.interface import ScanRequest
from shipseal.scan.inventory import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest(ScanRequest):
    """One SBOM to scan.

    Attributes:
        inventory: what it lists.
    """

    inventory: Inventory = field(repr=False)

"""From key files to trust in them."""

from collections.abc import Iterable
from pathlib import Path

from shipseal.attest.interface import Trust
from shipseal.attest.key_files import read_public_keys
from shipseal.attest.verify_bundle import KeyTrust


def trust_in_keys(files: Iterable[Path]) -> Trust:
    """Return trust in the public keys in ``files``; any one of them suffices.

    Raises:
        ConfigError: ``policy.empty`` when no file is named; ``config.invalid`` when one holds no public key.
    """
    return KeyTrust(read_public_keys(files))

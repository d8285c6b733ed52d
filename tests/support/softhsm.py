"""Tokens of SoftHSM: a PKCS #11 library that keeps keys in files, so that no card is needed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.missing import missing
from tests.support.tools import need

PIN = "token-pin-4711"
LABEL = "release token"
_LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token with keys.

    Attributes:
        library: the PKCS #11 library.
        pkcs11: the module that speaks to it.
    """

    library: Path
    pkcs11: ModuleType

    def make_key(self, number: int, curve: str) -> str:
        """Make a key pair under ``number``, and return its name as shipseal has it."""
        from pkcs11.util import ec  # noqa: PLC0415 - skipped where it is missing

        lib = self.pkcs11.lib(str(self.library))
        with lib.get_token(token_label=LABEL).open(rw=True, user_pin=PIN) as session:
            attributes = {self.pkcs11.Attribute.EC_PARAMS: ec.encode_named_curve_parameters(curve)}
            parameters = session.create_domain_parameters(
                self.pkcs11.KeyType.EC, attributes, local=True
            )
            parameters.generate_keypair(store=True, id=bytes([number]), label=f"key {number}")
        return f"hsm:{number}?label={LABEL.replace(' ', '+')}"


def token(folder: Path, environment: pytest.MonkeyPatch) -> Token:
    """Return a new token below ``folder``; skips the test where SoftHSM is not installed."""
    tool = need("softhsm2-util")
    library = next((Path(path) for path in _LIBRARIES if Path(path).exists()), None)
    if library is None:
        missing("softhsm2's library is not where Debian puts it")
    try:
        import pkcs11  # noqa: PLC0415 - as above
    except ImportError:
        missing("python-pkcs11 is not installed: install requirements/dev.txt")
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    environment.setenv("SOFTHSM2_CONF", str(settings))
    environment.setenv("PYKCS11LIB", str(library))
    subprocess.run(
        [tool, "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "so-pin-4711"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return Token(library, pkcs11)

"""Reads VEX documents of either form."""

from shipseal._internal.limits import MIB, Limit
from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.errors import ConfigError
from shipseal.ignores.vex.cyclonedx import is_cyclonedx, read_cyclonedx
from shipseal.ignores.vex.document import VexDocument
from shipseal.ignores.vex.openvex import is_openvex, read_openvex

VEX_FILE = Limit("VEX document", 16 * MIB, "as large as the predicate of an attestation")


def read_vex(data: bytes, *, what: str) -> VexDocument:
    """Return what a document says.

    Args:
        data: JSON, OpenVEX or CycloneDX.
        what: names it in errors.

    Raises:
        ConfigError: it is neither, or says two things at once.
    """
    try:
        value = decode_unambiguous(data)
    except AmbiguousJsonError as error:
        raise ConfigError(f"{what}: no VEX document: {error}") from error
    if isinstance(value, dict) and is_openvex(value):
        return read_openvex(value, what=what)
    if isinstance(value, dict) and is_cyclonedx(value):
        return read_cyclonedx(value, what=what)
    raise ConfigError(
        f"{what}: neither OpenVEX nor CycloneDX",
        hint="name a document with an @context of openvex.dev, or with bomFormat: CycloneDX",
    )

"""How large an SBOM may be, and what stands for a part that it lacks."""

from typing import Any

import msgspec

from shipseal._internal.limits import MIB, Limit

SBOM_FILE = Limit("SBOM", 512 * MIB, "the largest known catalogue of an image is below 200 MiB")
_PATH = "at `$"
ABSENT = msgspec.Raw(b"null")
"""A member that a document does not have: it decodes like one without a value."""


def decode_member(decoder: "msgspec.json.Decoder[Any]", raw: msgspec.Raw, name: str) -> Any:
    """Return a member of a document, which stands alone here; what is wrong in it is told with its whole path.

    Args:
        decoder: of the member.
        raw: its JSON.
        name: where it stands in the document: ``components``.

    Raises:
        msgspec.DecodeError: it is malformed (:class:`msgspec.ValidationError` where a type is wrong).
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        told = str(error)
        if _PATH not in told:
            raise msgspec.ValidationError(f"{told} - at `$.{name}`") from error
        raise msgspec.ValidationError(told.replace(_PATH, f"{_PATH}.{name}", 1)) from error

"""How large an SBOM may be, and what stands for a part that it lacks."""

import msgspec

from shipseal._internal.limits import MIB, Limit

SBOM_FILE = Limit("SBOM", 512 * MIB, "the largest known catalogue of an image is below 200 MiB")
ABSENT = msgspec.Raw(b"null")
"""A member that a document does not have: it decodes like one without a value."""

"""SPDX 2.3 documents as values: read, made deterministic, trimmed to a limit, and the one of an index.

Nothing is parsed and dumped again: elements are moved as the raw bytes that the tool wrote, and only what is looked
at is decoded (specification: SPDX 2.3, JSON serialisation).
"""

from shipseal.spdx.document import Section, SpdxDocument, SpdxPackage, read_document
from shipseal.spdx.normalise import Identity, normalise
from shipseal.spdx.parts import SpdxError
from shipseal.spdx.record import Dropped, TrimRecord
from shipseal.spdx.trim import Step, TrimResult, trim
from shipseal.spdx.variants import Variant, index_document, variant_of

__all__ = [
    "Dropped",
    "Identity",
    "Section",
    "SpdxDocument",
    "SpdxError",
    "SpdxPackage",
    "Step",
    "TrimRecord",
    "TrimResult",
    "Variant",
    "index_document",
    "normalise",
    "read_document",
    "trim",
    "variant_of",
]

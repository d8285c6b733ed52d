"""The SBOM of a whole index, made from the catalogues of its platforms."""

from collections.abc import Sequence
from datetime import UTC, datetime

from shipseal._internal.clock import parse_rfc3339, rfc3339
from shipseal.errors import Code, SbomError
from shipseal.oci import Image
from shipseal.oci.blob_store import BlobStore
from shipseal.sbom.interface import Catalogue
from shipseal.spdx import index_document as spdx_index_document
from shipseal.spdx import variant_of

_EPOCH = "1970-01-01T00:00:00Z"


def document_time(epoch: int | None, image: str) -> str:
    """Return a document's time: the given one, else the image's own, else the epoch; never the time of day.

    Args:
        epoch: SOURCE_DATE_EPOCH in seconds.
        image: ``created`` of the image's configuration; may be empty.
    """
    if epoch is not None:
        return rfc3339(datetime.fromtimestamp(epoch, UTC))
    try:
        return rfc3339(parse_rfc3339(image))
    except ValueError:
        return _EPOCH


def index_document(
    image: Image,
    catalogues: Sequence[Catalogue],
    blobs: BlobStore,
    *,
    name: str,
    version: str,
    epoch: int | None = None,
) -> bytes:
    """Return the SPDX 2.3 document of an index: each platform as a variant, its full SBOM by checksum.

    Args:
        image: the index with its platforms.
        catalogues: one for each platform.
        blobs: where the full SBOMs lie.
        name: the image's name.
        version: the release's version.
        epoch: SOURCE_DATE_EPOCH; None takes the newest platform's own time.

    Raises:
        SbomError: ``sbom.catalog-failed`` when a platform has no catalogue.
        ImageError: a full SBOM is missing or damaged.
    """
    by_subject = {catalogue.subject: catalogue for catalogue in catalogues}
    missing = [str(one.platform) for one in image.platforms if one.digest not in by_subject]
    if missing:
        raise SbomError(
            Code.CATALOG_FAILED,
            f"{image.digest}: no SBOM for {', '.join(missing)}",
            hint="every platform must be catalogued before the index is described",
        )
    variants = [
        variant_of(one.platform, one.digest, blobs.read(by_subject[one.digest].spdx))
        for one in image.platforms
    ]
    times = [document_time(epoch, one.config.created) for one in image.platforms]
    return spdx_index_document(
        image.digest, variants, name=name, version=version, created=max(times)
    )

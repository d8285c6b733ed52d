"""A small SPDX document of one platform's image, as a catalogue writes it."""

import msgspec

from shipseal.oci import Digest, Platform
from shipseal.oci.digest import split_digest
from shipseal.spdx.purl import image_purl


def platform_sbom(name: str, digest: Digest, platform: Platform, *, packages: int = 2) -> bytes:
    """Return an SPDX 2.3 document that describes the image ``digest``."""
    root = "SPDXRef-DocumentRoot-Image-app"
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://spdx.test/{name}-{platform.architecture}",
        "creationInfo": {"created": "2026-05-01T00:00:00Z", "creators": ["Tool: test-1"]},
        "packages": [
            _image(root, name, digest, platform),
            *(_package(number) for number in range(packages)),
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": root,
            }
        ],
    }
    return msgspec.json.encode(document)


def _image(spdx_id: str, name: str, digest: Digest, platform: Platform) -> dict[str, object]:
    algorithm, encoded = split_digest(digest)
    return {
        "SPDXID": spdx_id,
        "name": name,
        "downloadLocation": "NOASSERTION",
        "checksums": [{"algorithm": algorithm.upper(), "checksumValue": encoded}],
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": image_purl(name, digest, platform),
            }
        ],
        "primaryPackagePurpose": "CONTAINER",
    }


def _package(number: int) -> dict[str, object]:
    return {
        "SPDXID": f"SPDXRef-Package-{number}",
        "name": f"package-{number}",
        "versionInfo": "1.0",
        "downloadLocation": "NOASSERTION",
    }

"""What a file is that is no SBOM in JSON: known formats by name, and texts that are only encoded otherwise."""

import codecs
import re

_HEAD = 4096
# UTF-32 begins with the same bytes as UTF-16, so it is asked first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KNOWN: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\s*SPDXVersion:"), "SPDX tag-value"),
    (re.compile(rb'"@context"\s*:\s*"https?://spdx\.org/rdf/3'), "SPDX 3 JSON-LD"),
    (re.compile(rb"<(?:\w+:)?bom\b[^>]*cyclonedx"), "CycloneDX XML"),
    (re.compile(rb"<rdf:RDF[^>]*spdx|<spdx:", re.DOTALL), "SPDX RDF/XML"),
    (re.compile(rb"\s*(?:%YAML|---|spdxVersion:|SPDXID:)"), "SPDX YAML"),
    (re.compile(rb"\s*<(?:\?xml|!DOCTYPE|html)", re.IGNORECASE), "XML or HTML"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "zstd"),
)


def in_utf8(data: bytes) -> bytes:
    """Return a text that begins with a byte order mark as UTF-8 without it; anything else as it is.

    Raises:
        UnicodeDecodeError: the mark announces an encoding that the text does not have.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name).encode()
    return data


def format_of(data: bytes) -> str:
    """Return the name of a format that is known and not read here; empty for none of them."""
    head = data[:_HEAD]
    return next((name for pattern, name in _KNOWN if _begins(pattern, head)), "")


def _begins(pattern: re.Pattern[bytes], head: bytes) -> bool:
    # Names of members and elements stand anywhere in the head; all else is how a file begins.
    anywhere = pattern.pattern.startswith((b'"', b"<"))
    return bool(pattern.search(head) if anywhere else pattern.match(head))

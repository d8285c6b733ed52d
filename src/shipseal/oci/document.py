"""The JSON of images, read so that every tool must read the same.

Go's decoder takes ``Layers`` for ``layers``, and the last of two names wins; others tell them apart. A manifest with
both could show one list of layers to a scanner and another one to a runtime, so it is refused, as is everything that
JSON parsers disagree about (compare CVE-2021-41190, where one document was read as a manifest and as an index).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous
from shipseal.errors import Code, ImageError


def read_object(raw: bytes, names: Iterable[str], *, what: str, hint: str) -> dict[str, Any]:
    """Return the JSON object in ``raw``.

    Args:
        raw: the document.
        names: the members that matter, which must not stand there in another spelling.
        what: names the document in errors.
        hint: what to do when it is refused.

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    try:
        document = decode_unambiguous(raw)
    except AmbiguousJsonError as error:
        raise unsupported(what, str(error), hint) from error
    if not isinstance(document, dict):
        raise unsupported(what, "it is not a JSON object", hint)
    check_spelling(document, names, what=what, hint=hint)
    return document


def check_spelling(
    document: Mapping[str, Any], names: Iterable[str], *, what: str, hint: str
) -> None:
    """Refuse a member whose name differs from one of ``names`` in nothing but case.

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    folded = {name.casefold(): name for name in names}
    for key in document:
        name = folded.get(key.casefold(), key)
        if name != key:
            raise unsupported(
                what, f"some tools read {key[:100]!r} as {name!r}, others do not", hint
            )


def unsupported(what: str, problem: str, hint: str) -> ImageError:
    """Return the error that says what is wrong with the document ``what``."""
    return ImageError(Code.FORMAT_UNSUPPORTED, f"{what}: {problem}", hint=hint)

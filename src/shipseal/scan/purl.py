"""Package URLs, read fast where they are plain, and by ``packageurl`` where they are not.

A catalogue holds thousands of package URLs and nearly all of them look alike, so these are taken apart by one pattern;
whatever it does not know goes to the reference implementation, which is imported only then. Both give the same answer.
Source: https://github.com/package-url/purl-spec.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

_PLAIN = re.compile(
    r"pkg:(pypi|npm|cargo|golang|gem|maven|deb|apk|rpm|alpm|composer|bitnami|nuget|generic|github)/"
    r"((?:[A-Za-z0-9@%][A-Za-z0-9._~%+-]*/)*)"  # namespace
    r"([A-Za-z0-9._~%+-]+)"
    r"(?:@([A-Za-z0-9._~%:+-]+))?"
    r"(?:\?([A-Za-z0-9._~%=&:/,+@-]+))?"
)
_ESCAPED = re.compile(r"%(?!2[BbCc]|3[AaDd]|40|7[Ee])")
_KEY = re.compile(r"[a-z][a-z0-9._-]*")
_LOWER_NAME = frozenset({"pypi", "npm", "composer", "alpm", "apk", "bitnami", "github"})
_LOWER_NAMESPACE = frozenset({"pypi", "composer", "alpm", "apk", "github"})
_NONE: Mapping[str, str] = {}


class Purl(msgspec.Struct, frozen=True):
    """A package URL, taken apart and unescaped.

    Attributes:
        type: ``deb``, ``pypi``, …
        namespace: parts before the name, with ``/``; may be empty.
        name: its name, spelled as the type's rules say.
        version: may be empty.
        qualifiers: those with a value.
    """

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: Mapping[str, str]


def parse_purl(text: str) -> Purl | None:
    """Return the parts of ``text``, or None when it is no package URL."""
    match = _PLAIN.fullmatch(text)
    if match is None or ("%" in text and _ESCAPED.search(text)):
        return _by_reference(text)
    kind, namespace, name, version, query = match.groups()
    namespace = namespace[:-1]
    if "@" in namespace and (kind != "npm" or "/" in namespace or "@" in namespace[1:]):
        return _by_reference(text)
    qualifiers = _qualifiers(query) if query else _NONE
    if qualifiers is None:
        return _by_reference(text)
    if "%" in text:
        namespace, name, version = unquote(namespace), unquote(name), unquote(version or "")
    if kind in _LOWER_NAME:
        name = name.lower()
        if kind in _LOWER_NAMESPACE:
            namespace = namespace.lower()
        if kind == "pypi":
            name = name.replace("_", "-")
    return Purl(kind, namespace, name, version or "", qualifiers)


def _qualifiers(query: str) -> dict[str, str] | None:
    """Return the qualifiers; None where the plain form does not suffice."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        if not equals or not _KEY.fullmatch(key):
            return None
        if value:
            found[key] = unquote(value) if "%" in value else value
    return found


def _by_reference(text: str) -> Purl | None:
    from packageurl import PackageURL  # noqa: PLC0415 - slow to import, and rarely needed

    try:
        parsed = PackageURL.from_string(text)
    except ValueError:
        return None
    namespace, version = parsed.namespace or "", parsed.version or ""
    return Purl(parsed.type, namespace, parsed.name, version, dict(parsed.qualifiers or {}))

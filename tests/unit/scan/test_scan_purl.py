"""Package URLs: the fast reader says what the reference implementation says."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from shipseal.scan.purl import Purl, parse_purl

_TYPES = st.sampled_from(
    ["pypi", "npm", "cargo", "golang", "gem", "maven", "deb", "apk", "rpm", "alpm", "composer", "bitnami", "nuget",
     "generic", "github", "oci", "hex", "PyPI", "conan", "mlflow", "huggingface", "swift", "1a", ""]
)  # fmt: skip
_TEXT = st.lists(
    st.sampled_from([*"aZ09._~+-:@/%&=? #\\é\t", "%40", "%2B", "%3A", "%2F", "%7E", "%20", "%e9"]),
    max_size=8,
).map("".join)
_PLAIN = st.text(st.sampled_from("abZ019._~+-"), min_size=1, max_size=8)
_ESCAPED = st.text(st.sampled_from("abZ019._~+-:@ /é"), min_size=1, max_size=8).map(
    lambda text: quote(text, safe="")
)
_PART = st.one_of(_PLAIN, _ESCAPED, _TEXT)
_QUERY = st.lists(
    st.tuples(
        st.sampled_from(["arch", "distro", "upstream", "epoch", "Distro", "a b", "x_y", "", "1a"]),
        _PART,
    ).map("=".join)
    | _PART,
    max_size=3,
).map("&".join)


def reference(text: str) -> Purl | None:
    try:
        found = PackageURL.from_string(text)
    except ValueError:
        return None
    return Purl(
        found.type,
        found.namespace or "",
        found.name,
        found.version or "",
        dict(found.qualifiers or {}),
    )


@given(
    kind=_TYPES,
    namespace=st.lists(_PART, max_size=2),
    name=_PART,
    version=st.none() | _PART,
    query=st.none() | _QUERY,
    subpath=st.none() | _PART,
)
@settings(max_examples=600, deadline=None)
def test_what_is_read_is_what_the_reference_reads(
    kind: str,
    namespace: list[str],
    name: str,
    version: str | None,
    query: str | None,
    subpath: str | None,
) -> None:
    text = f"pkg:{kind}/{'/'.join([*namespace, name])}"
    text += "" if version is None else f"@{version}"
    text += "" if query is None else f"?{query}"
    text += "" if subpath is None else f"#{subpath}"
    assert parse_purl(text) == reference(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "pkg:deb/debian/zlib1g@1%3A1.2.11.dfsg-2%2Bdeb11u2?arch=amd64&distro=debian-11.5&upstream=zlib",
            ("deb", "debian", "zlib1g", "1:1.2.11.dfsg-2+deb11u2"),
        ),
        ("pkg:npm/%40babel/core@7.0.0", ("npm", "@babel", "core", "7.0.0")),
        ("pkg:npm/@babel/core@7.0.0", ("npm", "@babel", "core", "7.0.0")),
        ("pkg:pypi/Zope_Interface@5.0", ("pypi", "", "zope-interface", "5.0")),
        (
            "pkg:golang/github.com/sigstore/cosign/v3@v3.1.3",
            ("golang", "github.com/sigstore/cosign", "v3", "v3.1.3"),
        ),
        ("pkg:golang/github.com/a/b@v1#sub/path", ("golang", "github.com/a", "b", "v1")),
        ("pkg:maven/org.a/b", ("maven", "org.a", "b", "")),
    ],
)
def test_parts_of_package_urls(text: str, expected: tuple[str, str, str, str]) -> None:
    found = parse_purl(text)
    assert found is not None
    assert (found.type, found.namespace, found.name, found.version) == expected
    assert found == reference(text)


@pytest.mark.parametrize(
    "text", ["", "pkg:", "pkg:npm", "pkg:npm/", "pypi/x@1", "pkg:npm/@scope@1", "pkg:deb/a@1?arch"]
)
def test_what_is_no_package_url(text: str) -> None:
    assert parse_purl(text) is None
    assert reference(text) is None

"""Where a vulnerability can be read about, by its id."""

_PLACES = (
    ("CVE-", "https://nvd.nist.gov/vuln/detail/{id}"),
    ("GHSA-", "https://github.com/advisories/{id}"),
    ("DSA-", "https://security-tracker.debian.org/tracker/{id}"),
    ("DLA-", "https://security-tracker.debian.org/tracker/{id}"),
    ("RUSTSEC-", "https://rustsec.org/advisories/{id}.html"),
    ("GO-", "https://pkg.go.dev/vuln/{id}"),
)
_ANY = "https://osv.dev/vulnerability/{id}"
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:")


def link_of(name: str) -> str:
    """Return the page of the vulnerability ``name``; empty when the id is none that could stand in an address."""
    if not name or not _SAFE.issuperset(name):
        return ""
    place = next((form for prefix, form in _PLACES if name.startswith(prefix)), _ANY)
    return place.format(id=name)


def web_link(url: str, name: str) -> str:
    """Return ``url`` when it is an address of the web, else the page of ``name``."""
    plain = url.strip()
    if plain.startswith(("https://", "http://")) and plain.isprintable() and " " not in plain:
        return plain
    return link_of(name)

"""Parts of patterns that several areas share: hosts and images as tools print them."""

HOST = r"(?P<host>[a-z0-9][a-z0-9.-]*+(?::\d{2,5})?+)"
URL = rf"https?://{HOST}"
API = rf"{URL}/v[12]/"
"""An address of a registry's API."""
IMAGE = (
    r"(?<![\w./:@-])(?P<image>[a-z0-9][\w.-]*+(?::\d++)?+(?:/[\w.*-]++)++(?::[\w.-]++)?+(?:@sha256:[0-9a-f]++)?+"
    r"|[\w.-]++:[\w.-]++|[\w.-]++)"
)
"""A reference, where words around it say that it is one."""
SIGSTORE = r"fulcio|rekor|sigstore|timestamp|\btsa\b|\btuf\b|tlog|signing.?cert"
"""A service that signing needs."""
GITHUB = r"(?:api\.|uploads\.|codeload\.|objects\.|www\.)?github(?:usercontent)?\.com|actions\.githubusercontent\.com"
"""One of GitHub's hosts."""
OWN_HOST = (
    r"\b(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|host\.docker\.internal)\b|\[?::1\]?(?=[:\s])"
)
"""This machine: what does not answer there is often a test's own server."""
ATTESTING = r"attest|provenance|sigstore|cosign"
"""Steps that sign or store evidence."""
BROKEN = (
    r"socket hang up|\becon(?:nreset|nrefused|naborted)\b|\betimedout\b|\beai_again\b|\benotfound\b|connection reset"
    r"|timed? ?out|network timeout|fetch failed|unexpected eof|: eof\b|broken pipe|forcibly closed"
    r"|terminated abnormally"
)
"""A connection that did not come about, or broke, in the words of several libraries."""

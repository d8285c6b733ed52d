"""An identity in the words of cosign and gh, as far as they have words for it."""

import re
from collections.abc import Iterator

from shipseal.attest.identity import Identity
from shipseal.attest.patterns import Form, Pattern, as_regex
from shipseal.attest.workflow_names import GITHUB_ISSUER, lower
from shipseal.cli.root_words import RootWords
from shipseal.verify.equivalent import Identified

_COSIGN_FIELDS = {
    "ref": "--certificate-github-workflow-ref",
    "commit": "--certificate-github-workflow-sha",
    "trigger": "--certificate-github-workflow-trigger",
    "workflow_name": "--certificate-github-workflow-name",
}
_GH_FIELDS = {
    "ref": "--source-ref",
    "commit": "--source-digest",
    "signer_digest": "--signer-digest",
}
_HOME = "https://github.com/"
_GITLAB_ISSUER = "https://gitlab.com"


def identified(identity: Identity, root: RootWords) -> list[Identified]:
    """Return the options by which cosign and gh are asked for ``identity``; they may accept more than it does.

    Args:
        identity: who is trusted.
        root: how the trusted root is named. cosign reads one instance at a time, so there is one answer for each.
    """
    asked = (identity.repository or identity.owner) and not _elsewhere(identity)
    theirs = (*_gh(identity), *root.gh) if asked else ()
    ours = [(*_cosign(identity), *words) for words in root.cosign]
    return [Identified(one, () if number else theirs) for number, one in enumerate(ours)]


def _cosign(identity: Identity) -> Iterator[str]:
    subject = identity.subject or Pattern(_subject_regex(identity), Form.REGEX)
    yield from _either("--certificate-identity", "--certificate-identity-regexp", subject)
    if identity.issuer:
        yield from _either(
            "--certificate-oidc-issuer", "--certificate-oidc-issuer-regexp", identity.issuer
        )
    if _elsewhere(identity):
        return
    repository = identity.repository
    if repository and _plain(repository) and "://" not in repository.text:
        yield from ("--certificate-github-workflow-repository", repository.text)
    for name, option in _COSIGN_FIELDS.items():
        pattern = getattr(identity, name)
        if pattern is not None and _plain(pattern):
            yield from (option, pattern.text)


def _gh(identity: Identity) -> Iterator[str]:
    if identity.repository and _plain(identity.repository):
        yield from ("--repo", identity.repository.text.removeprefix(_HOME))
    elif identity.owner and _plain(identity.owner):
        yield from ("--owner", identity.owner.text.removeprefix(_HOME))
    if identity.signer and _plain(identity.signer):
        yield from ("--signer-workflow", identity.signer.text.removeprefix("https://"))
    elif identity.subject:
        yield from _either("--cert-identity", "--cert-identity-regex", identity.subject)
    elif identity.signer or identity.workflow or _glob_of_ref(identity):
        yield from ("--cert-identity-regex", _subject_regex(identity))
    if identity.issuer and _plain(identity.issuer) and identity.issuer.text != GITHUB_ISSUER:
        yield from ("--cert-oidc-issuer", identity.issuer.text)
    for name, option in _GH_FIELDS.items():
        pattern = getattr(identity, name)
        if pattern is not None and _plain(pattern):
            yield from (option, pattern.text)
    if identity.runner and identity.runner.text == "github-hosted":
        yield "--deny-self-hosted-runners"


def _subject_regex(identity: Identity) -> str:
    """Return what a workflow's URL must match: the workflow that signs is the certificate's subject.

    Where no other one is named it is the repository's own, and the ref in its URL is the ref of the sources.
    """
    host = _host(identity)
    if identity.signer:
        glob = identity.signer.text
        return f"^{'' if '://' in glob else host}{as_regex(glob)}{_end(glob, '')}$"
    workflow = identity.workflow.text if identity.workflow else "**"
    ref = identity.ref.text if identity.ref and _readable(identity.ref) else ""
    return f"^{_workflow_regex(identity, workflow, host)}{_end(workflow, ref)}$"


def _workflow_regex(identity: Identity, workflow: str, host: str) -> str:
    """Return the workflow's URL without its ref; GitLab has ``//`` between a project and a path in it."""
    named = identity.repository or identity.owner
    if "://" in workflow or named is None:
        return ("" if "://" in workflow else host) + as_regex(workflow)
    scheme, _, rest = named.text.rpartition("://")
    first, _, path = rest.partition("/")
    base, home = (f"{re.escape(f'{scheme}://{first}')}/", path) if scheme else (host, rest)
    if lower(workflow).startswith(f"{lower(home)}/"):
        return base + as_regex(workflow)
    inside = "" if identity.repository else "/[^/]*"
    between = "/" if base == re.escape(_HOME) else "/{1,2}"
    return f"{base}{as_regex(home)}{inside}{between}{as_regex(workflow)}"


def _host(identity: Identity) -> str:
    """Return where repositories are that are named without a host: with another issuer than GitHub's, at any."""
    if identity.issuer is None or identity.issuer.text == GITHUB_ISSUER:
        return re.escape(_HOME)
    return "https://[^/]+/"


def _end(glob: str, ref: str) -> str:
    if "@" in glob:
        return ""
    if ref:
        return f"@{as_regex(ref)}"
    return "" if glob.endswith("**") else "@.*"


def _elsewhere(identity: Identity) -> bool:
    """Return whether it cannot be GitHub's: gh and cosign have words for workflows of GitHub alone."""
    if identity.issuer and identity.issuer.text == _GITLAB_ISSUER:
        return True
    named = identity.repository or identity.owner
    return named is not None and "://" in named.text and not named.text.startswith(_HOME)


def _glob_of_ref(identity: Identity) -> bool:
    """Return whether there is a ref that cannot be said by an option of its own, which takes no patterns."""
    return identity.ref is not None and _readable(identity.ref) and not _plain(identity.ref)


def _readable(pattern: Pattern) -> bool:
    return pattern.form is not Form.REGEX


def _either(exact: str, regex: str, pattern: Pattern) -> Iterator[str]:
    if _plain(pattern):
        yield from (exact, pattern.text)
    else:
        text = pattern.text if pattern.form is Form.REGEX else f"^{as_regex(pattern.text)}$"
        yield from (regex, text)


def _plain(pattern: Pattern) -> bool:
    return pattern.form is Form.EXACT or (pattern.form is Form.GLOB and "*" not in pattern.text)

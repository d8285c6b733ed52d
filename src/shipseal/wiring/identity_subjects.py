"""What issuer and subject of a certificate say of an identity: all that admission controllers look at.

The subject of a workflow's certificate is the workflow that signed, with its repository and git ref:
``https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1``; GitLab has ``//`` before the path.
"""

import re
from collections.abc import Iterator

from shipseal.attest.identity import Identity
from shipseal.attest.patterns import Form, Pattern, as_regex
from shipseal.attest.workflow_names import GITHUB_ISSUER, lower
from shipseal.verify.admission.interface import Words

_NOT_THERE = "controllers do not look at it"
_HIDDEN = (
    "repository_id",
    "owner_id",
    "signer_digest",
    "commit",
    "trigger",
    "runner",
    "workflow_name",
)
_SHORT = re.compile(r"[^/]+/[^/]+")


def issuer_words(identity: Identity) -> Words | None:
    """Return who vouches, as a controller is told."""
    return _words(identity.issuer) if identity.issuer else None


def subject_words(identity: Identity) -> Words | None:
    """Return the subject, as a controller is told; None where it would not keep strangers out."""
    if identity.subject:
        return _words(identity.subject)
    host = r"https://github\.com/" if _github(identity) else r"https://[^/]+/"
    if identity.signer:
        return _anchored(_signer(identity.signer, host))
    repository = _repository(identity, host)
    if repository is None:
        return Words(".+", regex=True) if identity.accept_everyone else None
    return _anchored(f"(?i:{repository})/{{1,2}}{_workflow(identity)}")


def unsaid_fields(identity: Identity) -> Iterator[tuple[str, str]]:
    """Yield the fields that are given and that issuer and subject do not say, each with the reason."""
    given = dict(identity.given())
    for name in _HIDDEN:
        if name in given:
            yield name, _NOT_THERE
    if "signer" in given or "subject" in given:
        for name in ("repository", "owner", "workflow", "ref"):
            if name in given:
                yield (
                    name,
                    "the subject names the workflow that signs, which another repository may call",
                )


def _words(pattern: Pattern) -> Words:
    if pattern.form is Form.REGEX:
        # It may match anywhere, as in cosign, which these controllers ask.
        return Words(pattern.text, regex=True)
    if pattern.form is Form.EXACT or "*" not in pattern.text:
        return Words(pattern.text)
    return _anchored(_glob(pattern))


def _anchored(expression: str) -> Words:
    return Words(f"^{expression}$", regex=True)


def _glob(pattern: Pattern) -> str:
    return re.escape(pattern.text) if pattern.form is Form.EXACT else as_regex(pattern.text)


def _github(identity: Identity) -> bool:
    return identity.issuer is not None and identity.issuer.text == GITHUB_ISSUER


def _repository(identity: Identity, host: str) -> str | None:
    if identity.repository:
        named = _glob(identity.repository)
        return named if "://" in identity.repository.text else host + named
    if identity.owner:
        named = _glob(identity.owner)
        return (named if "://" in identity.owner.text else host + named) + "/[^/]+"
    return None


def _signer(pattern: Pattern, host: str) -> str:
    name, at, ref = pattern.text.partition("@")
    expression = as_regex(name) if pattern.form is Form.GLOB else re.escape(name)
    if "://" not in name:
        expression = host + expression
    return f"{expression}@{_part(ref, pattern.form)}" if at else f"{expression}@.+"


def _part(text: str, form: Form) -> str:
    return as_regex(text) if form is Form.GLOB else re.escape(text)


def _workflow(identity: Identity) -> str:
    ref = _glob(identity.ref) if identity.ref else ".+"
    if not identity.workflow:
        return f"[^@]+@{ref}"
    name, at, own = identity.workflow.text.partition("@")
    path = _path_of(name, identity.repository.text if identity.repository else "")
    form = identity.workflow.form
    return f"{_part(path, form)}@{_part(own, form) if at else ref}"


def _path_of(name: str, repository: str) -> str:
    """Return the path in a workflow's name: it may be with its repository, which is said already."""
    _, github, file = name.rpartition(".github/workflows/")
    if github:
        return github + file
    if "//" in name:
        return name.rpartition("//")[2]
    home = repository.partition("://")[2].partition("/")[2] or repository
    return name[len(home) + 1 :] if home and lower(name).startswith(f"{lower(home)}/") else name

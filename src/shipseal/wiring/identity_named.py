"""From the words of a command line, named as gh's and cosign's, to one identity."""

import re
from collections.abc import Iterator

from shipseal.attest.breadth import check_breadth
from shipseal.attest.identity import Identity, identity_with
from shipseal.attest.patterns import Form, Pattern, checked
from shipseal.attest.workflow_names import GITHUB_ISSUER
from shipseal.errors import ConfigError
from shipseal.wiring.identity_words import IdentityWords

_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?")
_REPOSITORY = re.compile(r"[^/\s@]+/[^/\s@]+")
_FIELDS = {
    "certificate_identity": ("subject", "--certificate-identity"),
    "certificate_identity_regexp": ("subject", "--certificate-identity-regexp"),
    "certificate_oidc_issuer": ("issuer", "--certificate-oidc-issuer"),
    "certificate_oidc_issuer_regexp": ("issuer", "--certificate-oidc-issuer-regexp"),
    "workflow_name": ("workflow_name", "--certificate-github-workflow-name"),
    "workflow_ref": ("ref", "--certificate-github-workflow-ref"),
    "workflow_repository": ("repository", "--certificate-github-workflow-repository"),
    "workflow_sha": ("commit", "--certificate-github-workflow-sha"),
    "workflow_trigger": ("trigger", "--certificate-github-workflow-trigger"),
    "repo": ("repository", "--repo"),
    "owner": ("owner", "--owner"),
    "signer_workflow": ("signer", "--signer-workflow"),
    "signer_repo": ("signer", "--signer-repo"),
    "source_ref": ("ref", "--source-ref"),
    "source_digest": ("commit", "--source-digest"),
    "signer_digest": ("signer_digest", "--signer-digest"),
}
_OF_GITHUB = ("repo", "owner", "signer_workflow", "signer_repo", "workflow_repository")


def identity_of(words: IdentityWords) -> Identity:
    """Return the identity that ``words`` name.

    Without an issuer GitHub's is meant where a repository, an owner or a workflow is named, as with gh.

    Raises:
        ConfigError: ``config.invalid``: two words for one thing, or one that cannot be read; ``policy.empty``: the
            identity would let everybody in.
    """
    patterns: dict[str, Pattern] = {}
    options: dict[str, str] = {}
    for field, option, pattern in _patterns(words):
        if field in patterns:
            raise ConfigError(
                f"{options[field]} and {option} exclude each other: both say what {field} must be",
                hint="give one of them",
            )
        patterns[field], options[field] = checked(pattern, what=option), option
    if "repository" in patterns and "owner" in patterns:
        raise ConfigError(
            "--owner and --repo exclude each other", hint="a repository has one owner"
        )
    if words.deny_self_hosted_runners:
        patterns["runner"] = Pattern("github-hosted", Form.EXACT)
    if "issuer" not in patterns and any(getattr(words, name) for name in _OF_GITHUB):
        patterns["issuer"] = Pattern(GITHUB_ISSUER, Form.EXACT)
    identity = identity_with(
        patterns,
        accept_whole_owner=words.accept_whole_owner,
        accept_everyone=words.accept_everyone,
    )
    check_breadth([identity], what="command line")
    return identity


def _patterns(words: IdentityWords) -> Iterator[tuple[str, str, Pattern]]:
    for name, (field, option) in _FIELDS.items():
        text = getattr(words, name)
        if text is not None:
            yield field, option, _pattern(name, option, text)


def _pattern(name: str, option: str, text: str) -> Pattern:
    if name.endswith("_regexp"):
        return Pattern(text, Form.REGEX)
    if name in ("repo", "signer_repo", "workflow_repository") and "://" not in text:
        _check_repository(option, text)
    if name == "signer_repo":
        return Pattern(f"{_glob_free(option, text)}/**", Form.GLOB)
    if name == "signer_workflow":
        return Pattern(_with_scheme(text), Form.EXACT)
    return Pattern(text, Form.EXACT)


def _check_repository(option: str, text: str) -> None:
    if not _REPOSITORY.fullmatch(text):
        raise ConfigError(f"{option} {text[:200]!r}: is no repository", hint="write OWNER/NAME")


def _glob_free(option: str, text: str) -> str:
    if "*" in text:
        raise ConfigError(f"{option} {text[:200]!r}: is no repository", hint="write OWNER/NAME")
    return text.rstrip("/")


def _with_scheme(text: str) -> str:
    """Return ``HOST/OWNER/REPO/PATH`` as a URL; without a host it is left as it is."""
    first = text.partition("/")[0]
    return f"https://{text}" if _HOST.fullmatch(first) else text

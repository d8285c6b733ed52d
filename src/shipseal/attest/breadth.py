"""How many people an identity lets in. One that lets everybody in is refused, unless it says so in so many words.

Certificates are free: everybody can get one from GitHub's, GitLab's or Google's issuer, for a repository or an address
of their own. What keeps others out is only what an identity says about who it is, so that is tried on strangers.
"""

from collections.abc import Iterable
from dataclasses import replace

from shipseal.attest.identity import Identity
from shipseal.attest.patterns import Form, Pattern
from shipseal.errors import Code, ConfigError

_STRANGER = "some-stranger-7f3a"
_STRANGERS: dict[str, tuple[str, ...]] = {
    "subject": (
        f"https://github.com/{_STRANGER}/{_STRANGER}/.github/workflows/release.yml@refs/heads/main",
        f"https://github.com/{_STRANGER}/{_STRANGER}/.github/workflows/publish.yml@refs/tags/v1.0.0",
        f"https://gitlab.com/{_STRANGER}/{_STRANGER}//.gitlab-ci.yml@refs/heads/main",
        f"{_STRANGER}@{_STRANGER}.example",
        f"{_STRANGER}@gmail.com",
    ),
    "repository": (
        f"{_STRANGER}/{_STRANGER}",
        f"https://github.com/{_STRANGER}/{_STRANGER}",
        f"https://gitlab.com/{_STRANGER}/{_STRANGER}",
    ),
    "owner": (_STRANGER, f"https://github.com/{_STRANGER}"),
    "repository_id": ("918273645",),
    "owner_id": ("918273645",),
}
_STRANGE_ISSUERS = (
    f"https://{_STRANGER}.example",
    f"https://accounts.{_STRANGER}.example/oauth",
)
_OWNER_FIELDS = ("owner", "owner_id")
_WHICH_WORKFLOW = ("workflow", "signer", "workflow_name")


def check_breadth(identities: Iterable[Identity], *, what: str) -> tuple[Identity, ...]:
    """Return ``identities`` when none of them lets more people in than it says.

    Args:
        identities: whom a policy trusts.
        what: names where they are written, in errors.

    Raises:
        ConfigError: ``policy.empty``: one matches everybody, or everything of an owner, or takes any issuer's word,
            and does not say so.
    """
    checked = tuple(identities)
    for identity in checked:
        _check(identity, what)
    return checked


def _check(identity: Identity, what: str) -> None:
    if identity.accept_everyone:
        return
    if identity.issuer is None or any(map(identity.issuer.matches, _STRANGE_ISSUERS)):
        raise ConfigError(
            f"{what}: the identity ({identity}) names no issuer, so anybody's word for it would do",
            hint="name the issuer, such as https://token.actions.githubusercontent.com",
            code=Code.POLICY_EMPTY,
        )
    narrow = [name for name in _STRANGERS if _keeps_out(name, getattr(identity, name))]
    if not narrow:
        raise ConfigError(
            f"{what}: the identity ({identity}) matches everybody who can sign in at its issuer",
            hint="name a repository, an owner and a signer, or a subject; "
            "if everybody is meant, say accept_everyone (--accept-everyone)",
            code=Code.POLICY_EMPTY,
        )
    if not identity.accept_whole_owner and _whole_owner(identity, narrow):
        raise ConfigError(
            f"{what}: the identity ({identity}) accepts any workflow of any repository of its owner",
            hint="name the repository, the workflow or the signer; "
            "if all are meant, say accept_whole_owner (--accept-whole-owner)",
            code=Code.POLICY_EMPTY,
        )


def _keeps_out(name: str, pattern: Pattern | None) -> bool:
    if pattern is None:
        return False
    folding = replace(pattern, fold=True)
    return not any(folding.matches(stranger) for stranger in _STRANGERS[name])


def _whole_owner(identity: Identity, narrow: list[str]) -> bool:
    if any(getattr(identity, name) is not None for name in _WHICH_WORKFLOW):
        return False
    of_owner = [name for name in narrow if name in _OWNER_FIELDS]
    others = [name for name in narrow if name not in _OWNER_FIELDS]
    return all(
        name == "repository" and _any_repository(identity.repository) for name in others
    ) and bool(of_owner or others)


def _any_repository(pattern: Pattern | None) -> bool:
    """Return whether a glob leaves open which of an owner's repositories is meant: ``org/*``."""
    if pattern is None or pattern.form is not Form.GLOB:
        return False
    owner, slash, rest = pattern.text.rpartition("/")
    tail = replace(pattern, text=rest)
    return bool(owner and slash) and tail.matches(_STRANGER)

"""How many people an identity lets in. One that lets everybody in is refused, unless it says so in so many words.

Certificates are free: everybody can get one from GitHub's, GitLab's or Google's issuer, for a repository or an address
of their own. What keeps others out is only what an identity says about who it is, so that is tried on strangers
(:mod:`shipseal.attest.strangers`).
"""

from collections.abc import Iterable
from dataclasses import replace

from shipseal.attest.identity import Identity
from shipseal.attest.patterns import Form, Pattern
from shipseal.attest.strangers import (
    STRANGER,
    is_any_workflow,
    lets_any_workflow_in,
    lets_strangers_in,
)
from shipseal.errors import Code, ConfigError

_WHO = ("subject", "repository", "owner", "repository_id", "owner_id")
_OWNER_FIELDS = ("owner", "owner_id")
_WHICH_WORKFLOW = ("workflow", "signer", "workflow_name")
_HINT = (
    "name a repository, an owner and a signer, or a subject, with the owner written out, and a regular expression "
    "from ^https:// to $; if everybody is meant, say accept_everyone (--accept-everyone)"
)


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
    if identity.issuer is None or lets_strangers_in("issuer", identity.issuer):
        raise ConfigError(
            f"{what}: the identity ({identity}) names no issuer, so anybody's word for it would do",
            hint="name the issuer, such as https://token.actions.githubusercontent.com; a regular expression for it "
            "ends with $",
            code=Code.POLICY_EMPTY,
        )
    given = dict(identity.given())
    narrow = [name for name in _WHO if name in given and not lets_strangers_in(name, given[name])]
    if not narrow:
        raise ConfigError(
            f"{what}: the identity ({identity}) matches everybody who can sign in at its issuer",
            hint=_HINT,
            code=Code.POLICY_EMPTY,
        )
    if not identity.accept_whole_owner and _whole_owner(identity, narrow):
        raise ConfigError(
            f"{what}: the identity ({identity}) accepts any workflow of any repository of its owner",
            hint="name the repository, the workflow or the signer; "
            "if all are meant, say accept_whole_owner (--accept-whole-owner)",
            code=Code.POLICY_EMPTY,
        )


def _whole_owner(identity: Identity, narrow: list[str]) -> bool:
    if not all(is_any_workflow(getattr(identity, name)) for name in _WHICH_WORKFLOW):
        return False
    wide = {
        "repository": _any_repository(identity.repository),
        "subject": identity.subject is not None and lets_any_workflow_in(identity.subject),
    }
    return all(name in _OWNER_FIELDS or wide.get(name, False) for name in narrow)


def _any_repository(pattern: Pattern | None) -> bool:
    """Return whether a glob leaves open which of an owner's repositories is meant: ``org/*``."""
    if pattern is None or pattern.form is not Form.GLOB:
        return False
    owner, slash, rest = pattern.text.rpartition("/")
    tail = replace(pattern, text=rest)
    return bool(owner and slash) and tail.matches(STRANGER)

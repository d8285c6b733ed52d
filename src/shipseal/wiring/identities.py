"""From ``verify.identities`` to identities that are trusted."""

from shipseal.attest.breadth import check_breadth
from shipseal.attest.identity import Identity, identity_with
from shipseal.attest.patterns import Form, Pattern
from shipseal.config.identity_model import IdentityRule
from shipseal.config.sections import Verify

_FLAGS = ("accept_whole_owner", "accept_everyone")
# What has no globs: numbers, digests, words of GitHub.
_EXACT = frozenset(
    {"repository_id", "owner_id", "signer_digest", "commit", "trigger", "runner", "workflow_name"}
)


def identities_of(section: Verify, file: str) -> tuple[Identity, ...]:
    """Return the identities that ``section`` names.

    Args:
        section: ``verify:``.
        file: where it stands, for errors.

    Raises:
        ConfigError: ``policy.empty``: one of them lets more people in than it says.
    """
    found = tuple(_identity(rule) for rule in section.identities)
    for number, identity in enumerate(found):
        check_breadth([identity], what=f"{file}: verify.identities[{number}]")
    return found


def _identity(rule: IdentityRule) -> Identity:
    patterns = {
        name: Pattern(text, Form.EXACT if name in _EXACT else Form.GLOB)
        for name in IdentityRule.model_fields
        if name not in _FLAGS and (text := getattr(rule, name)) is not None
    }
    return identity_with(
        patterns,
        accept_whole_owner=rule.accept_whole_owner,
        accept_everyone=rule.accept_everyone,
    )

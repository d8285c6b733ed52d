"""From ``verify.identities`` to identities that are trusted."""

from shipseal.attest.breadth import check_breadth
from shipseal.attest.identity import Identity, identity_with
from shipseal.attest.patterns import Form, Pattern
from shipseal.config.identity_model import IdentityRule
from shipseal.config.sections import Verify
from shipseal.config.vex_model import Vex


def identities_of(
    section: Verify | Vex, file: str, *, name: str = "verify"
) -> tuple[Identity, ...]:
    """Return the identities that ``section`` names.

    Args:
        section: ``verify:``, or another with identities.
        file: where it stands, for errors.
        name: of the section, likewise.

    Raises:
        ConfigError: ``policy.empty``: one of them lets more people in than it says.
    """
    found = tuple(_identity(rule) for rule in section.identities)
    for number, identity in enumerate(found):
        check_breadth([identity], what=f"{file}: {name}.identities[{number}]")
    return found


def _identity(rule: IdentityRule) -> Identity:
    globs = {
        "issuer": rule.issuer,
        "subject": rule.subject,
        "repository": rule.repository,
        "owner": rule.owner,
        "workflow": rule.workflow,
        "signer": rule.signer,
        "ref": rule.ref,
    }
    # What has no globs: numbers, digests, words of GitHub.
    exact = {
        "repository_id": rule.repository_id,
        "owner_id": rule.owner_id,
        "signer_digest": rule.signer_digest,
        "commit": rule.commit,
        "trigger": rule.trigger,
        "runner": rule.runner,
        "workflow_name": rule.workflow_name,
    }
    patterns = {name: Pattern(text) for name, text in globs.items() if text is not None}
    patterns |= {
        name: Pattern(text, Form.EXACT) for name, text in exact.items() if text is not None
    }
    return identity_with(
        patterns,
        accept_whole_owner=rule.accept_whole_owner,
        accept_everyone=rule.accept_everyone,
    )

"""Whether what a token lets us sign would be accepted: asked before anything is signed, and written to a public log.

What a certificate will say follows from the token as far as Fulcio's documentation of its issuers fixes it (page "OIDs
for Fulcio", and its configuration for GitHub and GitLab). Only that is judged here; the rest, and all of it once more,
is verified in the evidence itself.
"""

from collections.abc import Iterable

from shipseal.attest.identity import Identity
from shipseal.attest.interface import Mismatch
from shipseal.attest.oidc import IdentityToken
from shipseal.attest.signer_facts import SignerFacts
from shipseal.errors import AttestError, Code

_GITHUB = "https://github.com"


def check_own_identity(
    token: IdentityToken, identities: Iterable[Identity], server: str = ""
) -> None:
    """Refuse to sign as somebody whose evidence ``verify`` would not accept.

    Args:
        token: who signs.
        identities: who is accepted; any one suffices.
        server: of GitHub; empty for github.com.

    Raises:
        AttestError: ``attest.identity-mismatch``: the token belongs to none of them, whatever else it says.
    """
    facts = _facts(token, server or _GITHUB)
    nearest: tuple[Mismatch, ...] | None = None
    for identity in identities:
        wrong = tuple(one for one in identity.mismatches(facts) if _is_certain(one, token))
        if not wrong:
            return
        if nearest is None or len(wrong) < len(nearest):
            nearest = wrong
    told = "; ".join(
        f"{one.field}: expected {one.expected}, got {one.got}" for one in nearest or ()
    )
    raise AttestError(
        Code.IDENTITY_MISMATCH,
        f"the identity token is of {token}, whose evidence verify.identities does not accept: {told}",
        hint="nothing was signed: release from the workflow and ref that verify.identities names, or name these there",
        context={"issuer": token.issuer, "repository": token.repository, "ref": token.ref},
    )


def _facts(token: IdentityToken, server: str) -> SignerFacts:
    """Return what a certificate for ``token`` says, as far as that is known."""
    is_github = bool(token.signer)
    home = server if is_github else token.issuer.rstrip("/")
    is_person = "@" in token.subject and not token.repository
    return SignerFacts(
        subject=token.subject if is_person else "",
        subject_kind="email" if is_person else "uri",
        issuer=token.issuer,
        signer_uri=f"{server}/{token.signer}" if is_github else "",
        workflow_uri=f"{server}/{token.workflow}" if is_github and token.workflow else "",
        repository_uri=f"{home}/{token.repository}" if token.repository else "",
        ref=token.ref,
    )


def _is_certain(wrong: Mismatch, token: IdentityToken) -> bool:
    """Return whether a certificate cannot but be wrong, too.

    A host is not certain: which one an instance writes for the issuer of a token is its own configuration's choice.
    """
    is_address = "://" in wrong.expected and " " not in wrong.expected
    if not wrong.got or (is_address and wrong.field != "issuer"):
        return False
    if wrong.field == "issuer":
        return not token.federated
    return wrong.field in {"repository", "workflow", "signer", "ref", "subject"}

"""How verifiers other than cosign say whose a signature is: gh, slsa-verifier, notation, skopeo, admission policies."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule

_IDENTITY = Code.IDENTITY_MISMATCH
_MISSING = Code.ATTEST_MISSING
_INVALID = Code.ATTEST_INVALID
_QUOTED = r"assert|^\s*at |^\s*[-+]\s|expect\(|_test\.|should"
"""Sentences that a test compares, and places in code."""

SIGNERS = (
    Rule(
        code=_IDENTITY,
        needs=("expected fingerprint", "fingerprint mismatch", "fingerprint does not", "not match fingerprint"),
        pattern=r"(?:signature|signed|signer|key).*(?:not match (?:the )?(?:expected )?fingerprint ?(?P<want>\w+)?"
        r"|fingerprint (?:mismatch|does not match))",
        unless=rf"{_QUOTED}|ssh|host key",
        cause="another key signed than {want|the expected one}",
        weight=CERTAIN,
    ),
    Rule(
        code=_IDENTITY,
        needs=("untrusted",),
        pattern=r"\buntrusted (?:reusable workflow|builder|signer|issuer|workflow"
        r"|(?:signing )?identity)\b(?:: (?P<got>\S+))?",
        unless=_QUOTED,
        cause="the evidence was made by {got|somebody} whom the policy does not trust",
        weight=CERTAIN,
    ),
    Rule(
        code=_IDENTITY,
        needs=("trusted identities", "trusted signer", "trusted identity"),
        pattern=r"(?:not match|none of|not (?:produced|signed) by|no)\b.*trusted (?:identities|signer|identity)",
        unless=_QUOTED,
        cause="the certificate of the signature is none of the identities that the trust policy names",
        weight=CERTAIN + 5,
    ),
    Rule(
        code=_IDENTITY,
        needs=("subject mismatch", "issuer mismatch", "extension mismatch", "identity mismatch",
               "does not match expected"),
        pattern=r"\b(?:subject|issuer|extension|identity) mismatch\b[:,]? .*expected (?P<want>\S+?),? "
        r"(?:received|got|found) (?P<got>\S+)"
        r"|(?:signer|issuer|signing identity|oidc issuer|builder|workflow)\b.{0,200}does not match expected",
        unless=_QUOTED,
        cause="the signature is somebody else's: expected {want|another identity}, got {got|this one}",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_IDENTITY,
        needs=("not match provenance", "not match expected"),
        pattern=r"(?:branch|tag|source|builder|workflow inputs?) used to generate the binary does not match provenance"
        r"|slsa verification failed:.*(?:does not match expected|mismatch)",
        unless=_QUOTED,
        cause="the provenance is of another builder, source or tag than the expected one",
        weight=CLEAR,
    ),
)  # fmt: skip

ABSENT = (
    Rule(
        code=_MISSING,
        needs=("matched the predicate", "no attestation", "matching attestation"),
        pattern=r"none of the attestations matched the predicate|no attestations? (?:of|with|for) (?:the )?predicate"
        r"|no attestations? match",
        unless=_QUOTED,
        cause="the image carries attestations, and none of this kind",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_MISSING,
        needs=("signature was required", "trust data", "no signature is associated"),
        pattern=r"a signature was required, but no signature exists|no valid trust data for"
        r"|remote trust data does not exist|no signature is associated with",
        unless=_QUOTED,
        cause="the image carries no signature",
        weight=CERTAIN,
    ),
    Rule(
        code=_MISSING,
        needs=("found for digest", "attestations found"),
        pattern=r"(?:could not find|no|0) (?:any )?(?:attestations?|signatures?) (?:were "
        r"|was )?found for (?:digest|image|subject)",
        unless=_QUOTED,
        cause="there is no such evidence for this digest",
        weight=CLEAR,
    ),
)  # fmt: skip

UNSOUND = (
    Rule(
        code=_INVALID,
        needs=("valid signature entry", "none of the signatures", "invalid gpg signature", "integrity"),
        pattern=r"could not find a matching valid signature entry|none of the signatures were accepted"
        r"|source image rejected: invalid gpg signature"
        r"|(?:signature|notation|envelope).*integrity (?:check|validation) failed",
        unless=_QUOTED,
        cause="there is a signature and it does not hold",
        weight=CLEAR + 5,
    ),
    Rule(
        code=_INVALID,
        needs=("signature is invalid", "invalid signature"),
        pattern=r"(?:image|bundle|attestation|provenance|dsse|envelope|slsa verification failed|admission webhook)"
        r".*(?:signature is invalid|invalid signature\b)",
        unless=rf"{_QUOTED}|gpg|apt|jwt|commit",
        cause="there is a signature and it does not hold",
        weight=LIKELY + 10,
    ),
)  # fmt: skip

RULES = (*SIGNERS, *ABSENT, *UNSOUND)

"""Evidence: missing, invalid, of somebody else, about something else, there already, too large."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, Rule
from shipseal.runbook.rules.places import ATTESTING

_INVALID = Code.ATTEST_INVALID

MISSING = (
    Rule(
        code=Code.ATTEST_MISSING,
        needs=("manifest unknown", "manifest_unknown", "not found"),
        pattern=r"(?:manifests/|tag:)sha256-[0-9a-f]{64}.*(?:manifest.unknown|not found)",
        cause="the image carries no signature: the tag under which it would lie is not there",
        weight=CERTAIN + 5,
    ),
    Rule(
        code=Code.ATTEST_MISSING,
        needs=(
            "no matching attestations",
            "no matching signatures",
            "no signatures found",
            "no attestations found",
            "found no attestations",
            "no signature found",
        ),
        pattern=r"no matching (?P<kind>attestations|signatures)\b|no (?:signatures?|attestations"
        r"|provenance)(?: \w+)? found(?: for (?P<what>.+))?|found no attestations",
        unless=r"invalid signature|failed to verify|verifying|none of the expected|not found in transparency"
        r"|threshold|expected identities",
        cause="the image carries no such evidence: {kind|}{what|}",
        weight=CLEAR - 5,
    ),
    Rule(
        code=_INVALID,
        needs=("error: verifying with issuer",),
        pattern=r"^error: verifying with issuer \"[^\"]*\"$",
        cause="there are attestations, and none of them verifies",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.ATTEST_MISSING,
        needs=("/attestations/sha256",),
        pattern=r"404.*?/attestations/(?P<digest>sha256\S{0,80}?)[)?\s]",
        cause="GitHub has no attestation for this digest",
        weight=CERTAIN,
    ),
)

INVALID = (
    Rule(
        code=_INVALID,
        needs=(
            "invalid signature when validating",
            "not found in transparency log",
            "accepted signatures do not match threshold",
            "signature verification failed",
            "failed to verify signature",
            "signature mismatch",
        ),
        pattern=r"invalid signature when validating|signature not found in transparency log"
        r"|accepted signatures do not match threshold"
        r"|(?:bundle|cosign|attestation|dsse|envelope|image|error|rekor).*(?:signature verification failed"
        r"|failed to verify signature|verification error)"
        r"|^(?:crypto/rsa: verification error|failed to verify signature(?!.*digest).*)",
        unless=r"digest|gpg|apt|deb |rpm|commit|jar|jwt",
        cause="there is a signature and it does not hold: another key signed, or the content was altered",
        weight=CERTAIN,
    ),
    Rule(
        code=_INVALID,
        needs=("x509:",),
        pattern=r"^(?:\s*)x509: certificate|failed to verify (?:leaf )?certificate|verifying (?:leaf )?certificate",
        after=r"no matching (?:signatures|attestations)",
        cause="the signer's certificate does not lead to the trust root that is used",
        weight=CERTAIN,
    ),
    Rule(
        code=_INVALID,
        needs=(
            "inclusion proof",
            "inclusion promise",
            "not met",
            "unable to verify",
            "failed to",
            "error verifying",
            "invalid ",
            "could not verify",
            "leaf certificate",
            "verify signing certificate",
        ),
        pattern=r"(?:verif\w+|invalid|mismatch|failed|error|not)[^.]*(?:(?:inclusion (?:proof"
        r"|promise)|verifying inclusion|log inclusion)|signed entry timestamp|leaf certificate"
        r"|signing certificate|log entry body)"
        r"|(?:error|failed) .*(?:verifying|parsing|unmarshal\w*|loading) (?:the )?(?:sigstore )?bundle"
        r"|threshold not met for verified (?:log entry|signed timestamps|timestamp)[^:]*"
        r"|unable to verify (?:bundle|attestation|signature)|could not verify envelope",
        unless=r"\b50[0-4]\b|no such host|connection refused|certificate identity: |webpack"
        r"|app bundle|create-react|no matching certificateidentity",
        cause="there is evidence and it does not verify",
        weight=CLEAR - 5,
    ),
)

IDENTITY = (
    Rule(
        code=Code.IDENTITY_MISMATCH,
        needs=("none of the expected identities",),
        pattern=r"none of the expected identities matched what was in the certificate(?:, got subjects \[(?P<g"
        r"ot>[^\]]*)\])?(?: with issuer (?P<issuer>\S+))?",
        cause="the signature is somebody else's: {got|not the expected identity} {issuer|}",
        weight=CERTAIN + 5,
    ),
    Rule(
        code=Code.IDENTITY_MISMATCH,
        needs=("certificateidentity", "certificate identity"),
        pattern=r"(?:no matching certificateidentity|failed to verify certificate identity).*?(?:expected (?P<w"
        r"ant>.*?),? (?:got"
        r"|to be) (?P<got>.*))?$",
        cause="the signature is somebody else's: expected {want|another identity}, got {got|this one}",
        weight=CERTAIN + 5,
    ),
    Rule(
        code=Code.IDENTITY_MISMATCH,
        needs=(
            "expected sourcerepository",
            "certificate's",
            "expected buildsigner",
            "expected runner",
            "expected issuer",
            "expected oidc issuer",
        ),
        pattern=r"expected (?P<want>(?:SourceRepository|BuildSigner"
        r"|RunnerEnvironment|Issuer)\w* to be .*?), got (?P<got>.*)"
        r"|certificate's (?:SANs?|OIDC issuer) (?:do|does) not match (?P<name>\S+).*"
        r"|expected (?:oidc )?issuer (?:value )?\S+(?: .*)?got",
        cause="the signature is somebody else's: {want|the certificate is for another name}, got {got|that one}",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.IDENTITY_MISMATCH,
        needs=("does not match provenance", "expected source", "expected builder"),
        pattern=r"expected (?:builder|source|.*builder id)\b.*"
        r"|source used to generate the binary does not match provenance",
        step=ATTESTING,
        cause="the evidence is of another builder or repository than the expected one",
        weight=CLEAR,
        unless="assert|^\\s*at ",
        after=r"slsa|verif",
    ),
)

SUBJECT = (
    Rule(
        code=Code.WRONG_SUBJECT,
        needs=(
            "not match any digest",
            "not match digests in",
            "subject digest",
            "not match any subject",
            "expected hash",
            "subject does not match",
        ),
        pattern=r"artifact digests? (?:does|do) not match (?:any )?digests? in statement|no matching subject digest"
        r"|subject digest (?:mismatch|does not match)"
        r"|match any subject|expected hash '?(?P<want>\w+)'? not found|subject does not match",
        cause="the evidence is about another digest than this image",
        weight=CERTAIN,
    ),
)

STORING = (
    Rule(
        code=Code.ATTEST_CONFLICT,
        needs=("equivalent entry already exists", "createlogentryconflict"),
        pattern=r"equivalent entry already exists|createlogentryconflict",
        cause="the transparency log has this entry already (409)",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.SBOM_TOO_LARGE,
        needs=("exceeds maximum allowed size", "exceeds the maximum allowed size"),
        pattern=r"(?:predicate|attestation|bundle|sbom|file).*exceeds (?:the )?maximum allowed size(?:: (?P<l"
        r"imit>\d+) bytes)?"
        r"|(?:exceed|larger|max).*16777216",
        cause="the SBOM is larger than the store takes ({limit|16777216} bytes)",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.SBOM_TOO_LARGE,
        needs=("too large",),
        pattern=r"\b413\b.*(?:too large)|payload too large|body too large|request entity too large"
        r"|predicate.*too large|attestation.*too large",
        step=ATTESTING,
        named=True,
        cause="what should be attested is larger than the store takes (413)",
        weight=CLEAR,
    ),
    Rule(
        code=Code.SBOM_TOO_LARGE,
        needs=("too large",),
        pattern=r"(?:persist|create|creating|upload|store).*attestation.*too large|(?:rekor|tlog"
        r"|log entr|attest).*\b413\b.*too large|\b413\b.*(?:rekor|attest).*too large",
        cause="what should be attested is larger than the store takes (413)",
        weight=CLEAR,
    ),
    Rule(
        code=Code.OIDC_PERMISSION,
        needs=(
            "error processing the identity token",
            "error verifying identity token",
            "invalid audience",
        ),
        pattern=r"error (?:processing|verifying) (?:the )?identity token|(?:token|audience).*invalid audience"
        r"|unexpected audience",
        cause="the signing service does not accept the identity token: wrong audience, issuer or time",
        next=("check the token's audience: it has to be sigstore",),
        weight=CLEAR,
    ),
)

RULES = (*MISSING, *INVALID, *IDENTITY, *SUBJECT, *STORING)

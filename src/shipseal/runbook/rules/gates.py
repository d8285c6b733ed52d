"""How scanners say that what they found is too much, and SBOMs that are empty or too large for a tool."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule

_GATE = Code.GATE_FAILED
_REPORTED = (
    r"tested \d+ dependenc\w+ for known (?:issues|vulnerabilities), found [1-9]"
    r"|detected \d+ vulnerable packages?|contains? [1-9]\d* (?:unapproved )?vulnerabilit"
)
_REPORT = rf"{_REPORTED}|found [1-9]\d* (?:\w+ ){{0,2}}vulnerabilit"
"""What reports of Snyk, Docker Scout, Clair and others end with."""
_EXIT = r"(?:exit(?:ed)?(?: with)?(?: code| status)?|exit code|status)[: ]+[1-9]\d*\b"
_ABOUT = r"snyk|scout|clair|scan|image|container"
_AUDIT = r"npm audit|yarn|pnpm|cargo|bundler|pip-audit|\bno (?:critical|high)|\b0 vulnerab"

RULES = (
    Rule(
        code=_GATE,
        needs=("vulnerabilities at or above the",),
        pattern=r"discovered vulnerabilities at or above the",
        cause="the scan found vulnerabilities at or above the threshold",
        weight=CERTAIN - 5,
    ),
    Rule(
        code=_GATE,
        needs=("found a vulnerability", "vulnerabilities found", "found vulnerabilities", "vulnerabilities with"),
        pattern=r"found (?:an? )?vulnerabilit(?:y|ies)\b.*\b(?:equal|higher|greater|above"
        r"|exceed\w*)\b.*(?:severity|threshold|level)"
        r"|vulnerabilit(?:y|ies) (?:were )?found.*(?:severity|threshold|level)\b.*(?:or (?:higher|above)|exceed)"
        r"|vulnerabilit(?:y|ies) with (?:a )?severity .*(?:or (?:higher|above)|at least).*(?:found|detected|fail)",
        unless=_AUDIT,
        cause="the scan found vulnerabilities at or above the threshold",
        weight=CLEAR,
    ),
    Rule(
        code=_GATE,
        needs=("threshold check results: fail", "policy evaluation", "policy status",
               "policies evaluation", "evaluation: fail"),
        pattern=r"(?:vulnerability|compliance) threshold check results: fail"
        r"|polic(?:y|ies) (?:evaluation|status)(?: result)?\W{0,3}(?:fail(?:ed)?|stop)\b|^(?:policy )?evaluation: fail",
        unless=r"\bopa\b|terraform|conftest",
        cause="the scanner's policy does not let this image pass",
        weight=CLEAR,
    ),
    Rule(
        code=_GATE,
        needs=("unapproved vulnerabilities",),
        pattern=r"contains? (?P<number>[1-9]\d*) unapproved vulnerabilities",
        cause="the image has {number|} vulnerabilities that nobody approved",
        weight=CLEAR,
    ),
    Rule(
        code=_GATE,
        needs=("issues, found", "vulnerable package", "vulnerabilit"),
        pattern=_REPORT,
        after=_EXIT,
        unless=rf"{_AUDIT}|warning",
        cause="the scan found vulnerabilities that its settings do not allow",
        weight=LIKELY,
    ),
    Rule(
        code=_GATE,
        needs=("exit code", "exit status"),
        pattern=_EXIT,
        step=_ABOUT,
        after=_REPORTED,
        unless=r"137|127",
        cause="the scan found vulnerabilities that its settings do not allow",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.SBOM_TOO_LARGE,
        needs=("exceeds ", "larger than", "exceed the"),
        pattern=r"(?:sbom|spdx|cyclonedx|\bbom|predicate|provenance|attestation|in-toto)\S*"
        r"(?: (?:file|size|document|json))*:? .{0,80}?(?:exceeds?|(?:is )?larger than) (?:the )?(?:\w+ ){0,4}?"
        r"(?:limit|maximum|size|(?P<limit>\d{5,}|\d+ ?[kmg]i?b))",
        unless=r"rate.?limit|time limit|timeout|expect|\.m?[jt]sx?\b|bundle size|chunk",
        cause="the SBOM is larger than this tool takes {limit|}",
        weight=CLEAR,
    ),
    Rule(
        code=Code.SBOM_INCOMPLETE,
        needs=("wrote 0 package", "no packages", "sbom is empty", "empty sbom"),
        pattern=r"wrote 0 package elements|\bsbom\b.*\b(?:is empty|(?:has|contains) no (?:packages|components))"
        r"|no packages (?:were )?(?:found|discovered|catalog\w+) .*\b(?:sbom|image)|(?:error|failed).*empty sbom",
        cause="the SBOM lists no package at all",
        weight=CLEAR,
    ),
    Rule(
        code=Code.CATALOG_FAILED,
        needs=("no sbom ",),
        pattern=r"^(?:error: )?no sbom (?:was |has been |could be )?(?:generated|created|produced)",
        cause="no SBOM was made: the line before says why",
        weight=CLEAR - 5,
    ),
)  # fmt: skip

"""SBOMs and scans."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule

_SYFT = r"sbom|syft|catalog|scan|grype|trivy"
_DATABASE = Code.DB_UNAVAILABLE

SBOM = (
    Rule(
        code=Code.SBOM_TIMEOUT,
        needs=("deadline exceeded", "timed out", "timeout"),
        pattern=r"(?:catalog\w*|sbom|syft)\b.*(?:context deadline exceeded|timed out|timeout (?:exceeded"
        r"|reached|after)|\btimed?-?out\b)"
        r"|(?:context deadline exceeded|timed out).*(?:catalog|sbom|syft)",
        unless=r"client\.timeout|dial tcp|i/o timeout|get \"?http|=\"?\d|timeout[=:]|attest",
        cause="the catalogue was not ready in its time",
        weight=CERTAIN - 5,
    ),
    Rule(
        code=Code.SBOM_TIMEOUT,
        needs=("context deadline exceeded", "has timed out after"),
        pattern=r"context deadline exceeded|the action '?(?P<step>[^']*)'? has timed out after (?P<minutes>\d+) m"
        r"inutes",
        step=r"sbom|syft|catalog",
        named=True,
        unless=r"client\.timeout|dial tcp|https?://",
        cause="the catalogue was not ready in its time",
        weight=CLEAR,
    ),
    Rule(
        code=Code.SBOM_TIMEOUT,
        needs=("deadline exceeded",),
        pattern=r"(?:image scan error|analy[sz]e error|failed analysis|walk error).*context deadline exceeded",
        cause="the analysis of the image was not ready in its time",
        next=("trivy image --timeout 30m IMAGE",),
        weight=CERTAIN,
    ),
    Rule(
        code=Code.SBOM_TIMEOUT,
        needs=("timeout: sending signal",),
        pattern=r"timeout: sending signal \w+ to command .*(?:syft|sbom)",
        cause="the catalogue was not ready in its time",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.CATALOG_FAILED,
        needs=(
            "failed to catalog",
            "unable to catalog",
            "failed to generate sbom",
            "failed to run task",
            "could not catalog",
            "failed to create sbom",
        ),
        pattern=r"(?:failed to|unable to|could not) catalog(?:ue)?\b(?:: (?P<why>.*))?|failed to (?:generate"
        r"|create) sbom(?:: (?P<what>.*))?|failed to run task.*catalog",
        unless=r"deadline exceeded|timed out|database|product catalog|\bapi\b",
        cause="Syft could not list what is in the image: {why|}{what|}",
        weight=CLEAR,
    ),
    Rule(
        code=Code.CATALOG_FAILED,
        needs=("could not determine source",),
        pattern=r"could not determine source.*?attempting to resolve '?(?P<image>[^':\s]*+).*(?:from tarball"
        r"|oci-dir|oci-archive|docker-archive|unable to (?:read|parse|load|untar))",
        unless=r"unauthorized|denied|\b40[134]\b|no such host|refused|no such file|toomanyrequests"
        r"|x509|no space|unsupported media|unknown|deadline",
        cause="Syft could not read {image|the image}: it is damaged, cut off, or no image",
        weight=CLEAR + 5,
    ),
    Rule(
        code=Code.CATALOG_FAILED,
        needs=(
            "could not determine source",
            "error occurred attempting",
            "errors occurred attempting",
            "unable to decode sbom",
            "sbom format not recognized",
        ),
        pattern=r"could not determine source|errors? occurred attempting to resolve '?(?P<image>[^':\s]*)"
        r"|unable to decode sbom|sbom format not recognized",
        cause="what should be catalogued cannot be read: {image|see the lines}",
        weight=LIKELY,
    ),
)

GATE = (
    Rule(
        code=Code.GATE_FAILED,
        needs=("severity threshold", "minimum severity level", "failed severity"),
        pattern=r"discovered vulnerabilities at or above the severity threshold"
        r"|failed minimum severity level(?:\. found vulnerabilities with level '(?P<level>\w+)')?"
        r"|vulnerabilit\w+ .*(?:at or )?above .*severity threshold",
        cause="the scan found vulnerabilities at or above the threshold {level|}",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.GATE_FAILED,
        needs=("process completed with exit code", "failed with exit code", "exit status"),
        pattern=r"(?:process completed|failed) with exit code [1-9]|exit status [1-9]",
        step=r"trivy|scan|scout|vulnerab",
        after=r"^total: \d+ \(.*(?:critical|high): [1-9]|\b[1-9]\d* (?:critical|high)\b.*vulnerab"
        r"|vulnerabilit\w+ found",
        cause="the scan found vulnerabilities that its settings do not allow",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.GATE_FAILED,
        needs=("vulnerabilities found", "found vulnerabilities"),
        pattern=r"(?:^|error:? ).*(?:critical|high)\w* (?:severity )?vulnerabilities found.*(?:fail"
        r"|block|exit)|(?:fail\w*|block\w*|exit\w*).*(?:found|contains) (?:critical|high) vulnerabilities",
        unless=r"npm audit|yarn|0 vulnerab|no (?:critical|high)",
        cause="the scan found vulnerabilities that its settings do not allow",
        weight=LIKELY,
    ),
)

DATABASE = (
    Rule(
        code=Code.DB_STALE,
        needs=("vulnerability database was built", "vulnerability database is too old"),
        pattern=r"database was built (?P<age>.{1,80}?) ago \(max allowed age is (?P<most>[^)]{1,80})\)"
        r"|vulnerability database .*(?:too old|older than)",
        cause="the vulnerability database is {age|too} old; at most {most|a few days} are allowed",
        weight=CERTAIN + 5,
    ),
    Rule(
        code=_DATABASE,
        needs=("vulnerability d", "failed to load vulnerability", "database does not exist"),
        pattern=r"(?:failed to load|unable to (?:update|load|download|check|open|activate|get"
        r"|fetch|import)|could not (?:load|update|download)|failed to (?:download|update"
        r"|open|fetch)"
        r"|error updating) (?:the )?(?:new )?vulnerability (?:db|database)(?:: (?P<why>.*))?"
        r"|(?:vulnerability|grype|db).*database does not exist",
        unless=r"max allowed age|toomanyrequests|rate limit|\b429\b|no space left",
        cause="there is no vulnerability data to scan with: {why|none could be loaded}",
        weight=CERTAIN,
    ),
    Rule(
        code=_DATABASE,
        needs=(
            "db could not be loaded",
            "db error",
            "unable to update db",
            "failed to load db",
            "database metadata not found",
            "vulnerability db metadata",
        ),
        pattern=r"db could not be loaded|(?:init error: |fatal.*)db error: (?P<why>.*)|(?:unable"
        r"|failed) to (?:update|load) (?:db|database)\b.*(?:grype|vulnerab|listing|metadata)"
        r"|(?:database|vulnerability db) metadata not found",
        unless=r"max allowed age|toomanyrequests|rate limit|\b429\b|no space left|jav",
        cause="there is no vulnerability data to scan with: {why|none could be loaded}",
        weight=CLEAR + 10,
    ),
    Rule(
        code=_DATABASE,
        needs=("failed to", "error"),
        pattern=r"failed to download (?:the )?java ?db|(?:failed|unable|error).*trivy-(?:java-)?db",
        unless=r"toomanyrequests|rate limit|\b429\b|no space left",
        cause="there is no vulnerability data to scan with: Trivy's database could not be fetched",
        weight=CLEAR,
    ),
)

RULES = (*SBOM, *GATE, *DATABASE)

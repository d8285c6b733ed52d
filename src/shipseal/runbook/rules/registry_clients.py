"""How registries' refusals read in oras, helm, skopeo, Trivy, podman and plain HTTP clients."""

from shipseal.errors import Code
from shipseal.runbook.rule import CERTAIN, CLEAR, LIKELY, Rule, again
from shipseal.runbook.rules.places import API, HOST, URL

RULES = (
    Rule(
        code=Code.REGISTRY_UNAUTHORIZED,
        needs=("basic credential not found", "401 client error", "status code 401"),
        pattern=rf"basic credential not found|401 client error: unauthorized for url: {API}"
        rf"|{again(URL)}/\S*token\S*: unexpected status code 401",
        cause="{host|the registry} wants credentials, and got none, wrong or expired ones (401)",
        weight=CLEAR,
    ),
    Rule(
        code=Code.REGISTRY_DENIED,
        needs=("denied",),
        pattern=r"(?:writing (?:manifest|blob)|uploading (?:manifest"
        r"|blob|layer)|trying to reuse blob|initiating layer upload).*: denied\.?$",
        cause="the registry does not allow this (denied)",
        weight=CLEAR,
    ),
    Rule(
        code=Code.IMAGE_NOT_FOUND,
        needs=("not found",),
        pattern=r"^(?:error: )?(?:failed to resolve \S+: )?(?P<image>[a-z0-9.-]+(?::\d+)?(?:/[\w.-]+)+(?::[\w.-]+"
        r"|@sha256:\w+)): not found$",
        cause="{image|the image} does not exist in its registry",
        weight=CLEAR,
    ),
    Rule(
        code=Code.IMAGE_NOT_FOUND,
        needs=("status code 404", "unable to find the specified image", "not resolve to an alias"),
        pattern=rf"{API}(?P<path>\S+?)/(?:manifests|blobs|tags)\S* unexpected status code 404"
        r"|unable to find the specified image \"?(?P<image>[^\s\"]+)"
        r"|short-name \"(?P<image2>[^\"]+)\" did not resolve to an alias",
        cause="the image {image|}{path|} is not there, or not under that name",
        weight=CLEAR,
    ),
    Rule(
        code=Code.PLATFORM_MISSING,
        needs=("no matching platform", "could not find image for"),
        pattern=r"no matching platform:? ?(?P<platform>[\w/]+)?"
        r"|could not find image for platform (?P<platform2>[\w/]+)",
        cause="the image has no {platform|such platform}",
        weight=CLEAR,
    ),
    Rule(
        code=Code.FORMAT_UNSUPPORTED,
        needs=("index.json: no such file", "oci-layout: no such file", "oci-layout: invalid "),
        pattern=r"(?:index\.json|oci-layout): (?:no such file|unexpected end|invalid)",
        cause="what should be an OCI layout is none",
        weight=CLEAR - 5,
    ),
    Rule(
        code=Code.DIGEST_MISMATCH,
        needs=("mismatched digest", "content size mismatch", "size mismatch"),
        pattern=r"mismatched digest|(?:content|blob|layer|manifest) size mismatch",
        cause="bytes do not have the digest or size that they were asked for by",
        weight=CLEAR,
    ),
    Rule(
        code=Code.ATTEST_MISSING,
        needs=("entity not found in registry",),
        pattern=rf"entity not found in registry(?: {HOST})?",
        cause="the registry holds no such evidence",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.DB_UNAVAILABLE,
        needs=("vulnerability database", "unable to get db"),
        pattern=r"^(?:error )?unable to check for vulnerability database"
        r"|vulnerability database is (?:invalid|corrupt"
        r"|missing)"
        r"|unable to get db: |no vulnerability database",
        cause="there is no vulnerability data to scan with",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.ATTEST_INVALID,
        needs=(
            "bundle verification failed",
            "could not verify certificate",
            "failed to parse bundle",
            "verify certificate: x509",
        ),
        pattern=r"bundle verification failed|^error: could not verify certificate|failed to parse bundle"
        r"|^(?:error: )?failed to verify (?:leaf )?certificate: x509",
        unless=r"tls:|https?://",
        cause="there is evidence and it does not verify",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.WRONG_SUBJECT,
        needs=("has no subject for digest", "no subject for digest"),
        pattern=r"no subject for digest",
        cause="the evidence is about another digest than this image",
        weight=CERTAIN,
    ),
    Rule(
        code=Code.GITHUB_DENIED,
        needs=("not accessible by", "access to repository not granted"),
        pattern=r"^(?:gh: )?graphql: resource not accessible|write access to repository not granted"
        r"|must have admin rights to repository",
        cause="GitHub does not let this token do that",
        weight=CLEAR + 5,
    ),
    Rule(
        code=Code.GITHUB_REFUSED,
        needs=("remote rejected",),
        pattern=r"\[remote rejected\].*\((?:protected branch|push declined|cannot)",
        cause="GitHub refuses the push: a rule protects the branch",
        weight=LIKELY + 10,
    ),
    Rule(
        code=Code.KEY_DENIED,
        needs=("permission denied",),
        pattern=r"^\* permission denied$",
        after=r"/v1/transit|public key|signerverifier|making api request",
        cause="the key service does not let this job use the key",
        weight=CLEAR,
    ),
    Rule(
        code=Code.KEY_DENIED,
        needs=(
            "denied",
            "forbidden",
            "not authorized",
            "decryption failed",
            "error: pkcs11",
            "error: ckr_pin",
        ),
        pattern=r"(?P<what>awskms|kms:\w++|cloudkms\.\w++|azurekms"
        r"|gcpkms|hashivault|vault).*(?:denied|forbidden"
        r"|not authorized|code: 403)"
        r"|\b(?P<pin>ckr_pin_\w+)|(?:decrypt|private key|cosign).*decryption failed",
        cause="the key cannot be used with these rights or this password {what|}{pin|}",
        weight=CERTAIN,
    ),
)

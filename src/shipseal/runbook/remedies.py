"""What to do about each failure, where a rule knows nothing better, and whether trying again can help."""

from collections.abc import Mapping

from shipseal.errors import Code

_FORK = ("nothing: after the merge the release runs with its rights",)

NEXT: Mapping[Code, tuple[str, ...]] = {
    Code.OIDC_PERMISSION: (
        "permissions: {id-token: write, contents: read}  # at the job, and at the job that calls a reusable workflow",
        "shipseal doctor workflow .github/workflows/*.yml",
    ),
    Code.ATTESTATIONS_PERMISSION: (
        "permissions: {attestations: write, id-token: write, contents: read}  # at the job, and at its caller",
        "env: {GH_TOKEN: '${{ github.token }}'}  # where shipseal or gh stores them",
        "shipseal doctor workflow .github/workflows/*.yml",
    ),
    Code.KEY_DENIED: ("shipseal key show KEY", "give the job the right to sign with this key"),
    Code.REGISTRY_UNAUTHORIZED: ("docker login REGISTRY", "shipseal doctor"),
    Code.REGISTRY_DENIED: (
        "permissions: {packages: write}  # for ghcr.io, and the repository needs write"
        " access in the package's settings",
        "on Docker Hub: an access token with Read & Write, and an account that may push there",
        "shipseal doctor",
    ),
    Code.GITHUB_DENIED: (
        "gh auth status",
        "where it attests: permissions: {attestations: write, id-token: write, contents: read}",
        "else grant the job what the step does: contents, issues, pull-requests, packages: write",
    ),
    Code.GITHUB_REFUSED: ("do what GitHub's words say, then run the same command again",),
    Code.FORK_NO_PERMISSIONS: _FORK,
    Code.IMAGE_NOT_FOUND: (
        "crane manifest IMAGE",
        "needs: [the job that pushes it]  # at the job that reads it",
        "docker login REGISTRY  # many registries say `not found` for what is private",
    ),
    Code.PLATFORM_MISSING: (
        "docker buildx imagetools inspect IMAGE",
        "build it for all platforms: docker buildx build --platform linux/amd64,linux/arm64 --push .",
    ),
    Code.FORMAT_UNSUPPORTED: (
        "skopeo inspect --raw docker://IMAGE",
        "rebuild the image, or convert it",
    ),
    Code.DIGEST_MISMATCH: (
        "crane digest IMAGE",
        "compare with another registry, then push again without cache",
    ),
    Code.TAG_EXISTS: ("release under a new version: shipseal release --version NEXT",),
    Code.CATALOG_FAILED: (
        "crane validate --remote IMAGE",
        "syft -v IMAGE",
        "try another version of Syft",
    ),
    Code.SBOM_TIMEOUT: (
        "timeouts: {catalogue: 30m}  # in shipseal.yaml",
        "shipseal sbom generate IMAGE",
    ),
    Code.SBOM_TOO_LARGE: (
        "shipseal sbom size SBOM",
        "shipseal sbom trim SBOM -o trimmed.spdx.json",
        "shipseal sbom limits",
    ),
    Code.SBOM_INCOMPLETE: ("syft -v IMAGE", "keep the package database in the image"),
    Code.GATE_FAILED: (
        "shipseal scan IMAGE --fail-on critical",
        "update the package that the scan names, or the base image",
        "shipseal ignore add CVE  # an exception with owner, reason and end",
    ),
    Code.GATE_UNDECIDED: (
        "shipseal gate explain VERSION",
        "use data that covers these packages: shipseal db update",
    ),
    Code.DB_UNAVAILABLE: ("shipseal db update", "grype db update", "grype db status"),
    Code.DB_STALE: ("grype db update", "shipseal db update", "date -u"),
    Code.ATTEST_MISSING: (
        "shipseal verify IMAGE --explain",
        "cosign tree IMAGE",
        "copy the image with its evidence: shipseal copy FROM TO",
    ),
    Code.ATTEST_INVALID: ("do not use the image", "shipseal verify IMAGE --explain"),
    Code.IDENTITY_MISMATCH: (
        "compare what was expected with what the certificate says, in the line above",
        "shipseal verify IMAGE --explain",
    ),
    Code.WRONG_SUBJECT: (
        "verify by digest: shipseal verify IMAGE@sha256:… --explain",
        "crane digest IMAGE",
    ),
    Code.ATTEST_CONFLICT: (
        "look at what is there; an equal entry counts as done",
        "shipseal release resume",
    ),
    Code.POLICY_EMPTY: ("name an identity or a key under verify: in shipseal.yaml",),
    Code.RELEASE_LOCKED: (
        "shipseal release show",
        "shipseal release abort  # only when the other run is dead",
    ),
    Code.CONFIG_INVALID: ("shipseal config check",),
    Code.SERVICE_OUTAGE: (
        "shipseal status-pages",
        "run the failed job again when it is over: gh run rerun RUN --failed",
    ),
    Code.RATE_LIMITED: (
        "docker login  # limits of anonymous users are lower",
        "wait as long as the answer says, then: gh run rerun RUN --failed",
    ),
    Code.NETWORK_UNREACHABLE: (
        "getent hosts HOST",
        "env | grep -i proxy",
        "gh run rerun RUN --failed  # when the network was away for a moment",
    ),
    Code.TLS_UNTRUSTED: (
        "openssl s_client -connect HOST:443 -showcerts",
        "install the authority's certificate on the runner, and for the daemon: /etc/docker/certs.d/HOST/ca.crt",
        "date -u",
    ),
    Code.DISK_FULL: (
        "df -h; df -i",
        "docker system prune -af; shipseal release gc",
        "TMPDIR=/a/larger/disk  # Syft unpacks images there",
    ),
    Code.OUT_OF_MEMORY: (
        "give the job a larger runner, or do fewer platforms at once (limits: {parallel: 1})",
        "dmesg | grep -i 'killed process'",
    ),
    Code.TOOL_MISSING: ("install the program, or name it in shipseal.yaml", "shipseal doctor"),
    Code.TOOL_CRASHED: (
        "run the command alone with its debug option",
        "try another version of the tool",
    ),
    Code.UNKNOWN: (
        "read the lines above, and those just before the first of them",
        "SHIPSEAL_DEBUG=1  # if shipseal itself printed them",
    ),
}

_MAY_PASS = frozenset({
    Code.SERVICE_OUTAGE, Code.RATE_LIMITED, Code.NETWORK_UNREACHABLE, Code.SBOM_TIMEOUT, Code.DB_UNAVAILABLE,
    Code.RELEASE_LOCKED, Code.ATTEST_CONFLICT, Code.DIGEST_MISMATCH,
})  # fmt: skip


def may_pass(code: Code) -> bool:
    """Return whether doing the same again can help although nobody changed anything."""
    return code in _MAY_PASS


def page_of(code: Code) -> str:
    """Return page and anchor that explain a code."""
    return f"docs/errors.md#{code}"

# ruff: noqa: E501 - lines as tools print them
"""The same failure in the words of other tools, other versions and other envelopes; and what only looks like one."""

import pytest

from shipseal.errors import Code
from shipseal.runbook.engine import diagnose

SAID: list[tuple[Code, str]] = [
    # what a step lacks at GitHub, by what it does
    (Code.GITHUB_DENIED, "Run acme/upload-sarif@v3\nUploading results\nError: Resource not accessible by integration"),
    (Code.GITHUB_DENIED, "##[group]Run acme/labeler@v5\n##[error]HttpError: Resource not accessible by integration"),
    (Code.GITHUB_DENIED, "x Failed to create release for core@2.0.0: Resource not accessible by integration"),
    (Code.REGISTRY_DENIED, "denied: Resource not accessible by integration"),
    (Code.ATTESTATIONS_PERMISSION, "Error: creating the attestation: Resource not accessible by integration"),
    # scopes without a status
    (Code.REGISTRY_DENIED, "#9 ERROR: server message: insufficient_scope: authorization failed"),
    (Code.REGISTRY_DENIED, "Error: the token needs the write:packages scope to push"),
    (Code.REGISTRY_DENIED, "unauthorized to access repository: team/app, action: push: unauthorized"),
    # sentences that somebody broke
    (Code.TAG_EXISTS, "    tag invalid: The image tag 'v7' already exists in the\n    'shop' repository and cannot be overwritten because the repository is immutable."),
    (Code.DB_STALE, "the vulnerability database was built 3 weeks ago\n(max allowed age is 5 days)"),
    (Code.ATTEST_CONFLICT, "error signing bundle: [POST /api/v1/log/entries][409]\ncreateLogEntryConflict an equivalent entry already\nexists in the transparency log"),
    # what stands before a sentence
    (Code.NETWORK_UNREACHABLE, "17 | Get http://192.0.2.7:5000/v2/: dial tcp 192.0.2.7:5000: connect: no route to host"),
    (Code.REGISTRY_DENIED, "Mar  3 01:56:30 host7 dockerd[99]: denied: requested access to the resource is denied"),
    (Code.DISK_FULL, "E0303 10:11:12.131415       1 pull.go:33] write /var/x: no space left on device"),
    (Code.REGISTRY_DENIED, "[step-push] denied: requested access to the resource is denied"),
    (Code.REGISTRY_DENIED, "2026-01-02T03:04:05.123456789Z stderr F denied: requested access to the resource is denied"),
    # a crash that is packed into a structure
    (Code.TOOL_CRASHED, 'Mar 30 02:06:04 h s[1]: {"level":"error","msg":"scanner failed","std_out":"unexpected fault address 0x7\\nfatal error: fault\\n[signal SIGSEGV: segmentation violation]\\n\\ngoroutine 1 [running]:\\nmain.main()"}'),
    # several places in turn
    (Code.FORMAT_UNSUPPORTED, "could not determine source: errors occurred attempting to resolve 'charts/web:1':\n  - docker: unable to inspect existing image: No such image: charts/web:1\n  - podman: podman not available: dial tcp 127.0.0.1:1: connect: connection refused\n  - oci-registry: unknown layer media type: application/vnd.acme.chart"),
    (Code.PLATFORM_MISSING, '* "localhost/base": pinging registry localhost: Get "https://localhost/v2/": dial tcp [::1]:443: connect: connection refused\n* "r.example/base": no image found in manifest list for architecture arm, variant "", OS linux'),
    # gates of other scanners
    (Code.GATE_FAILED, "FAILED: Found a vulnerability that is equal or higher than HIGH severity!"),
    (Code.GATE_FAILED, "* discovered vulnerabilities at or above the sever"),
    (Code.GATE_FAILED, "Vulnerability threshold check results: FAIL"),
    (Code.GATE_FAILED, "Image [app:1] contains 12 unapproved vulnerabilities"),
    (Code.GATE_FAILED, "Error (exit code 1): scan\nTested 42 dependencies for known issues, found 7 issues."),
    (Code.GATE_FAILED, "Policy Evaluation: FAILED"),
    # signers
    (Code.IDENTITY_MISMATCH, "Error verifying signature: Signature by AAAA0000 does not match expected fingerprint BBBB1111"),
    (Code.IDENTITY_MISMATCH, "FAILED: SLSA verification failed: untrusted reusable workflow: o/r/.github/workflows/gen.yml"),
    (Code.IDENTITY_MISMATCH, "Error: signature verification failed: error: signing certificate does not match the X.509 trusted identities [a] of the trust policy"),
    (Code.IDENTITY_MISMATCH, "subject mismatch: expected https://a.example/x, received https://b.example/y"),
    (Code.ATTEST_MISSING, "Error: none of the attestations matched the predicate type: cyclonedx"),
    (Code.ATTEST_MISSING, "Error: No valid trust data for 1.4"),
    (Code.ATTEST_MISSING, "Source image rejected: A signature was required, but no signature exists"),
    (Code.ATTEST_INVALID, "FAILED: could not find a matching valid signature entry"),
    # architectures
    (Code.PLATFORM_MISSING, 'unable to use source: image has unexpected architecture "arm64", which differs from the user specified architecture "amd64"'),
    (Code.PLATFORM_MISSING, 'Error: image operating system "windows" cannot be used on this platform'),
    (Code.PLATFORM_MISSING, "docker: image with reference app:1 was found but does not provide the specified platform (linux/arm64)"),
    # connections
    (Code.SERVICE_OUTAGE, "Error: Failed to get ID token: error in callback: socket hang up"),
    (Code.SERVICE_OUTAGE, "FetchError: network timeout at: https://fulcio.example/api/v2/signingCert"),
    (Code.NETWORK_UNREACHABLE, "Error: A connection attempt failed because the connected party did not properly respond after a period of time (api.example:443)"),
    # the local store, SBOMs, containers
    (Code.IMAGE_NOT_FOUND, "error: no such object: quay.example/team/base"),
    (Code.FORMAT_UNSUPPORTED, 'unsupported docker v2s2 media type: ""'),
    (Code.SBOM_TOO_LARGE, "ERROR: /tmp/mount/sbom.spdx.json exceeds 41943040 bytes"),
    (Code.SBOM_INCOMPLETE, "Wrote 0 package elements in the SBOM."),
    (Code.OUT_OF_MEMORY, "Error: syft command failed: signal: killed (stderr: )"),
    (Code.TOOL_MISSING, 'OCI runtime exec failed: exec failed: unable to start container process: exec: "bash": executable file not found in $PATH: unknown'),
]  # fmt: skip

COMPILED = "src/a.ts(3,1): error TS2304: Cannot find name 'x'.\n"

NOT_SAID = {
    "another step unauthorized": "##[group]Run acme/deploy@v1\n##[error]Unauthorized",
    "trust root that is kept here": "Error: getting key from Fulcio: creating cached local store: resource temporarily unavailable",
    "trust root of another version": "Error: updating local metadata: error updating to TUF remote mirror: invalid key",
    "time limit of tests": "panic: test timed out after 10m0s\n\ngoroutine 9 [running]:\ntesting.(*M).startAlarm.func1()",
    "compared texts": "      - \te\"expected hash 'aa' not found: artifact hash does not match provenance subject\",\n      + \te\"other\"",
    "difference": "@@ -1 +1 @@\n-ok\n+toomanyrequests: slow down",
    "numbered source": '12 | error!("denied: requested access to the resource is denied");',
    "no image": "Error: No such object: my-container",
    "size of a bundle": "dist/sbom.js is larger than 250 kB (exceeds the recommended limit)",
    "audit of packages": "found 12 vulnerabilities (3 high) in 812 scanned packages\n##[error]Process completed with exit code 1.",
    "report that stopped nothing": "Tested 42 dependencies for known issues, found 7 issues.\n" + COMPILED,
    "test of messages": "AssertionError: expected 'denied: requested access to the resource is denied' to be 'x'\n      Tests  1 failed (1)",
    "test that was skipped over": "not ok 1 login refuses\n# unauthorized: authentication required",
    "test in node": "  Error: getaddrinfo ENOTFOUND nosuch.example\n\u2139 fail 1",
    "handled": "##[group]Run make\nno such manifest: docker.io/org/app:cache\n" + COMPILED + "##[error]Process completed with exit code 2.",
    "cache that is away": "#5 importing cache manifest from ghcr.io/org/app:cache\n#5 ERROR: ghcr.io/org/app:cache: not found\nERROR: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "log"), SAID, ids=[f"{code}-{number}" for number, (code, _) in enumerate(SAID)]
)
def test_other_words_for_the_same(code: Code, log: str) -> None:
    found = diagnose([log.encode()])
    assert found[0].code is code, found
    assert found[0].proof


@pytest.mark.parametrize("log", NOT_SAID.values(), ids=NOT_SAID.keys())
def test_what_only_looks_like_it(log: str) -> None:
    found = diagnose([log.encode()])
    assert [one.code for one in found] == [Code.UNKNOWN], found


@pytest.mark.parametrize(
    ("step", "right"),
    [("acme/upload-sarif@v3", "security-events"), ("acme/create-release@v1", "contents"), ("acme/add-labels@v1", "issues")],
)  # fmt: skip
def test_the_right_that_the_step_needs_is_named(step: str, right: str) -> None:
    log = f"##[group]Run {step}\n##[error]Resource not accessible by integration\n"
    assert f"{right}: write" in diagnose([log.encode()])[0].next[0]


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ('Traceback (most recent call last):\n  File "x.py", line 1\nValueError: not enough values', "ValueError: not enough values"),
        ("deploy.sh: line 4: VERSION: unbound variable", "deploy.sh: line 4: VERSION: unbound variable"),
        ("one\n\nmv: cannot stat 'dist': No such file or directory\n", "mv: cannot stat 'dist': No such file or directory"),
    ],
)  # fmt: skip
def test_an_unknown_failure_shows_its_lines(log: str, line: str) -> None:
    found = diagnose([log.encode()])[0]
    assert found.code is Code.UNKNOWN
    assert line in [one.text for one in found.proof]

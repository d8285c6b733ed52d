# ruff: noqa: E501 - lines as tools print them
"""Each failure by the lines that tools print of it, in the least form."""

import re

import pytest

from shipseal.errors import Code
from shipseal.runbook.engine import diagnose
from shipseal.runbook.keys import RULES, key_of
from shipseal.runbook.parts import compiled
from shipseal.runbook.remedies import NEXT, page_of
from tests.support.tools import ROOT

LINES: list[tuple[Code, str]] = [
    # registries: who is asking
    (Code.REGISTRY_UNAUTHORIZED, "Error: GET https://ghcr.io/v2/org/app/manifests/1: UNAUTHORIZED: authentication required; []"),
    (Code.REGISTRY_UNAUTHORIZED, 'Error response from daemon: Get "https://r.example/v2/": unauthorized: incorrect username or password'),
    (Code.REGISTRY_UNAUTHORIZED, "denied: no basic auth credentials"),
    (Code.REGISTRY_UNAUTHORIZED, "##[error]Username and password required"),
    (Code.REGISTRY_UNAUTHORIZED, "Error: Cannot perform an interactive login from a non TTY device"),
    (Code.REGISTRY_UNAUTHORIZED, 'Error response from daemon: Get "https://ghcr.io/v2/": denied: denied'),
    (Code.REGISTRY_UNAUTHORIZED, 'time="2026-01-02T03:04:05Z" level=fatal msg="initializing source docker://r.example/app:1: '
     'unable to retrieve auth token: invalid username/password: unauthorized"'),
    (Code.REGISTRY_DENIED, "denied: permission_denied: write_package"),
    (Code.REGISTRY_DENIED, "denied: requested access to the resource is denied"),
    (Code.REGISTRY_DENIED, "ERROR: failed to push ghcr.io/o/a:1: unexpected status from POST request to https://ghcr.io/v2/o/a/blobs/uploads/: 403 Forbidden"),
    (Code.REGISTRY_DENIED, "push access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"),
    # images
    (Code.IMAGE_NOT_FOUND, "Error response from daemon: pull access denied for org/app, repository does not exist or may require 'docker login'"),
    (Code.IMAGE_NOT_FOUND, "Error: GET https://r.example/v2/org/app/manifests/9: MANIFEST_UNKNOWN: manifest unknown; map[Tag:9]"),
    (Code.IMAGE_NOT_FOUND, "ERROR: failed to solve: docker.io/library/nosuch:1: failed to resolve source metadata for docker.io/library/nosuch:1: docker.io/library/nosuch:1: not found"),
    (Code.IMAGE_NOT_FOUND, "An image does not exist locally with the tag: org/app"),
    (Code.PLATFORM_MISSING, "no matching manifest for linux/arm64/v8 in the manifest list entries"),
    (Code.PLATFORM_MISSING, 'level=fatal msg="choosing image instance: no image found in image index for architecture \\"arm64\\", variant \\"\\", OS \\"linux\\""'),
    (Code.FORMAT_UNSUPPORTED, 'Error: unsupported MediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws"'),
    (Code.FORMAT_UNSUPPORTED, "error: archive/tar: invalid tar header"),
    (Code.DIGEST_MISMATCH, "failed commit on ref \"layer\": unexpected commit digest sha256:aa, expected sha256:bb: failed precondition"),
    (Code.TAG_EXISTS, "tag invalid: The image tag '1.4.2' already exists in the 'app' repository and cannot be overwritten because the repository is immutable."),
    # jobs
    (Code.OIDC_PERMISSION, "Error: Failed to get ID token: Error message: Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable"),
    (Code.OIDC_PERMISSION, 'Error: missing "id-token" permission. Please add "permissions: id-token: write" to your workflow.'),
    (Code.ATTESTATIONS_PERMISSION, "Error: Failed to persist attestation: Resource not accessible by integration"),
    (Code.ATTESTATIONS_PERMISSION, "##[group]Run actions/attest@v3\n##[error]Resource not accessible by integration"),
    (Code.GITHUB_DENIED, "##[error]Resource not accessible by integration"),
    (Code.ATTESTATIONS_PERMISSION, "##[group]Run actions/attest-sbom@v2\n##[error]Error: Unauthorized"),
    (Code.GITHUB_DENIED, "HttpError: Resource not accessible by integration - https://docs.github.com/rest/releases/releases#create-a-release"),
    (Code.GITHUB_DENIED, "gh: Bad credentials (HTTP 401)"),
    (Code.GITHUB_REFUSED, "remote: error: GH006: Protected branch update failed for refs/heads/main."),
    # evidence
    (Code.ATTEST_MISSING, "Error: no signatures found"),
    (Code.ATTEST_MISSING, "Error: no matching attestations:"),
    (Code.ATTEST_MISSING, "HTTP 404: Not Found (https://api.github.com/repos/o/a/attestations/sha256:aa?per_page=30)"),
    (Code.ATTEST_INVALID, "Error: no matching signatures: invalid signature when validating ASN.1 encoded signature"),
    (Code.ATTEST_INVALID, "Error: no matching signatures:\nx509: certificate signed by unknown authority"),
    (Code.IDENTITY_MISMATCH, "Error: none of the expected identities matched what was in the certificate, got subjects [a@b.example] with issuer https://i.example"),
    (Code.IDENTITY_MISMATCH, 'Error: verifying with issuer "x": failed to verify certificate identity: no matching CertificateIdentity found, last error: expected A, got B'),
    (Code.WRONG_SUBJECT, "Error: failed to verify signature: provided artifact digests do not match digests in statement"),
    (Code.ATTEST_CONFLICT, "[POST /api/v1/log/entries][409] createLogEntryConflict: an equivalent entry already exists in the transparency log"),
    (Code.SBOM_TOO_LARGE, "Error: predicate file exceeds maximum allowed size: 16777216 bytes"),
    # SBOMs and scans
    (Code.CATALOG_FAILED, "[0004] ERROR failed to catalog: unable to read layer"),
    (Code.SBOM_TIMEOUT, "ERROR failed to catalog: context deadline exceeded"),
    (Code.GATE_FAILED, "[0012] ERROR discovered vulnerabilities at or above the severity threshold"),
    (Code.GATE_FAILED, "Error: Failed minimum severity level. Found vulnerabilities with level 'critical' or higher"),
    (Code.DB_UNAVAILABLE, "ERROR failed to load vulnerability db: database does not exist"),
    (Code.DB_STALE, "db could not be loaded: the vulnerability database was built 9 days ago (max allowed age is 5 days)"),
    # the way
    (Code.RATE_LIMITED, "toomanyrequests: You have reached your pull rate limit."),
    (Code.RATE_LIMITED, "Error: API rate limit exceeded for installation ID 1."),
    (Code.TLS_UNTRUSTED, 'Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    (Code.TLS_UNTRUSTED, 'Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client'),
    (Code.NETWORK_UNREACHABLE, 'Get "https://r.example/v2/": dial tcp: lookup r.example on 10.0.0.2:53: no such host'),
    (Code.NETWORK_UNREACHABLE, "npm error network request to https://registry.example/x failed, reason: getaddrinfo EAI_AGAIN registry.example"),
    (Code.NETWORK_UNREACHABLE, 'Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused'),
    (Code.NETWORK_UNREACHABLE, "Temporary failure resolving 'deb.example'"),
    (Code.SERVICE_OUTAGE, "Error: (CREATE_SIGNING_CERTIFICATE_ERROR) error creating signing certificate - (503) Service Unavailable"),
    (Code.SERVICE_OUTAGE, "received unexpected HTTP status: 502 Bad Gateway"),
    (Code.SERVICE_OUTAGE, "fatal: unable to access 'https://github.com/o/a/': The requested URL returned error: 503"),
    # the machine
    (Code.DISK_FULL, "write /var/lib/docker/x: no space left on device"),
    (Code.OUT_OF_MEMORY, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"),
    (Code.OUT_OF_MEMORY, 'process "/bin/sh -c make" did not complete successfully: exit code: 137'),
    (Code.OUT_OF_MEMORY, "Killed"),
    (Code.TOOL_MISSING, "/home/runner/work/_temp/a-b.sh: line 1: syft: command not found"),
    (Code.TOOL_MISSING, 'error getting credentials - err: exec: "docker-credential-desktop": executable file not found in $PATH'),
    (Code.TOOL_CRASHED, "panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 1 [running]:"),
    # shipseal itself
    (Code.KEY_DENIED, "error auth.key-denied: awskms: the key cannot be used"),
    (Code.SBOM_INCOMPLETE, "1.0 is undecided: no tag moved, nothing was signed  [1.0-a]\nsbom.incomplete: no packages"),
    (Code.GATE_UNDECIDED, '{"error": {"code": "scan.undecided", "message": "nobody rates it"}}'),
    (Code.POLICY_EMPTY, "error policy.empty: nothing is required"),
    (Code.RELEASE_LOCKED, "error release.locked: 1.0 is held by process 7"),
    (Code.CONFIG_INVALID, "error config.invalid: shipseal.yaml:3: targets: missing"),
    (Code.FORK_NO_PERMISSIONS, "1.0 is held  [1.0-a]\nfork.no-permissions: a fork's pull request"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "log"), LINES, ids=[f"{code}-{n}" for n, (code, _) in enumerate(LINES)]
)
def test_what_tools_print(code: Code, log: str) -> None:
    found = diagnose([log.encode()])
    assert found[0].code is code, found
    assert found[0].proof
    assert found[0].next
    assert "{" not in found[0].cause


def test_every_code_that_a_log_can_have_is_produced_here() -> None:
    assert set(Code) - {code for code, _ in LINES} == {Code.UNKNOWN}


def test_every_code_has_its_remedy_and_its_place_in_the_docs() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for code in Code:
        assert NEXT[code], code
        assert f'<a id="{page_of(code).partition("#")[2]}">' in page


def test_every_text_that_a_rule_needs_would_be_found() -> None:
    for rule in RULES:
        for need in () if rule.following else rule.needs:
            assert need == need.lower()
            assert key_of(need).decode() in need
    with pytest.raises(KeyError, match="zzz"):
        key_of("zzz")


def test_every_pattern_can_be_read_and_every_blank_is_caught() -> None:
    for rule in RULES:
        names = {name.rstrip("0123456789") for name in compiled(rule.pattern).groupindex}
        for part in (rule.unless, rule.after, rule.step, rule.unless_after):
            compiled(part)
        for sentence in (rule.cause, *rule.next):
            assert set(re.findall(r"\{(\w+)\|", sentence)) <= names, rule


def test_what_the_line_names_stands_in_cause_and_commands() -> None:
    found = diagnose(
        [b"Error response from daemon: pull access denied for org/app, repository does not exist"]
    )
    assert "org/app" in found[0].cause
    assert "crane manifest org/app" in found[0].next
    assert [one.code for one in found] == [Code.IMAGE_NOT_FOUND, Code.REGISTRY_DENIED]


def test_nothing_that_a_shell_would_read_gets_into_a_command() -> None:
    found = diagnose(
        [
            b"Error response from daemon: pull access denied for org/$(id)`x`;a, repository does not exist"
        ]
    )
    assert found[0].code is Code.IMAGE_NOT_FOUND
    assert not any("$(" in step or "`x" in step for step in found[0].next)


_OF_A_LIBRARY = """panic: nil map

goroutine 1 [running]:
github.com/google/go-containerregistry/pkg/v1/remote.Get(0x0)
\t/home/runner/go/pkg/mod/github.com/google/go-containerregistry@v0.20.2/pkg/v1/remote/descriptor.go:82 +0x5
main.main()
\t/home/runner/work/app/app/cmd/publish/main.go:19 +0x28
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (_OF_A_LIBRARY, "a program crashed, a tool or one of the job's own: nil map"),
        (_OF_A_LIBRARY.replace("pkg/v1/remote.Get", "cmd/crane/cmd.Execute"), "crane crashed"),
        (_OF_A_LIBRARY.replace("google/go-containerregistry", "anchore/grype"), "grype crashed"),
        (
            "pack.sh: line 3: 77 Segmentation fault ./own",
            "a program crashed, a tool or one of the job's own: ",
        ),
    ],
)
def test_a_crash_is_called_a_tools_only_where_its_own_frames_say_so(log: str, said: str) -> None:
    found = diagnose([log.encode()])
    assert found[0].code is Code.TOOL_CRASHED
    assert found[0].cause.startswith(said)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("crane registry serve", Code.TOOL_CRASHED),
        ("go test ./...", Code.UNKNOWN),
        ("./publish --with crane", Code.UNKNOWN),
    ],
)
def test_a_dump_that_a_signal_asked_for_is_a_tools_in_the_step_that_is_the_tool(
    step: str, code: Code
) -> None:
    log = f"##[group]Run {step}\nSIGQUIT: quit\nPC=0x493501 m=0 sigcode=0\n##[error]Process completed with exit code 2.\n"
    assert diagnose([log.encode()])[0].code is code

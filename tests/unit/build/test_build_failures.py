"""A builder's last words become the right code; what a RUN step printed never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal._internal.process import ToolResult
from shipseal.build.failures import build_failure
from shipseal.errors import Code, ImageError, RegistryError, ShipsealError, ToolError


def ended(stderr: str, stdout: bytes = b"") -> ShipsealError:
    return build_failure("tool", ToolResult(("tool",), 1, stdout, stderr, 0.1), hint="look at it")


FETCH = "failed to solve: r.example/a:1: failed to resolve source metadata for r.example/a:1: "


@pytest.mark.parametrize(
    ("line", "code", "kind"),
    [
        (f"ERROR: {FETCH}r.example/a:1: not found", Code.IMAGE_NOT_FOUND, ImageError),
        (
            f"ERROR: {FETCH}no match for platform in manifest: not found",
            Code.IMAGE_NOT_FOUND,
            ImageError,
        ),
        (
            f"ERROR: {FETCH}pull access denied, repository does not exist or may require authorization",
            Code.IMAGE_NOT_FOUND,
            ImageError,
        ),
        (
            f"ERROR: {FETCH}failed to authorize: 401 Unauthorized",
            Code.REGISTRY_UNAUTHORIZED,
            RegistryError,
        ),
        (f"ERROR: {FETCH}unexpected status: 403 Forbidden", Code.REGISTRY_DENIED, RegistryError),
        (f"ERROR: {FETCH}429 Too Many Requests", Code.RATE_LIMITED, RegistryError),
        (
            f"ERROR: {FETCH}x509: certificate signed by unknown authority",
            Code.TLS_UNTRUSTED,
            RegistryError,
        ),
        (
            f"ERROR: {FETCH}dial tcp 127.0.0.1:1: connect: connection refused",
            Code.NETWORK_UNREACHABLE,
            RegistryError,
        ),
        (
            'Error: creating build container: short-name "a" did not resolve to an alias',
            Code.IMAGE_NOT_FOUND,
            ImageError,
        ),
        (
            "Error: creating build container: initializing source docker://r/a:1: reading manifest 1 in r/a: "
            "manifest unknown",
            Code.IMAGE_NOT_FOUND,
            ImageError,
        ),
        ("ERROR: failed to copy: write /x: no space left on device", Code.DISK_FULL, ToolError),
        (
            "ERROR: failed to connect: dial unix /run/x.sock: connect: no such file",
            Code.NETWORK_UNREACHABLE,
            RegistryError,
        ),
        ('ERROR: failed to compute cache key: "/nosuch": not found', Code.TOOL_CRASHED, ToolError),
        (
            "ERROR: dockerfile parse error on line 1: unknown instruction: FRM",
            Code.TOOL_CRASHED,
            ToolError,
        ),
        ('ERROR: no builder "x" found', Code.TOOL_CRASHED, ToolError),
        ("", Code.TOOL_CRASHED, ToolError),
    ],
)
def test_the_line_in_which_it_gives_up_decides(
    line: str, code: Code, kind: type[ShipsealError]
) -> None:
    error = ended(f"#1 working\n{line}\n")
    assert error.code is code
    assert isinstance(error, kind)
    assert error.retryable is (
        code in (Code.RATE_LIMITED, Code.NETWORK_UNREACHABLE, Code.DISK_FULL)
    )
    assert error.hint


@pytest.mark.parametrize(
    "gave_up",
    [
        'ERROR: failed to solve: process "/bin/sh -c apt-get update" did not complete successfully: exit code: 100',
        'Error: building at STEP "RUN apt-get update": while running runtime: exit status 100',
    ],
)
def test_what_a_run_step_said_is_shown_and_never_interpreted(gave_up: str) -> None:
    said = "E: failed to fetch: manifest unknown, connection refused, 401 unauthorized"
    error = ended(f"{said}\n{gave_up}\n")
    assert error.code is Code.TOOL_CRASHED
    assert not error.retryable
    assert said in error.message
    assert gave_up in error.message


def test_only_the_last_lines_are_shown_and_without_secrets() -> None:
    lines = [f"line {number}" for number in range(100)]
    error = ended("\n".join([*lines, "ERROR: https://me:hunter22@r.example failed"]), b"unused")
    assert "line 99" in error.message
    assert "line 10\n" not in error.message
    quiet = ended("", b"only standard output: Bearer abcdefgh12345678\n")
    assert "only standard output" in quiet.message
    assert "abcdefgh12345678" not in quiet.message


@given(text=st.text(max_size=200))
def test_no_output_is_too_strange_to_be_told(text: str) -> None:
    error = ended(text)
    assert error.context["tool"] == "tool"
    assert len(error.message) < 4000

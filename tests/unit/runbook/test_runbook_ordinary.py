# ruff: noqa: E501 - lines as tools print them
"""Logs of ordinary failures: compilers, tests, linters, scripts. None of them has a cause that the runbook knows."""

import pytest

from shipseal.errors import Code
from shipseal.runbook.engine import diagnose

ORDINARY = {
    "rustc": "error[E0433]: failed to resolve: use of undeclared crate or module `denied`\n --> src/lib.rs:3:5\n"
    "error: could not compile `app` (lib) due to 1 previous error",
    "gcc": "main.c:12:5: error: 'timeout' undeclared (first use in this function)\nmake: *** [Makefile:4: main.o] Error 1",
    "go": "./main.go:9:2: undefined: Unauthorized\n./main.go:14:7: cannot use x (variable of type int) as string value",
    "go sum": "verifying example.org/mod@v1.2.3: checksum mismatch\n\tdownloaded: h1:abc=\n\tgo.sum:     h1:def=",
    "go vet": "# app\nvet: ./a.go:3:8: could not import example.org/x (open : no such file or directory)",
    "typescript": "src/auth.ts(10,5): error TS2322: Type '401' is not assignable to type 'Forbidden'.",
    "javac": "App.java:7: error: cannot find symbol\n  symbol:   class Timeout\n1 error",
    "npm": "npm ERR! code ERESOLVE\nnpm ERR! ERESOLVE unable to resolve dependency tree\nnpm ERR! Could not resolve dependency:",
    "npm script": 'npm ERR! Missing script: "build"\nnpm ERR! A complete log of this run can be found in: /root/.npm/_logs/x.log',
    "npm private": "npm error code E401\nnpm error Unable to authenticate, your authentication token seems to be invalid.",
    "pip": "ERROR: Could not find a version that satisfies the requirement nosuch==9 (from versions: none)\n"
    "ERROR: No matching distribution found for nosuch==9",
    "pip hash": "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    "cargo": "error: failed to select a version for `serde`.\n    ... required by package `app v0.1.0`",
    "dockerfile syntax": "Dockerfile:3\nERROR: failed to build: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN",
    "copy": '#7 ERROR: failed to calculate checksum of ref abc::def: "/dist": not found\n'
    'ERROR: failed to build: failed to solve: failed to compute cache key: failed to calculate checksum of ref abc::def: "/dist": not found',
    "no dockerfile": "ERROR: failed to build: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory",
    "run step": '#9 ERROR: process "/bin/sh -c npm run lint" did not complete successfully: exit code: 1\n'
    'ERROR: failed to build: failed to solve: process "/bin/sh -c npm run lint" did not complete successfully: exit code: 1',
    "eslint": "/src/a.js\n  3:1  error  'timeout' is not defined  no-undef\n\n1 problem (1 error, 0 warnings)",
    "permission": "cp: cannot create regular file '/usr/bin/app': Permission denied\nmake: *** [install] Error 1",
    "script": "./deploy.sh: line 3: ./gen.sh: Permission denied\n##[error]Process completed with exit code 126.",
    "git": "fatal: not a git repository (or any of the parent directories): .git",
    "merge": "CONFLICT (content): Merge conflict in src/app.py\nAutomatic merge failed; fix conflicts and then commit the result.",
    "go test": "--- FAIL: TestLogin (0.00s)\n    login_test.go:9: unauthorized: authentication required\nFAIL\tapp/login\t0.01s",
    "pytest": "E       AssertionError: assert 500 == 200\nE        +  where 500 = <Response [500 Internal Server Error]>.status\n"
    "FAILED tests/test_api.py::test_health - assert 500 == 200\n1 failed, 3 passed in 0.41s",
    "jest": "  ● calls the API > fails with 503\n    expect(received).toBe(expected)\n    Received: 503 Service Unavailable\nTests:       1 failed, 4 passed, 5 total",
    "jest refused": "connect ECONNREFUSED 127.0.0.1:5432\n    at TCPConnectWrap.afterConnect\nTests:       2 failed, 2 total",
    "timeout of a test": "  1) waits for the answer:\n     Error: Timeout of 2000ms exceeded. For async tests, ensure done() is called\n  1 failing",
    "terraform": 'Error: Reference to undeclared resource\n  on main.tf line 3, in output "x":',
    "make": "make: *** No rule to make target 'relase'.  Stop.",
    "yaml": 'yaml.scanner.ScannerError: mapping values are not allowed here\n  in "config.yml", line 3, column 9',
    "python": "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nKeyError: 'token'",
    "maven": "[ERROR] Tests run: 4, Failures: 1, Errors: 0, Skipped: 0\n[ERROR] There are test failures.",
    "ruff": "src/a.py:1:8: F401 `os` imported but unused\nFound 1 error.",
    "words": "this page explains what `denied: requested access` means and why a 403 Forbidden is shown",
    "artifact": "##[warning]No files were found with the provided path: dist/. No artifacts will be uploaded.\n"
    "##[error]Process completed with exit code 2.",
    "apt": "E: Unable to locate package nosuchpackage",
    "apk": "ERROR: unable to select packages:\n  nosuch (no such package):\n    required by: world[nosuch]",
    "missing module": "ModuleNotFoundError: No module named 'requests'",
    "npm audit": "5 vulnerabilities (2 moderate, 3 high)\nTo address all issues, run: npm audit fix",
    "tsc": "sh: 1: tsc: not found\nnpm ERR! code ELIFECYCLE",
    "tap": "# Error: connect ECONNREFUSED 10.0.0.7:5432\nnot ok 1 - connects\n# pass 0\n# fail 1",
    "cargo test": "thread 'a' panicked at src/lib.rs:3:5:\ndenied: requested access to the resource is denied\ntest result: FAILED. 0 passed; 1 failed",
    "unittest": 'TimeoutError: [Errno 110] Connection timed out\n  File "a.py", line 3\nFAILED (errors=1)',
    "rspec": "  Failure/Error: expect(x).to eq('toomanyrequests: slow down')\n2 examples, 1 failure",
    "gtest": "x509: certificate signed by unknown authority\n[  FAILED  ] Client.Explains (0 ms)",
    "diff": "--- want\n+++ got\n< denied: requested access to the resource is denied\n> unauthorized: authentication required",
    "xtrace": "+ echo denied: requested access to the resource is denied\n+ exit 3",
    "source of gcc": 'main.c:3:5: error: too few arguments\n    3 |     puts("no space left on device", 1);\n      |     ^~~~',
    "source of mypy": 'app.py:7: error: Argument 1 has incompatible type "denied: requested access to the resource is denied"',
    "source of eslint": "/src/a.js:3:1 error String 'toomanyrequests: slow down' must use doublequote",
    "grep": 'src/client.go:12:\treturn errors.New("denied: requested access to the resource is denied")\nmake: *** [lint] Error 1',
    "raise": 'Traceback (most recent call last):\n  File "x.py", line 1\n    raise Wrong("no space left on device")\nWrong',
    "helm": "Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
    "kubectl": 'error: deployment "app" exceeded its progress deadline',
}


@pytest.mark.parametrize("log", ORDINARY.values(), ids=ORDINARY.keys())
def test_an_ordinary_failure_has_no_cause_of_ours(log: str) -> None:
    found = diagnose([log.encode()])
    assert [one.code for one in found] == [Code.UNKNOWN], found
    assert not found[0].retry


def test_the_likely_lines_are_shown() -> None:
    found = diagnose([b"one\ntwo\nmain.c:3: error: expected ';'\nmake: *** [all] Error 1\n"])
    assert [(one.line, one.text) for one in found[0].proof] == [
        (3, "main.c:3: error: expected ';'"),
        (4, "make: *** [all] Error 1"),
    ]


def test_a_log_without_failure_says_so() -> None:
    found = diagnose([b"building\nlatest: digest: sha256:" + b"a" * 64 + b" size: 528\n"])
    assert found[0].code is Code.UNKNOWN
    assert found[0].cause == "the log shows no failure"
    assert found[0].proof == ()
    assert found[0].next == ()


def test_the_script_that_a_runner_prints_is_no_output() -> None:
    log = (
        "##[group]Run deploy\n\x1b[36;1mecho 'no space left on device'\x1b[0m\n##[endgroup]\n"
        "##[error]Process completed with exit code 1.\n"
    )
    assert diagnose([log.encode()])[0].code is Code.UNKNOWN


def test_a_disk_that_is_full_during_tests_is_a_full_disk() -> None:
    log = "OSError: [Errno 28] No space left on device: '/tmp/x'\nFAILED tests/test_a.py::test_b\n1 failed in 0.41s\n"
    assert diagnose([log.encode()])[0].code is Code.DISK_FULL

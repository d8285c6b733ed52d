"""Builds and tests that fail as they do every day: no cause of this runbook, and none may be named.

Some say the words of one in passing: an assertion about 401, a test of a full disk.
"""

from scripts.record.case import Style, held, rules
from scripts.record.scene import Scene

UNKNOWN = "unknown"


@rules(UNKNOWN, "python", live=True)
def ordinary_python_traceback(scene: Scene) -> None:
    """A script of Python fails on a key that is not there."""
    scene.file("bump.py", "import json\n\ndata = json.loads('{}')\nprint(data['version'])\n")
    scene.step("python bump.py")


@rules(UNKNOWN, "pytest", style=Style.ACTIONS)
def ordinary_pytest(scene: Scene) -> None:
    """A test of Python fails."""
    scene.file(
        "test_sum.py",
        "def test_sum() -> None:\n    assert sum([1, 2]) == 4\n\n\ndef test_ok() -> None:\n    pass\n",
    )
    scene.step("python -m pytest -q -p no:cacheprovider")


@rules(UNKNOWN, "pytest", style=Style.ACTIONS)
def ordinary_pytest_says_401(scene: Scene) -> None:
    """A test of Python fails whose own words are those of a registry that refuses."""
    scene.file("test_client.py", (
        "def explain(status: int) -> str:\n"
        "    return {401: 'unauthorized: authentication required', 403: 'denied'}.get(status, 'ok')\n\n\n"
        "def test_explains_a_refusal() -> None:\n"
        "    assert explain(401) == '401 Unauthorized: log in first'\n\n\n"
        "def test_explains_a_denial() -> None:\n"
        "    assert explain(403) == 'denied: requested access to the resource is denied'\n"
    ))  # fmt: skip
    scene.step("python -m pytest -p no:cacheprovider")


@rules(UNKNOWN, "pytest")
def ordinary_pytest_says_disk_full(scene: Scene) -> None:
    """A test of Python fails that is about a full disk."""
    scene.file("test_store.py", (
        "import errno\n\nimport pytest\n\n\ndef save() -> None:\n"
        "    raise OSError(errno.ENOSPC, 'No space left on device')\n\n\n"
        "def test_a_full_disk_is_reported() -> None:\n"
        "    with pytest.raises(OSError, match='no room for the report'):\n        save()\n"
    ))  # fmt: skip
    scene.step("python -m pytest -q -p no:cacheprovider")


@rules(UNKNOWN, "pytest")
def ordinary_pytest_raises(scene: Scene) -> None:
    """A test of Python fails that is about a time limit: the exception comes, and says something else."""
    scene.file("test_wait.py", (
        "import pytest\n\n\ndef wait() -> None:\n"
        "    raise TimeoutError('i/o timeout while reading manifest 1.4.2')\n\n\n"
        "def test_says_how_long() -> None:\n"
        "    with pytest.raises(TimeoutError, match='after 30 s'):\n        wait()\n"
    ))  # fmt: skip
    scene.step("python -m pytest -p no:cacheprovider")


@rules(UNKNOWN, "unittest")
def ordinary_unittest_says_timeout(scene: Scene) -> None:
    """A test of Python fails that is about time limits and connections."""
    scene.file("test_retry.py", (
        "import unittest\n\n\nclass Retry(unittest.TestCase):\n"
        "    def test_connection_refused_is_tried_again(self) -> None:\n"
        "        self.assertEqual(['connection refused', 'timeout'], ['connection refused', 'ok'])\n"
    ))  # fmt: skip
    scene.step("python -m unittest -v")


@rules(UNKNOWN, "go", style=Style.ACTIONS)
def ordinary_go_test(scene: Scene) -> None:
    """A test of Go fails."""
    _go(scene)
    scene.file(
        "sum_test.go",
        'package app\n\nimport "testing"\n\nfunc TestSum(t *testing.T) {\n'
        '\tif Sum(1, 2) != 4 {\n\t\tt.Errorf("got %d, want 4", Sum(1, 2))\n\t}\n}\n',
    )
    scene.step("go test ./...")


def _go(scene: Scene) -> None:
    scene.environment |= {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    scene.file("go.mod", "module example.org/app\n\ngo 1.22\n")
    scene.file("sum.go", "package app\n\n// Sum adds.\nfunc Sum(a, b int) int { return a + b }\n")


@held(UNKNOWN, "go")
def ordinary_go_build(scene: Scene) -> None:
    """A program of Go does not compile."""
    _go(scene)
    scene.file("use.go", 'package app\n\nimport "os"\n\nfunc Use() string { return Sum(1) }\n')
    scene.step("go build ./...")


@held(UNKNOWN, "go", style=Style.ACTIONS)
def ordinary_go_vet(scene: Scene) -> None:
    """Go's vet complains."""
    _go(scene)
    scene.file(
        "say.go",
        'package app\n\nimport "fmt"\n\n// Say says.\nfunc Say() { fmt.Printf("%d\\n", "one") }\n',
    )
    scene.step("go vet ./...")


@held(UNKNOWN, "go")
def ordinary_go_test_says_denied(scene: Scene) -> None:
    """A test of Go fails whose own words are about permissions and rate limits."""
    _go(scene)
    scene.file("say_test.go", (
        'package app\n\nimport "testing"\n\nfunc TestDenied(t *testing.T) {\n'
        '\tt.Run("permission denied", func(t *testing.T) { t.Log("server said: 429 Too Many Requests") })\n'
        '\tt.Run("toomanyrequests is kept", func(t *testing.T)'
        ' { t.Fatal("got \\"forbidden\\", want \\"toomanyrequests: slow down\\"") })\n}\n'
    ))  # fmt: skip
    scene.step("go test -v ./...")


@rules(UNKNOWN, "cargo")
def ordinary_cargo_compile(scene: Scene) -> None:
    """A program of Rust does not compile."""
    _cargo(scene, 'fn main() {\n    let n: u32 = "seven";\n    println!("{n}");\n}\n')
    scene.step("cargo build --offline")


def _cargo(scene: Scene, text: str) -> None:
    scene.file("Cargo.toml", '[package]\nname = "app"\nversion = "1.4.2"\nedition = "2021"\n')
    scene.file("src/main.rs", text)


@held(UNKNOWN, "cargo", style=Style.ACTIONS)
def ordinary_cargo_test(scene: Scene) -> None:
    """A test of Rust panics."""
    _cargo(
        scene,
        "fn main() {}\n\n#[test]\nfn versions_are_ordered() {\n"
        '    assert_eq!("1.10" < "1.9", false, "as numbers");\n}\n',
    )
    scene.step("cargo test --offline")


@rules(UNKNOWN, "javac", style=Style.ACTIONS)
def ordinary_javac(scene: Scene) -> None:
    """A class of Java does not compile."""
    scene.file(
        "App.java",
        'class App {\n    int version() { return "1"; }\n    void run() { missing(); }\n}\n',
    )
    scene.step("javac App.java")


@held(UNKNOWN, "java")
def ordinary_java_exception(scene: Scene) -> None:
    """A program of Java ends with an exception."""
    scene.file(
        "Main.java",
        "public class Main {\n    public static void main(String[] a) {\n"
        '        throw new IllegalStateException("manifest is not sorted");\n    }\n}\n',
    )
    scene.step("java Main.java")


@rules(UNKNOWN, "make")
def ordinary_gcc(scene: Scene) -> None:
    """A program of C does not compile, under make."""
    scene.file("app.c", "int main(void) { int x = y + 1; return x }\n")
    scene.file("Makefile", "app: app.c\n\tgcc -Wall -o app app.c\n")
    scene.step("make app")


@held(UNKNOWN, "gcc", style=Style.ACTIONS)
def ordinary_linker(scene: Scene) -> None:
    """A program of C does not link."""
    scene.file("app.c", "int checksum(void);\nint main(void) { return checksum(); }\n")
    scene.step("gcc app.c -o app")


@held(UNKNOWN, "cmake")
def ordinary_cmake(scene: Scene) -> None:
    """CMake does not find a package."""
    scene.file(
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.16)\nproject(app C)\nfind_package(Foo REQUIRED)\n",
    )
    scene.step("cmake -B out .")


@rules(UNKNOWN, "npm", style=Style.ACTIONS)
def ordinary_npm_script(scene: Scene) -> None:
    """A script of npm fails."""
    scene.file(
        "package.json", '{"name": "app", "version": "1.4.2", "scripts": {"lint": "node lint.js"}}\n'
    )
    scene.file(
        "lint.js",
        "console.error('src/app.js\\n  3:7  error  \\'x\\' is assigned a value but never used  no-unused-vars"
        "\\n\\n1 problem (1 error, 0 warnings)');\nprocess.exit(1);\n",
    )
    scene.step("npm run lint")


@held(UNKNOWN, "npm")
def ordinary_npm_missing_lock(scene: Scene) -> None:
    """`npm ci` finds no lock file."""
    scene.file("package.json", '{"name": "app", "version": "1.4.2"}\n')
    scene.step("npm ci --offline --no-audit")


@held(UNKNOWN, "node", style=Style.ACTIONS)
def ordinary_node_test(scene: Scene) -> None:
    """A test of Node fails that says: certificate."""
    scene.file("app.test.mjs", (
        "import assert from 'node:assert';\nimport test from 'node:test';\n\n"
        "test('x509: certificate signed by unknown authority is shown', () => {\n"
        "  assert.strictEqual('tls error', 'x509: certificate signed by unknown authority');\n});\n"
    ))  # fmt: skip
    scene.step("node --test")


@rules(UNKNOWN, "node")
def ordinary_node_test_says_refused(scene: Scene) -> None:
    """A test of Node fails that says: ECONNREFUSED."""
    scene.file("net.test.mjs", (
        "import assert from 'node:assert';\nimport { describe, it } from 'node:test';\n\n"
        "describe('messages', () => {\n  it('names the port', () => {\n"
        "    assert.match('connect ECONNREFUSED 127.0.0.1', /ECONNREFUSED 127.0.0.1:5000/);\n  });\n});\n"
    ))  # fmt: skip
    scene.step("node --test --test-reporter=tap")


@rules(UNKNOWN, "node")
def ordinary_node_module(scene: Scene) -> None:
    """A program of Node wants a module that is not installed."""
    scene.file("server.js", "const express = require('express');\nexpress().listen(0);\n")
    scene.step("node server.js")

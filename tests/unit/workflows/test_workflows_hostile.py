"""Texts that are no workflow, or hardly one: they get an answer with a line, quickly, and never an exception."""

# ruff: noqa: E501 - a workflow is read better when its lines stay whole

import time
from textwrap import indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.workflows.check import check_workflows
from shipseal.workflows.expression_values import UNKNOWN
from shipseal.workflows.expressions import condition, rendered, symbolic
from shipseal.workflows.model import Source
from shipseal.workflows.patch import patched
from shipseal.workflows.rule_input import CheckOptions
from shipseal.workflows.shell import commands
from shipseal.workflows.yaml_nodes import MAX_BYTES, read_yaml
from tests.support.workflow_texts import (
    CHECKOUT,
    LOGIN,
    PATH,
    RIGHTS,
    attest,
    check,
    job,
    push,
    scan,
    workflow,
)

GOOD = workflow(job(LOGIN + push() + scan() + attest()), on="[push, pull_request]")

INVALID = {
    "": (1, "is empty"),
    "# nothing\n": (1, "is empty"),
    "on: push\njobs:\n\tbuild: {}\n": (3, "a tab"),
    "on: push\njobs: [\n": (3, "is not YAML"),
    "on: push\njobs:\n  a: b: c\n": (3, "is not YAML"),
    "on: push\non: push\njobs: {a: {uses: './.github/workflows/b.yml'}}\n": (2, "stands here twice"),
    "on: push\njobs: &a\n  x: *a\n": (2, "refers to what it is part of"),
    "on: push\njobs: *nothing\n": (2, "undefined alias"),
    "on: push\n---\njobs: {}\n": (2, "is not YAML"),
    "name: x\nruns: {using: composite, steps: []}\n": (2, "is an action"),
    "- on: push\n": (1, "is not a map"),
    "on: push\n": (1, "has no jobs"),
    "jobs: {a: {uses: './.github/workflows/b.yml'}}\n": (1, "`on` is missing"),
    "true: push\njobs: {a: {uses: './.github/workflows/b.yml'}}\n": (1, "written as a boolean"),
    "on: push\njobs:\n  a: {runs-on: x}\n": (3, "has no `steps`"),
    "on: push\njobs:\n  a: {steps: []}\n": (3, "has no `runs-on`"),
    "on: push\njobs:\n  a:\n    runs-on: x\n    needs: b\n    steps: []\n": (5, "no such job"),
    "on: push\njobs:\n  a: {runs-on: x, needs: b, steps: []}\n  b: {runs-on: x, needs: a, steps: []}\n": (3, "waits for itself"),
    "on: push\npermission: {}\njobs: {a: {uses: './.github/workflows/b.yml'}}\n": (2, "no such key"),
    "on: push\npermissions:\n  id_token: write\njobs: {a: {uses: './.github/workflows/b.yml'}}\n": (3, "id-token is near"),
    "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - name: nothing\n": (6, "neither `uses` nor `run`"),
    "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - {run: a, with_: b}\n": (6, "no such key"),
    "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - <<: {run: a}\n      name: b\n": (6, "merge keys"),
}  # fmt: skip


@pytest.mark.parametrize("text", INVALID)
def test_what_github_refuses_is_told_with_its_line(text: str) -> None:
    line, message = INVALID[text]
    found = [item for item in check(text).findings if item.code == "workflow.invalid"]
    assert (line, True) in [(item.line, message in item.message) for item in found]
    assert all(item.fix for item in found)
    assert check(text).jobs[0].job == ""


def test_other_encodings_and_control_characters() -> None:
    for data in (GOOD.encode("utf-16"), b"\xff\xfe\x00", b"on: \x1b[31mpush\n", bytes(range(256))):
        report = check_workflows([Source(PATH, data)], {}, CheckOptions())
        assert [item.code for item in report.findings][:1] == ["workflow.invalid"]


@pytest.mark.parametrize(
    "text",
    [
        "a: " * 3000,
        "[" * 20_000,
        "{a: " * 4_000,
        "\n".join(f"{' ' * depth}a:" for depth in range(400)),
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}' if n else '*a'] * 9)}]\n" for n in range(40)),
        "on: push\njobs:\n" + "".join(f"  j{n}: {{runs-on: x, needs: [{', '.join(f'j{k}' for k in range(max(0, n - 30), n))}], steps: []}}\n" for n in range(300)),
        workflow(job("- run: |\n    " + "$(" * 20_000 + "\n")),
        workflow(job("- run: |\n    " + "'" * 9_999 + " | " * 5_000 + "\n")),
        workflow(job("- run: 'true'\n", "if: " + "(" * 10_000)),
        workflow(job("- run: 'true'\n", "if: " + "!" * 10_000 + "true")),
        "x" * (MAX_BYTES + 1),
    ],
)  # fmt: skip
def test_what_would_explode_is_answered_quickly(text: str) -> None:
    began = time.monotonic()
    check(text)
    assert time.monotonic() - began < 30


def test_steps_by_alias_do_not_multiply_without_end() -> None:
    steps = indent("- run: 'true'\n" * 500, "      ")
    text = f"on: push\njobs:\n  j0:\n    runs-on: x\n    steps: &steps\n{steps}"
    text += "".join(f"  j{n}: {{runs-on: x, steps: *steps}}\n" for n in range(1, 400))
    began = time.monotonic()
    assert any("more than" in item.message for item in check(text).findings)
    assert time.monotonic() - began < 30


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    report = check_workflows([Source(PATH, data)], {}, CheckOptions())
    assert all(item.line >= 1 and item.message for item in report.findings)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_workflow_with_a_piece_changed_gets_an_answer(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 20))
    piece = data.draw(st.text(alphabet="ab:-{}[]&*'\"|>#!$ \n\t(", max_size=12))
    text = GOOD[:at] + piece + GOOD[at + length :]
    report = check(text)
    source = Source(PATH, text.encode())
    new = patched(source, [edit for item in report.findings for edit in item.edits])
    assert read_yaml(new).root is not None or read_yaml(source.data).root is None


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc '\"$(){}|&;\\\n<>#`=-", max_size=80))
def test_any_script_is_read(script: str) -> None:
    for command in commands(script):
        assert 0 <= command.line <= script.count("\n")
        assert command.words


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc.'()!&|=<>[]*,{}$ 019-", max_size=60))
def test_any_expression_has_an_answer(text: str) -> None:
    condition(text, lambda _: UNKNOWN)
    assert isinstance(symbolic(text, lambda _: "x"), str)
    rendered(f"${{{{ {text} }}}}", lambda _: UNKNOWN)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", True),
        ("true", True),
        ("${{ false }}", False),
        ("a == 'A'", True),
        ("a != 'b' && !(a == 'b')", True),
        ("unknown.x || a == 'a'", True),
        ("unknown.x && a == 'b'", False),
        ("unknown.x", None),
        ("always() && failure()", False),
        ("contains('abc', 'B') && startsWith('abc', 'a') && endsWith('abc', 'c')", True),
        ("format('{0}-{1}', a, 'b') == 'a-b'", True),
        ("'1' == 1 && '' == 0 && null == false", True),
        ("'true' == true", False),
        ("fromJSON('true')", True),
        ("(", None),
        ("a ==", None),
    ],
)
def test_conditions_are_answered_as_github_does(text: str, answer: bool | None) -> None:
    assert condition(text, lambda path: "a" if path == "a" else UNKNOWN) is answer


def test_words_of_a_script() -> None:
    script = 'D=$(crane digest "$I:$T") && echo "$D"\ngrype \\\n  --fail-on high x | tee out # why\ncat <<EOF\ngrype y\nEOF\n'
    found = [(command.words, command.line, command.after) for command in commands(script)]
    assert found == [
        (("crane", "digest", "$I:$T"), 0, ""),
        (("echo", "$D"), 0, ""),
        (("grype", "--fail-on", "high", "x"), 1, "|"),
        (("tee", "out"), 2, ""),
        (("cat", "<<EOF"), 3, ""),
    ]


def test_lines_ends_of_windows_stay() -> None:
    text = workflow(
        job(CHECKOUT + LOGIN + push(), f"permissions: {RIGHTS}"), on="pull_request"
    ).replace("\n", "\r\n")
    source = Source(PATH, text.encode())
    report = check_workflows([source], {}, CheckOptions())
    new = patched(source, [edit for item in report.findings for edit in item.edits])
    assert new != source.data
    assert new.count(b"\n") == new.count(b"\r\n")
    assert not check_workflows([Source(PATH, new)], {}, CheckOptions()).findings

"""How a whole log is read: its envelopes, what counts, what comes first."""

import codecs
import os
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.redact import register_secret
from shipseal.errors import Code
from shipseal.runbook.diagnosis import Diagnosis
from shipseal.runbook.engine import diagnose
from shipseal.runbook.facts import Facts
from shipseal.runbook.vocabulary import Vocabulary

STAMP = "2026-01-02T03:04:05.1234567Z "
DENIED = "denied: permission_denied: write_package"
FULL = "write /tmp/x: no space left on device"


def codes(log: str, facts: Facts | None = None) -> list[Code]:
    return [one.code for one in diagnose([log.encode()], facts)]


def stamped(*lines: str) -> str:
    return "".join(f"{STAMP}{line}\n" for line in lines)


@pytest.mark.parametrize(
    "log",
    [
        DENIED,
        f"{STAMP}{DENIED}",
        f"{STAMP}##[error]{DENIED}",
        f"::error title=push::{DENIED}",
        f"\x1b[31m{DENIED}\x1b[0m",
        f"build\tPush\t\ufeff{STAMP}{DENIED}",
        f"#12 3.45 {DENIED}",
        f"app-1  | {DENIED}",
        f'{{"level":"error","msg":"{DENIED}"}}',
        f'{{"errors":[{{"code":"DENIED","message":"{DENIED}"}}]}}',
        f'{{"message":"{DENIED}"}}',
        f'time="2026-01-02T03:04:05Z" level=fatal msg="{DENIED}"',
        f"pushing  10%\rpushing  90%\r{DENIED}\r",
        f"{DENIED}\r\n",
        f"\ufeff{DENIED}",
        f"│ {DENIED}",
    ],
)
def test_envelopes_are_taken_off(log: str) -> None:
    found = diagnose([log.encode()])
    assert found[0].code is Code.REGISTRY_DENIED
    assert "write_package" in found[0].proof[0].text
    assert found[0].proof[0].line == 1
    assert "\x1b" not in found[0].proof[0].text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_encodings(encoding: str) -> None:
    log = f"begin\r\n{DENIED}\r\nend\r\n" * 3
    found = diagnose([log.encode(encoding)])
    assert found[0].code is Code.REGISTRY_DENIED
    assert found[0].proof[0].line == 2


def test_lines_are_counted_through_the_blocks() -> None:
    log = b"something ordinary goes on here, and on\n" * 90_000 + DENIED.encode()
    assert diagnose([log])[0].proof[0].line == 90_001


def test_steps_that_went_well_prove_nothing() -> None:
    log = stamped(
        "##[group]Run crane manifest app", "MANIFEST_UNKNOWN: manifest unknown", "##[group]Run make", FULL,
        "##[error]Process completed with exit code 2.",
    )  # fmt: skip
    assert codes(log) == [Code.DISK_FULL]


def test_independent_failures_are_all_told() -> None:
    log = stamped(
        "##[group]Run push", f"##[error]{DENIED}", "##[group]Run syft", f"##[error]{FULL}"
    )
    assert codes(log) == [Code.REGISTRY_DENIED, Code.DISK_FULL]


def test_what_a_failure_leads_to_is_noise() -> None:
    log = f"{FULL}\n[0004] ERROR failed to catalog: unpack\nError: no signatures found\nexit status 1\n"
    assert codes(log) == [Code.DISK_FULL]


def test_the_same_failure_told_five_times_is_one() -> None:
    found = diagnose([f"{DENIED}\n".encode() * 5])
    assert len(found) == 1
    assert len(found[0].proof) == 1


def test_what_was_tried_again_and_worked_is_no_failure() -> None:
    again = "received unexpected HTTP status: 503 Service Unavailable, retrying in 1s"
    pushed = f"1.0: digest: sha256:{'a' * 64} size: 528"
    assert codes(f"{again}\n{pushed}\n") == [Code.UNKNOWN]
    assert codes(f"{again}\n{pushed}\n{DENIED}\n") == [Code.REGISTRY_DENIED]
    assert codes(
        f"{again}\nfailed: received unexpected HTTP status: 503 Service Unavailable\n"
    ) == [Code.SERVICE_OUTAGE]


def test_a_warning_is_no_cause_where_something_failed() -> None:
    assert codes(f"warning: {FULL} was seen last week\nerror: E302 expected 2 blank lines\n") == [
        Code.UNKNOWN
    ]


@pytest.mark.parametrize(
    "symptom",
    [
        DENIED,
        "Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable",
        "Error: Resource not accessible by integration",
    ],
)
def test_a_forks_pull_request_lacks_its_rights_by_design(symptom: str) -> None:
    found = diagnose([symptom.encode()], Facts(fork=True))
    assert [one.code for one in found] == [Code.FORK_NO_PERMISSIONS]
    assert found[0].doc == "docs/errors.md#fork.no-permissions"
    assert Code.FORK_NO_PERMISSIONS not in codes(symptom, Facts(fork=False))
    assert codes(FULL, Facts(fork=True)) == [Code.DISK_FULL]


def test_a_fork_shows_in_the_log() -> None:
    rights = ["Actions", "Attestations", "Contents", "Packages", "Metadata"]
    log = stamped(
        "##[group]GITHUB_TOKEN Permissions", *(f"{name}: read" for name in rights), "##[endgroup]",
        "git checkout refs/remotes/pull/7/merge", "##[group]Run docker push", f"##[error]{DENIED}",
    )  # fmt: skip
    assert codes(log) == [Code.FORK_NO_PERMISSIONS]
    assert codes(log.replace("pull/7/merge", "heads/main")) == [Code.REGISTRY_DENIED]


def test_permissions_in_the_log_are_evidence() -> None:
    log = stamped(
        "##[group]GITHUB_TOKEN Permissions", "Contents: read", "Metadata: read", "##[endgroup]",
        "##[group]Run actions/attest-sbom@v2", "##[error]Resource not accessible by integration",
    )  # fmt: skip
    found = diagnose([log.encode()])[0]
    assert found.code is Code.ATTESTATIONS_PERMISSION
    assert "Contents: read" in [one.text for one in found.proof]


def test_secrets_and_escapes_do_not_get_out() -> None:
    register_secret("hunter2hunter2")
    log = (
        "error: https://me:hunter2hunter2@r.example/v2/ unauthorized: authentication required "
        f"\x1b]0;x\x07\u202e ghp_{'a' * 36}"
    )
    found = diagnose([log.encode()])[0]
    shown = " ".join([found.cause, *found.next, *(one.text for one in found.proof)])
    assert "hunter2" not in shown
    assert "ghp_a" not in shown
    assert shown.isprintable()


@pytest.mark.parametrize("log", [b"", b"\n\n", b" ", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\x00"])
def test_empty_logs(log: bytes) -> None:
    found = diagnose([log])
    assert found[0].code is Code.UNKNOWN
    assert found[0].proof == ()


def test_binary_noise_around_a_failure() -> None:
    noise = os.urandom(300_000)
    found = diagnose([noise, b"\n", FULL.encode(), b"\n", noise])
    assert Code.DISK_FULL in [one.code for one in found]


def test_a_line_of_ten_megabytes() -> None:
    found = diagnose([b"x" * (5 << 20), b" no space left on device ", b"y" * (5 << 20)])
    assert found[0].code is Code.DISK_FULL
    assert found[0].proof[0].line == 1
    assert len(found[0].proof[0].text) <= 500


def test_a_log_that_is_cut_in_the_middle() -> None:
    assert codes(f"{DENIED}\nwriting blob sha256:abc") == [Code.REGISTRY_DENIED]


def test_memory_does_not_grow_with_the_log() -> None:
    def log(megabytes: int) -> Iterator[bytes]:
        for number in range(megabytes):
            yield b"".join(
                b"%d error: connection refused by %d\n" % (number, line) for line in range(30_000)
            )

    def peak(megabytes: int) -> int:
        tracemalloc.start()
        diagnose(log(megabytes))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(12) < peak(4) + (24 << 20)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_have_an_answer(log: bytes) -> None:
    found = diagnose([log])
    assert found
    for one in found:
        assert one.cause.isprintable()
        assert all(proof.text.isprintable() and proof.line >= 1 for proof in one.proof)


_PIECES = st.lists(
    st.sampled_from(
        [DENIED, FULL, "ok", "error: x", "##[group]Run a/b@v1", "##[error]no", "503 Service Unavailable, retrying",
         "unauthorized: authentication required", "\x1b[31mfatal: y", "a\rb", ""]
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    _PIECES,
    st.lists(st.integers(1, 40), min_size=1, max_size=40),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_how_a_log_is_cut_changes_nothing(
    lines: list[str], sizes: list[int], encoding: str
) -> None:
    data = "\n".join(lines).encode(encoding)

    def cut() -> Iterator[bytes]:
        at = number = 0
        while at < len(data):
            size = sizes[number % len(sizes)]
            yield data[at : at + size]
            at, number = at + size, number + 1

    def comparable(found: tuple[Diagnosis, ...]) -> list[tuple[Code, list[int]]]:
        return [(one.code, [proof.line for proof in one.proof]) for one in found]

    assert comparable(diagnose(cut())) == comparable(diagnose([data]))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"unable to", b"x509", b"\nrun ", b"http 503", b"no ", b"137", b" ", b"\n", b"ab", b"un", b"able", b"to"]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_no_text_that_is_in_a_block_is_left_out_by_its_words(pieces: list[bytes]) -> None:
    texts = (b"unable to", b"x509", b"\nrun ", b"http 5", b"no ", b"137", b"able")
    data = b"".join(pieces)
    vocabulary = Vocabulary(texts)
    for block in (data, data[::-1], data):
        assert {text for text in texts if text in block} <= vocabulary.possible(block)

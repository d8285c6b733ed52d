"""A journal that was cut anywhere, and journals of other versions."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.errors import Code, Exit, ReleaseError
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.release.folders import StateFolder
from shipseal.release.journal import read_journal
from shipseal.release.result import Status
from shipseal.release.state import replay
from tests.faults.crash_rows import JOURNALS, POWER
from tests.faults.rows import Row
from tests.support.proofs import proves
from tests.support.release_bench import Bench

KEPT = Path(__file__).parent / "journals"
BLOCK = 512


def evidence(bench: Bench) -> list[list[tuple[str, str]]]:
    """Return subject and digest of all bundles, by target."""
    subjects = [bench.sample.digest, *(raw.digest for raw in bench.sample.manifests.values())]
    stores = [ReferrersStore(target) for target in bench.targets]
    return [
        sorted((one.subject, one.digest) for subject in subjects for one in store.find(subject))
        for store in stores
    ]


def journal_of(bench: Bench) -> Path:
    return StateFolder(bench.folder / bench.state).journal(bench.release)


def finished(folder: Path) -> Bench:
    """Return a bench whose release is done."""
    bench = Bench(folder)
    assert bench.run().status == Status.DONE
    return bench


def goes_on_from(bench: Bench, content: bytes, row: Row) -> None:
    """Put ``content`` in the journal's place, let an hour pass, and go on: everything must be as it is."""
    before, tags = evidence(bench), [bench.tags_at(0), bench.tags_at(1)]
    journal_of(bench).write_bytes(content)
    bench.clock.elapsed += 3600
    result = bench.run()
    assert (result.status, result.exit) == (row.outcome, row.exit), f"after {len(content)} bytes"
    assert evidence(bench) == before, f"after {len(content)} bytes"
    assert [bench.tags_at(0), bench.tags_at(1)] == tags


def cuts(journal: bytes, number: int) -> list[bytes]:
    """Return what a crash may have made of a journal around one of its lines."""
    lines = journal.splitlines(keepends=True)
    start = sum(map(len, lines[:number]))
    block = start - start % BLOCK
    return [
        journal[:start],
        journal[: start + len(lines[number]) // 2],
        journal[: start + len(lines[number]) - 1],
        journal[:start] + bytes(len(journal) - start),
        journal[:block],
        journal[:block] + bytes(BLOCK),
    ]


@proves(POWER["journal"])
def test_a_journal_that_was_cut_goes_on_from_what_is_left(tmp_path: Path) -> None:
    bench = finished(tmp_path)
    journal = journal_of(bench).read_bytes()
    for number in range(2, journal.count(b"\n"), 25):
        goes_on_from(bench, cuts(journal, number)[number % 6], POWER["journal"])


@pytest.mark.faults
@pytest.mark.parametrize("block", range(16))
def test_a_journal_that_was_cut_anywhere_goes_on(tmp_path: Path, block: int) -> None:
    bench = finished(tmp_path)
    journal = journal_of(bench).read_bytes()
    for number in range(block, journal.count(b"\n"), 16):
        for content in cuts(journal, number):
            goes_on_from(bench, content, POWER["journal"])


def test_what_was_cut_off_is_kept_beside_it(tmp_path: Path) -> None:
    bench = finished(tmp_path)
    path = journal_of(bench)
    whole = path.read_bytes()
    start = len(b"".join(whole.splitlines(keepends=True)[:30]))
    path.write_bytes(whole[: start + 10])
    bench.run()
    assert path.with_suffix(".damaged").read_bytes() == whole[start : start + 10]
    assert path.read_bytes()[:start] == whole[:start]


def rewritten(journal: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    lines = [json.loads(line) for line in journal.splitlines()]
    for line in lines:
        change(line)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def as_first(line: dict[str, Any]) -> None:
    """Leave out what was added since the first journals."""
    added: Mapping[str, tuple[str, ...]] = {
        "release.started": ("dry_run", "fork"),
        "statement.made": ("note",),
        "evidence.signed": ("adopted",),
        "tag.moved": ("reason",),
        "release.closed": ("code", "message", "hint", "retryable", "exit"),
    }
    for name in added.get(line["kind"], ()):
        line["data"].pop(name, None)


def as_later(line: dict[str, Any]) -> None:
    """Add what a later shipseal may say."""
    line["trace"] = "abc"
    line["data"]["added_later"] = {"anything": [1, None]}
    if line["kind"] == "step":
        line["kind"] = "step.of-later"


@proves(JOURNALS["older"], JOURNALS["later"])
@pytest.mark.parametrize("name", ["older", "later"])
def test_a_release_of_another_version_of_this_schema_goes_on(tmp_path: Path, name: str) -> None:
    change = {"older": as_first, "later": as_later}[name]
    bench = finished(tmp_path)
    whole = journal_of(bench).read_bytes()
    for lines in (45, 70):
        cut = b"".join(whole.splitlines(keepends=True)[:lines])
        goes_on_from(bench, rewritten(cut, change), JOURNALS[name])


@pytest.mark.parametrize("name", ["schema-1-first", "schema-1-later"])
def test_journals_that_were_kept_are_read_for_ever(name: str) -> None:
    state = replay(read_journal(KEPT / f"{name}.jsonl"))
    assert state.plan is not None
    assert state.plan.release == "1.0.0-0123456789"
    assert state.status == "partly-promoted"
    assert state.can_resume
    assert state.staged == {"oci:/srv/app"}
    assert state.verified
    assert state.evidence["provenance"].bundle == f"sha256:{'8' * 64}"
    assert state.tags["oci:/srv/app", "1.0.0"].digest == f"sha256:{'1' * 64}"
    assert state.before == {"oci:/srv/app": {"1.0.0": None, "latest": f"sha256:{'f' * 64}"}}


@proves(JOURNALS["too-old"], JOURNALS["too-new"])
@pytest.mark.parametrize(
    ("key", "name", "reads", "hint"),
    [
        ("too-old", "schema-0", "from 1 on", "what was signed is found at the targets"),
        ("too-new", "schema-2", "up to 1", "or a newer one"),
    ],
)
def test_journals_of_other_schemas_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    name: str,
    reads: str,
    hint: str,
) -> None:
    content = (KEPT / f"{name}.jsonl").read_bytes()
    path = tmp_path / "releases" / "1.0.0-0123456789" / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    monkeypatch.setenv("SHIPSEAL_STATE", str(tmp_path))
    assert main(["release", "list", "--json"]) == Exit.OK
    (listed,) = json.loads(capsys.readouterr().out)["unreadable"]
    assert f"written in schema {name[-1]}" in listed["reason"]
    for words in (["show", "1.0.0-0123456789"], ["resume", "1.0.0-0123456789"]):
        assert main(["release", *words, "--json"]) == JOURNALS[key].exit
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["code"] == str(JOURNALS[key].code)
        assert (
            f"line 1: written in schema {name[-1]}; this shipseal reads {reads}" in error["message"]
        )
        assert hint in error["hint"]
    with pytest.raises(ReleaseError) as caught:
        read_journal(path)
    assert caught.value.code is Code.CONFIG_INVALID
    assert path.read_bytes() == content


@proves(JOURNALS["pipe"])
@pytest.mark.timeout(20)
def test_a_configuration_that_is_a_pipe_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = JOURNALS["pipe"]
    os.mkfifo(tmp_path / "shipseal.yaml")
    words = ["release", "--version", "1.0.0", "--config", str(tmp_path / "shipseal.yaml"), "--json"]
    assert main(words) == row.exit == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["error"]["code"] == str(row.code)

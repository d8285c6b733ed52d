"""`shipseal db`: what it prints against the schemas, and what wrong words, files and places are told."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.advisories.artifact import ARTIFACT, LAYER
from shipseal.advisories.stored import FORMAT
from shipseal.cli.main import main
from shipseal.errors import Code, Exit
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import parse_manifest
from shipseal.registry.layout_target import LayoutTarget
from shipseal.testing.images import build_layout
from tests.support.advisory_databases import (
    EPSS,
    KEV,
    FeedServer,
    archive,
    as_format,
    record,
)
from tests.support.registries import crane_registry, debian_registry, distribution
from tests.support.schemas import check_shape

Capture = pytest.CaptureFixture[str]
SCHEMAS = {"update": "change", "import": "change", "pull": "change"}


def answer(capsys: Capture, *words: object) -> Any:
    """Run a command that must succeed under --json, and return what it printed, held against its schema."""
    status = main(["db", *map(str, words), "--json"])
    out, err = capsys.readouterr()
    assert status == 0, out + err
    value = json.loads(out)
    name = str(words[0])
    check_shape(value, f"db-{SCHEMAS.get(name, name)}")
    return value


def refusal(capsys: Capture, *words: object) -> tuple[int, dict[str, Any]]:
    """Run a command that must fail under --json, and return its status and error."""
    status = main(["db", *map(str, words), "--json"])
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "error")
    return status, value["error"]


def text(capsys: Capture, *words: object) -> tuple[str, str]:
    """Run a command that must succeed, and return what a person reads in a pipe."""
    assert main(["db", *map(str, words)]) == 0
    out, err = capsys.readouterr()
    return out, err


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(json.dumps(record(number)) for number in (1, 2)))
    return path


@pytest.fixture
def db(tmp_path: Path, records: Path, capsys: Capture) -> Path:
    path = tmp_path / "my.db"
    answer(capsys, "import", records, "--db", path)
    return path


def test_files_of_every_kind_make_one_database(
    tmp_path: Path, records: Path, capsys: Capture
) -> None:
    (tmp_path / "all.zip").write_bytes(archive(record(3, "npm")))
    (tmp_path / "kev.json").write_text(json.dumps(KEV))
    (tmp_path / "epss.csv").write_text(EPSS)
    told = answer(
        capsys, "import", records, *(tmp_path / name for name in ("all.zip", "kev.json", "epss.csv")),
        "--db", tmp_path / "my.db",
    )  # fmt: skip
    assert (told["records"], told["previous"], told["changed"]) == (3, None, True)
    shown = answer(capsys, "status", "--db", tmp_path / "my.db")
    assert [one["name"] for one in shown["ecosystems"]] == ["PyPI", "npm"]
    assert shown["kev"] == {"entries": 1, "date": "2026-01-11"}
    assert shown["epss"] == {"entries": 2, "date": "2026-01-10"}
    assert shown["digest"] == told["digest"]
    assert (shown["built"], shown["checked"]) == ("2026-01-10T00:00:00Z", None)


@pytest.mark.parametrize(
    "kev", [KEV["vulnerabilities"], {"CVE-2026-0001": KEV["vulnerabilities"][0]}]
)
def test_the_entries_of_the_catalogue_may_stand_alone(
    tmp_path: Path, kev: object, capsys: Capture
) -> None:
    (tmp_path / "kev.json").write_text(json.dumps(kev))
    answer(capsys, "import", tmp_path / "kev.json", "--db", tmp_path / "my.db")
    shown = answer(capsys, "status", "--db", tmp_path / "my.db")
    assert shown["kev"] == {"entries": 1, "date": "2026-01-09"}
    assert shown["built"] is None


def test_a_person_reads_what_happened(db: Path, records: Path, capsys: Capture) -> None:
    out, err = text(capsys, "import", records, "--db", db)
    assert "records.jsonl        2  read" in out
    assert "unchanged" in out
    assert err == ""
    out, _ = text(capsys, "status", "--db", db)
    assert "2 records, 0 withdrawn" in out
    assert "KEV   none" in out
    out, _ = text(capsys, "verify", "--db", db)
    assert "whole, 2 records, format 1" in out


def test_the_users_own_database_is_the_default_and_the_variable_another(
    tmp_path: Path, records: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    own = answer(capsys, "import", records)
    assert own["path"].startswith(str(tmp_path / "cache" / "advisories"))
    monkeypatch.setenv("SHIPSEAL_DB", str(tmp_path / "other.db"))
    other = answer(capsys, "import", records)
    assert other["path"] == str(tmp_path / "other.db")
    assert other["digest"] == own["digest"]


def test_what_cannot_be_compared_exactly_is_told(tmp_path: Path, capsys: Capture) -> None:
    odd = record(1)
    odd["affected"][0]["ranges"] = [
        {"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}, {"fixed": "1.0"}]},
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "one.two!"}]},
    ]
    (tmp_path / "odd.json").write_text(json.dumps([odd, record(2, "Nowhere")]))
    told = answer(capsys, "import", tmp_path / "odd.json", "--db", tmp_path / "my.db")
    assert told["review"] == {
        "unordered": {"nowhere": 1},
        "oddBounds": ["X-1 sample one.two!"],
        "impossible": ["X-1 sample 2.0 to 1.0"],
    }
    assert answer(capsys, "verify", "--db", tmp_path / "my.db")["review"] == told["review"]
    _, err = text(capsys, "import", tmp_path / "odd.json", "--db", tmp_path / "new.db")
    assert "1 range(s) end before they begin and hold no version: X-1 sample 2.0 to 1.0" in err
    assert "nowhere: its versions cannot be ordered here" in err


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: os.truncate(path, 9000), "is cut off"),
        (lambda path: as_format(path, FORMAT + 1), "reads formats up to 1"),
        (lambda path: path.unlink(), "no such file or folder"),
    ],
)
@pytest.mark.parametrize("command", ["status", "verify"])
def test_a_database_that_cannot_be_read_is_undecided(
    db: Path, spoil: Any, words: str, command: str, capsys: Capture
) -> None:
    spoil(db)
    status, error = refusal(capsys, command, "--db", db)
    assert (status, error["code"]) == (Exit.UNDECIDED, Code.DB_UNAVAILABLE)
    assert words in error["message"]
    assert error["hint"]


def test_verify_reads_it_all_whatever_was_stamped(
    db: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipseal.advisories.file_check.SETTLED_NS", -1)
    answer(capsys, "status", "--db", db)
    data = bytearray(db.read_bytes())
    data[5000] ^= 1
    times = db.stat()
    db.write_bytes(bytes(data))
    os.utime(db, ns=(times.st_atime_ns, times.st_mtime_ns))
    status, error = refusal(capsys, "verify", "--db", db)
    assert (status, error["code"]) == (Exit.UNDECIDED, Code.DB_UNAVAILABLE)


def test_the_last_good_one_is_shown_with_a_note(db: Path, tmp_path: Path, capsys: Capture) -> None:
    good = answer(capsys, "status", "--db", db)["digest"]
    (tmp_path / "more.json").write_text(json.dumps(record(3)))
    answer(capsys, "import", tmp_path / "more.json", "--db", db)
    os.truncate(db, 9000)
    shown = answer(capsys, "status", "--db", db)
    assert shown["digest"] == good
    assert "the last good one is used: my.db.previous" in shown["notes"][0]


@pytest.mark.parametrize("command", [["export", "carried.db"], ["push", "oci:carried"]])
def test_the_last_good_one_is_no_whole_database_and_handed_on_with_a_word(
    db: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(db, f"{db}.previous")
    os.truncate(db, 9000)
    status, error = refusal(capsys, "verify", "--db", db)
    assert (status, error["code"]) == (Exit.UNDECIDED, Code.DB_UNAVAILABLE)
    assert "is cut off" in error["message"]
    assert "the last good one is used: my.db.previous" in error["message"]
    assert "the last good one is used" in text(capsys, *command, "--db", db)[1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda path: (path.mkdir(), (path / "thesis.txt").write_text("x")),
            "a folder with other files",
        ),
        (lambda path: path.write_text("my thesis"), "is another file, not a database"),
    ],
)
def test_nothing_else_is_overwritten(
    tmp_path: Path, records: Path, make: Any, words: str, capsys: Capture
) -> None:
    place = tmp_path / "place"
    make(place)
    before = sorted(tmp_path.rglob("*"))
    status, error = refusal(capsys, "import", records, "--db", place)
    assert (status, error["code"]) == (Exit.USAGE, Code.CONFIG_INVALID)
    assert words in error["message"]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [(), ("--fresh",)])
def test_an_empty_file_has_nothing_to_lose(
    tmp_path: Path, records: Path, words: tuple[str, ...], capsys: Capture
) -> None:
    place = tmp_path / "made by mktemp"
    place.touch()
    _out, err = text(capsys, "import", records, "--db", place, *words)
    assert "is an empty file" in err
    assert answer(capsys, "status", "--db", place)["records"] == 2


def test_an_export_is_the_same_file_and_opens_anywhere(
    db: Path, tmp_path: Path, capsys: Capture
) -> None:
    told = answer(capsys, "export", tmp_path / "out.advisories", "--db", db)
    assert (tmp_path / "out.advisories").read_bytes() == db.read_bytes()
    assert told["digest"] == answer(capsys, "status", "--db", tmp_path / "out.advisories")["digest"]
    status, error = refusal(capsys, "export", tmp_path, "--db", db)
    assert (status, error["code"]) == (Exit.USAGE, Code.CONFIG_INVALID)


def test_a_folder_of_records_is_exported_compiled(
    records: Path, tmp_path: Path, capsys: Capture
) -> None:
    told = answer(capsys, "export", tmp_path / "out", "--db", records)
    assert answer(capsys, "verify", "--db", tmp_path / "out")["digest"] == told["digest"]


@pytest.fixture
def feed() -> Iterator[tuple[FeedServer, list[str]]]:
    served = FeedServer()
    served.documents = {
        "/PyPI/all.zip": archive(record(1)),
        "/kev.json": json.dumps(KEV).encode(),
        "/epss": EPSS.encode(),
    }
    with served.serve() as server:
        yield served, [
            "--source", server.url, "--ecosystem", "PyPI",
            "--kev", f"{server.url}/kev.json", "--epss", f"{server.url}/epss",
        ]  # fmt: skip


def test_update_fetches_what_the_words_say(
    feed: tuple[FeedServer, list[str]], tmp_path: Path, capsys: Capture
) -> None:
    _, words = feed
    first = answer(capsys, "update", *words, "--db", tmp_path / "my.db")
    assert [one["name"] for one in first["sources"]] == ["osv:PyPI", "kev", "epss"]
    again = answer(capsys, "update", *words, "--db", tmp_path / "my.db")
    assert not any(one["changed"] for one in again["sources"])
    without = [*words[:4], "--kev", "none", "--epss", "none"]
    last = answer(capsys, "update", *without, "--db", tmp_path / "my.db")
    assert [one["name"] for one in last["sources"]] == ["osv:PyPI"]


def test_update_fetches_what_the_configuration_says(
    feed: tuple[FeedServer, list[str]], tmp_path: Path, capsys: Capture
) -> None:
    _, words = feed
    config = tmp_path / "shipseal.yaml"
    config.write_text(
        "image: sample\nbuild: {builder: prebuilt, layout: x}\ntargets: [oci:y]\n"
        f"advisories: {{sources: [{words[1]}], ecosystems: [PyPI], kev: [], epss: []}}\n"
    )
    told = answer(capsys, "update", "--config", config, "--db", tmp_path / "my.db")
    assert [one["name"] for one in told["sources"]] == ["osv:PyPI"]


def test_an_update_that_fails_is_an_outage_and_leaves_what_was_there(
    feed: tuple[FeedServer, list[str]], tmp_path: Path, capsys: Capture
) -> None:
    served, words = feed
    digest = answer(capsys, "update", *words, "--db", tmp_path / "my.db")["digest"]
    served.documents["/PyPI/all.zip"] = b"<html>"
    status, error = refusal(capsys, "update", *words, "--db", tmp_path / "my.db")
    assert (status, error["code"]) == (Exit.UNDECIDED, Code.DB_UNAVAILABLE)
    assert answer(capsys, "status", "--db", tmp_path / "my.db")["digest"] == digest


@pytest.mark.parametrize(
    "words",
    [
        ("--source", "http://mirror.example"),
        ("--source", "https://user:hunter2@mirror.example"),
        ("--kev", "nowhere"),
    ],
)
def test_addresses_are_judged_before_anything_is_asked(
    words: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    status, error = refusal(capsys, "update", *words, "--db", tmp_path / "my.db")
    assert (status, error["code"]) == (Exit.USAGE, Code.CONFIG_INVALID)
    assert "hunter2" not in json.dumps(error)


REGISTRIES = {"distribution": distribution, "debian": debian_registry, "crane": crane_registry}


@pytest.mark.tools
@pytest.mark.parametrize("kind", REGISTRIES)
def test_a_registry_hands_on_the_very_file(
    kind: str, db: Path, tmp_path: Path, capsys: Capture
) -> None:
    with REGISTRIES[kind](tmp_path / "registry") as registry:
        name = f"{registry.host}/org/advisories"
        pushed = answer(capsys, "push", f"{name}:latest", "--db", db)
        assert answer(capsys, "push", f"{name}:latest", "--db", db) == pushed
        for reference in (f"{name}:latest", f"{name}@{pushed['manifest']}"):
            target = tmp_path / reference.rpartition("/")[2].replace(":", "-")
            pulled = answer(capsys, "pull", reference, "--db", target)
            assert pulled["digest"] == pushed["digest"]
            assert target.read_bytes() == db.read_bytes()
            assert answer(capsys, "pull", reference, "--db", target)["changed"] is False
        status, error = refusal(capsys, "pull", f"{name}:other", "--db", tmp_path / "x")
        assert (status, error["code"]) == (Exit.OUTSIDE, Code.IMAGE_NOT_FOUND)


def test_the_artifact_says_what_it_is_and_its_layer_is_the_database(
    db: Path, tmp_path: Path, capsys: Capture
) -> None:
    pushed = answer(capsys, "push", f"oci:{tmp_path / 'layout'}:latest", "--db", db)
    layout = LayoutTarget(tmp_path / "layout")
    found = layout.resolve("latest")
    assert found is not None
    manifest = parse_manifest(layout.read_manifest(found.digest), what="it")
    assert (manifest.artifact_type, manifest.config.media_type) == (ARTIFACT, mt.OCI_EMPTY)
    (layer,) = manifest.layers
    assert (layer.media_type, layer.digest) == (LAYER, pushed["digest"])
    assert manifest.annotations[mt.CREATED] == "2026-01-10T00:00:00Z"


def test_an_older_database_is_refused_by_a_tag_and_taken_when_it_was_chosen(
    db: Path, tmp_path: Path, capsys: Capture
) -> None:
    layout = f"oci:{tmp_path / 'layout'}"
    old = answer(capsys, "push", f"{layout}:latest", "--db", db)
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(record(1, modified="2026-01-20T00:00:00Z")))
    own = tmp_path / "own.db"
    answer(capsys, "import", newer, "--db", own)
    status, error = refusal(capsys, "pull", f"{layout}:latest", "--db", own)
    assert (status, error["code"]) == (Exit.UNDECIDED, Code.DB_STALE)
    assert "--older" in error["hint"]
    assert answer(capsys, "status", "--db", own)["built"] == "2026-01-20T00:00:00Z"
    shutil.copy(own, tmp_path / "second.db")
    assert (
        answer(capsys, "pull", f"{layout}:latest", "--older", "--db", own)["digest"]
        == old["digest"]
    )
    chosen = f"{layout}@{old['manifest']}"
    assert answer(capsys, "pull", chosen, "--db", tmp_path / "second.db")["digest"] == old["digest"]


def test_what_is_no_database_is_not_pulled(db: Path, tmp_path: Path, capsys: Capture) -> None:
    image = build_layout(tmp_path / "image", platforms=("linux/amd64",))
    digest = answer(capsys, "status", "--db", db)["digest"]
    for reference in (f"oci:{tmp_path / 'image'}", f"oci:{tmp_path / 'image'}@{image.digest}"):
        status, error = refusal(capsys, "pull", reference, "--db", db)
        assert (status, error["code"]) == (Exit.REFUSED, Code.FORMAT_UNSUPPORTED)
    assert answer(capsys, "status", "--db", db)["digest"] == digest


def test_a_database_that_changed_on_its_way_is_not_taken(
    db: Path, tmp_path: Path, capsys: Capture
) -> None:
    layout = f"oci:{tmp_path / 'layout'}:latest"
    pushed = answer(capsys, "push", layout, "--db", db)
    blob = tmp_path / "layout" / "blobs" / pushed["digest"].replace(":", "/")
    data = bytearray(blob.read_bytes())
    data[4000] ^= 1
    blob.write_bytes(bytes(data))
    status, error = refusal(capsys, "pull", layout, "--db", tmp_path / "own.db")
    assert (status, error["code"]) == (Exit.EVIDENCE, Code.DIGEST_MISMATCH)
    assert not (tmp_path / "own.db").exists()
    assert not list(tmp_path.glob(".part.*"))


def test_a_database_of_a_newer_format_is_not_taken_and_the_own_one_stays(
    db: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, own = f"oci:{tmp_path / 'layout'}:latest", tmp_path / "own.db"
    answer(capsys, "push", layout, "--db", db)
    # As an older shipseal sees it.
    monkeypatch.setattr("shipseal.advisories.file_check.FORMAT", FORMAT - 1)
    status, error = refusal(capsys, "pull", layout, "--db", own)
    assert (status, error["code"]) == (Exit.UNDECIDED, Code.DB_UNAVAILABLE)
    assert "install a newer shipseal" in error["hint"]
    assert not own.exists()


def compare(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, ecosystem: str, data: bytes
) -> list[str]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["db", "compare", ecosystem]) == 0
    return capsys.readouterr().out.splitlines()


def test_versions_are_compared_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    lines = compare(
        monkeypatch, capsys, "PyPI", b"1.0\t1.1\n1.1\t1.0\r\n1.0\t1\nx y\t1\n1\n\n1\t2\t3\n\xff\t1"
    )
    assert lines[:3] == ["-1", "1", "0"]
    assert all(line.startswith("error: ") for line in lines[3:])
    assert len(lines) == 8
    assert compare(monkeypatch, capsys, "Nowhere", b"1\t2\n")[0].startswith("error: ")


@given(data=st.binary(max_size=200))
@settings(max_examples=60)
def test_every_line_gets_one_answer(data: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO()
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        patch.setattr("sys.stdout", out)
        assert main(["db", "compare", "npm"]) == 0
    assert len(out.getvalue().splitlines()) == len(data.split(b"\n")) - data.endswith(b"\n") - (
        not data
    )


def test_in_a_pipe_nothing_but_the_result_is_printed(records: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "shipseal.cli.main",
            "db",
            "import",
            records,
            "--db",
            tmp_path / "x.db",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "digest    sha256:" in done.stdout

"""``shipseal sbom``: real output against the schemas, files that are written, and what wrong input is told."""

import gzip
import json
import os
import re
import signal
import subprocess
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.oci import Platform
from shipseal.oci.digest import digest_of
from shipseal.sbom.store_limits import limits_for
from shipseal.spdx import read_document
from shipseal.testing.contents import elf, executable
from shipseal.testing.damage import corrupt_blob, remove_blob, truncate_blob
from shipseal.testing.images import SampleImage, build_layout
from tests.support import spdx as samples
from tests.support.fake_syft import FakeSyft
from tests.support.processes import python_argv
from tests.support.registries import distribution
from tests.support.sample_images import debian_image
from tests.support.schemas import check_shape
from tests.support.tools import need

Capture = pytest.CaptureFixture[str]


def answer(capsys: Capture, *words: str) -> Any:
    """Run a command that must succeed under --json, and return what it printed, held against its schema."""
    status = main(["sbom", *words, "--json"])
    out, err = capsys.readouterr()
    assert (status, err) == (0, ""), out + err
    value = json.loads(out)
    check_shape(value, f"sbom-{words[0]}")
    return value


def refusal(capsys: Capture, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a command that must fail under --json, and return its status and error."""
    status = main(["sbom", *words, "--json"])
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "error")
    return status, value["error"]


def text(capsys: Capture, *words: str) -> str:
    """Run a command that must succeed, and return what a person reads in a pipe."""
    assert main(["sbom", *words]) == 0
    out, _ = capsys.readouterr()
    return out


def sbom(*packages: str, padding: int = 0) -> bytes:
    listed = [
        samples.analysed(f"Package-npm-{name}-{name}", name=name, description="x" * padding)
        for name in packages
    ]
    return samples.document(
        [samples.package("root"), *listed],
        [
            samples.relation("DOCUMENT", "DESCRIBES", "root"),
            *(
                samples.relation(f"Package-npm-{name}-{name}", "CONTAINS", f"f-{name}")
                for name in packages
            ),
        ],
        files=[samples.file(f"f-{name}") for name in packages],
        indent=2,
    )


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "app.spdx.json.gz"
    path.write_bytes(gzip.compress(sbom("left", "right"), mtime=0))
    return path


@pytest.fixture
def syft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSyft:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    return FakeSyft(tmp_path / "tool")


@pytest.fixture
def sample(tmp_path: Path) -> SampleImage:
    return debian_image(tmp_path / "image")


# limits, size, diff


def test_limits(capsys: Capture) -> None:
    found = answer(capsys, "limits")["limits"]
    assert {item["store"]: item["sbomBytes"] for item in found}["github"] == 16_777_216
    shown = text(capsys, "limits")
    assert all(item["source"] in shown for item in found)


def test_size(capsys: Capture, document: Path) -> None:
    found = answer(capsys, "size", str(document), "--top", "1")
    assert sum(section["bytes"] for section in found["sections"]) == found["bytes"]
    assert len(found["packages"]) == 1
    assert found["digest"] == digest_of(gzip.decompress(document.read_bytes()))
    shown = text(capsys, "size", str(document))
    assert re.search(r"relationships +3 ", shown)
    assert re.search(r"left +1\.0 +1 ", shown)
    assert re.search(r"github +16\.0 MiB +fits as it is", shown)


@pytest.mark.shared
def test_size_of_a_real_one_with_layers(capsys: Capture, tmp_path: Path) -> None:
    spdx, native = tmp_path / "a", tmp_path / "b"
    spdx.write_bytes(samples.real("npm-web"))
    native.write_bytes(samples.native("npm-web"))
    assert answer(capsys, "size", str(spdx), "--native", str(native))["packages"]


def test_size_shows_layers_and_what_stores_would_need(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, native = tmp_path / "app.json", tmp_path / "app.syft.json"
    path.write_bytes(sbom("left", "right", padding=300))
    layer = "sha256:" + "a" * 64
    artifacts = [{"id": "left", "locations": [{"path": "/x", "layerID": layer}]}]
    source = {"metadata": {"layers": [{"digest": layer}]}}
    native.write_text(json.dumps({"artifacts": artifacts, "source": source}))
    (found,) = answer(capsys, "size", str(path), "--native", str(native))["layers"]
    assert (found["number"], found["digest"], found["packages"]) == (1, layer, 1)
    # Stores as small as this document, so that every verdict occurs.
    limits = [
        replace(limits_for(["github"])[0], store=name, size=size)
        for name, size in (("tiny", 100), ("small", 2700), ("fair", 3600), ("large", 10**6))
    ]
    monkeypatch.setattr("shipseal.sbom.size.STORE_LIMITS", limits)
    shown = text(capsys, "size", str(path), "--native", str(native))
    assert re.search(rf"1 +{layer} +1 ", shown)
    assert re.search(r"tiny .* too large: .* when all is trimmed; attested by reference", shown)
    assert re.search(r"small .* fits in .* without files", shown)
    assert re.search(r"fair .* fits in .* when compact", shown)
    assert re.search(r"large .* fits as it is", shown)


def test_diff(capsys: Capture, tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_bytes(sbom("a", "b"))
    new.write_bytes(sbom("b", "c", "d"))
    found = answer(capsys, "diff", str(old), str(new))
    assert [item["name"] for item in found["added"]] == ["c", "d"]
    assert [item["name"] for item in found["removed"]] == ["a"]
    growth = sum(item["newBytes"] - item["oldBytes"] for item in found["sections"])
    assert growth < found["new"]["bytes"] - found["old"]["bytes"]  # these have whitespace too
    shown = text(capsys, "diff", str(old), str(new))
    assert "2 added, 1 removed, 0 changed, 1 the same" in shown
    assert re.search(r"total .* \+", shown)


def test_diff_of_equals_says_so(capsys: Capture, document: Path) -> None:
    found = answer(capsys, "diff", str(document), str(document))
    assert (found["equal"], found["same"]) == (True, 2)
    assert "0 added, 0 removed, 0 changed, 2 the same" in text(
        capsys, "diff", str(document), str(document)
    )


# trim


def test_trim_writes_what_fits_and_says_what_went(
    capsys: Capture, document: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    full = gzip.decompress(document.read_bytes())
    found = answer(capsys, "trim", str(document), "--limit", "2300", "-o", str(out))
    assert found["bytes"] == out.stat().st_size <= 2300
    assert (found["full"], found["originalBytes"]) == (digest_of(full), len(full))
    assert {item["step"] for item in found["dropped"]} == {"compact", "files"}
    assert digest_of(full) in out.read_text()
    shown = text(capsys, "trim", str(document), "--limit", "2300", "-o", str(out))
    assert re.search(r"files +files +2 ", shown)
    assert f"the full SBOM is {digest_of(full)}" in shown


def test_trim_leaves_alone_what_fits(capsys: Capture, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    for store in ((), ("--store", "oci"), ("--store", "portable")):
        found = answer(capsys, "trim", str(document), *store, "-o", str(out))
        assert found["dropped"] == []
        assert out.read_bytes() == gzip.decompress(document.read_bytes())
    assert "fits as it is" in text(capsys, "trim", str(document), "-o", str(out))


def test_trim_that_cannot_fit_exits_2_and_writes_nothing(
    capsys: Capture, document: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    status, error = refusal(capsys, "trim", str(document), "--limit", "100", "-o", str(out))
    assert (status, error["code"]) == (Exit.REFUSED, "sbom.too-large")
    assert error["context"]["packages"] == "2"
    assert "by reference" in error["hint"]
    assert not out.exists()
    assert main(["sbom", "trim", str(document), "--limit", "100", "-o", str(out)]) == 2
    shown, err = capsys.readouterr()
    assert re.search(r"files +files +2 ", shown)
    assert err.startswith(f"error sbom.too-large: {document}: ")


def test_trim_says_when_scanners_need_the_full_one(capsys: Capture, tmp_path: Path) -> None:
    overlap = samples.relation("a", "OTHER", "b", samples.OVERLAP + "x" * 2000)
    raw = samples.document(
        [samples.package("a"), samples.package("b")],
        [samples.relation("DOCUMENT", "DESCRIBES", "a"), overlap],
    )
    (tmp_path / "in").write_bytes(raw)
    words = (str(tmp_path / "in"), "--limit", str(len(raw) - 900), "-o", str(tmp_path / "out"))
    assert "scan the full SBOM" in text(capsys, "trim", *words)


@pytest.mark.shared
def test_trim_of_a_real_large_one_for_github(capsys: Capture, tmp_path: Path) -> None:
    source, out = tmp_path / "full.json", tmp_path / "out.json"
    source.write_bytes(samples.real("debian12"))
    found = answer(capsys, "trim", str(source), "--store", "github", "-o", str(out))
    assert found["bytes"] <= 16_777_216 < found["originalBytes"]
    assert len(read_document(out.read_bytes(), what="out").contents) == 1002


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--limit", "5", "--store", "github"), "exclude each other"),
        (("--store", "gihub"), "unknown evidence store"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_trim_with_a_wrong_limit(
    capsys: Capture, document: Path, words: tuple[str, ...], problem: str
) -> None:
    status, error = refusal(capsys, "trim", str(document), *words, "-o", "out.json")
    assert (status, error["code"]) == (Exit.USAGE, "config.invalid")
    assert problem in error["message"]


BAD: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "No such file"),
    "empty": (b"", "the file is empty"),
    "text": (b"SPDXVersion: SPDX-2.3\n", "it is SPDX tag-value"),
    "cyclonedx": (b'{"bomFormat":"CycloneDX"}', "this is CycloneDX"),
    "spdx 3": (b'{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', "this is SPDX 3"),
    "version": (sbom("a").replace(b"SPDX-2.3", b"SPDX-2.9"), "'SPDX-2.9', expected SPDX-2.3"),
    "cut": (sbom("a")[:-30], "truncated"),
    "cut gzip": (gzip.compress(sbom("a"), mtime=0)[:-30], "damaged gzip"),
    "no packages' ids": (sbom("a").replace(b'"SPDXID": "SPDXRef-root"', b'"id": 1'), "packages: "),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("command", ["size", "trim", "diff"])
def test_a_wrong_file_is_named_with_what_was_expected(
    capsys: Capture, tmp_path: Path, kind: str, command: str
) -> None:
    content, problem = BAD[kind]
    path = tmp_path / "app.json"
    if content is not None:
        path.write_bytes(content)
    more = {"size": [], "trim": ["-o", str(tmp_path / "out")], "diff": [str(path)]}[command]
    status, error = refusal(capsys, command, str(path), *more)
    assert (status, error["code"]) == (Exit.USAGE, "config.invalid")
    assert error["message"].startswith(f"{path}: ")
    assert problem in error["message"]
    assert error["hint"]
    assert not (tmp_path / "out").exists()


def test_a_wrong_native_file_is_named(capsys: Capture, document: Path) -> None:
    status, error = refusal(capsys, "size", str(document), "--native", str(document))
    assert status == Exit.USAGE
    assert "not Syft's own JSON" in error["message"]


# generate


def test_generate_from_a_layout_writes_files_for_each_platform_and_the_index(
    capsys: Capture, tmp_path: Path, sample: SampleImage, syft: FakeSyft
) -> None:
    out = tmp_path / "out"
    words = (
        f"oci:{sample.layout.folder}",
        "--out",
        str(out),
        "--name",
        "ghcr.io/org/app",
        "--version",
        "1.2",
    )
    found = answer(capsys, "generate", *words, "--syft", str(syft.path))
    assert sorted(path.name for path in out.iterdir()) == [
        "app-index.spdx.json",
        "app-linux-amd64.spdx.json",
        "app-linux-amd64.syft.json",
        "app-linux-arm64.spdx.json",
        "app-linux-arm64.syft.json",
    ]
    assert (found["digest"], found["tool"]) == (sample.digest, "syft 9.9.9")
    for item in found["sboms"]:
        assert item["subject"] == sample.manifests[item["platform"]].digest
        for kind in ("spdx", "native"):
            assert digest_of(Path(item[kind]["file"]).read_bytes()) == item[kind]["digest"]
    assert samples.official_problems(Path(found["index"]["file"]).read_bytes()) == []
    again = answer(capsys, "generate", *words, "--syft", str(syft.path))
    assert [item["cached"] for item in again["sboms"]] == [True, True]
    assert [item["spdx"] for item in again["sboms"]] == [item["spdx"] for item in found["sboms"]]


def test_generate_one_platform(
    capsys: Capture, tmp_path: Path, sample: SampleImage, syft: FakeSyft
) -> None:
    found = answer(
        capsys,
        *("generate", f"oci:{sample.layout.folder}", "--platform", "linux/arm64"),
        *("--out", str(tmp_path / "out"), "--syft", str(syft.path)),
    )
    assert [item["platform"] for item in found["sboms"]] == ["linux/arm64"]
    assert found["index"] is None
    assert syft.runs == 1


def test_generate_one_of_several_images_in_a_layout(
    capsys: Capture, tmp_path: Path, syft: FakeSyft
) -> None:
    folder = tmp_path / "several"
    one = build_layout(folder, ref="1.0")
    build_layout(folder, ref="2.0", layers=[{"x": b"y"}], config={})
    more = ("--out", str(tmp_path / "out"), "--syft", str(syft.path))
    found = answer(capsys, "generate", f"oci:{folder}:1.0", *more)
    assert (found["digest"], found["version"]) == (one.digest, "1.0")
    found = answer(capsys, "generate", f"oci:{folder}@{one.digest}", *more)
    assert (found["digest"], found["version"]) == (one.digest, "")
    _, error = refusal(capsys, "generate", str(folder), *more)
    assert error["code"] == "image.not-found"


def test_generate_from_an_archive(
    capsys: Capture, tmp_path: Path, sample: SampleImage, syft: FakeSyft
) -> None:
    archive = tmp_path / "app.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(sample.layout.folder, arcname=".")
    found = answer(
        capsys, "generate", str(archive), "--out", str(tmp_path / "out"), "--syft", str(syft.path)
    )
    assert (found["name"], found["digest"], len(found["sboms"])) == ("app", sample.digest, 2)


@pytest.mark.tools
@pytest.mark.parametrize("platform", [None, "linux/amd64"])
def test_generate_from_a_registry(
    capsys: Capture, tmp_path: Path, sample: SampleImage, syft: FakeSyft, platform: str | None
) -> None:
    crane = need("crane")
    with distribution(tmp_path / "registry") as registry:
        reference = f"{registry.host}/org/app:1.4.2"
        subprocess.run([crane, "push", "--index", sample.layout.folder, reference], check=True)
        only = ("--platform", platform) if platform else ()
        found = answer(
            capsys,
            *("generate", reference, *only, "--out", str(tmp_path), "--syft", str(syft.path)),
        )
    assert (found["name"], found["version"]) == (f"{registry.host}/org/app", "1.4.2")
    assert len(found["sboms"]) == (1 if platform else 2)
    subjects = {item["subject"] for item in found["sboms"]}
    assert subjects <= {manifest.digest for manifest in sample.manifests.values()}


@pytest.mark.tools
def test_generate_what_the_registry_does_not_have(
    capsys: Capture, tmp_path: Path, syft: FakeSyft
) -> None:
    (tmp_path / "shipseal.yaml").write_text(CONFIG)
    with distribution(tmp_path / "registry") as registry:
        for config in ((), ("--config", str(tmp_path / "shipseal.yaml"))):
            reference = f"{registry.host}/org/app"
            status, error = refusal(
                capsys, "generate", reference, *config, "--syft", str(syft.path)
            )
            assert (status, error["code"]) == (Exit.OUTSIDE, "image.not-found")
            assert "'latest'" in error["message"]


CONFIG = """\
image: app
platforms: [linux/amd64]
build: {builder: prebuilt, layout: ./image}
targets: ["127.0.0.1:5001/app"]
tags: ["{version}"]
"""


def test_generate_is_told_in_a_table(
    capsys: Capture, tmp_path: Path, sample: SampleImage, syft: FakeSyft
) -> None:
    words = (
        f"oci:{sample.layout.folder}",
        "--out",
        str(tmp_path / "out"),
        "--syft",
        str(syft.path),
    )
    shown = text(capsys, "generate", *words)
    assert re.search(r"linux/arm64 +1 +[\d.]+ (B|KiB) +[\d.]+ s +\S+arm64\.spdx\.json", shown)
    assert "by syft 9.9.9" in shown


def test_generate_says_what_is_incomplete(capsys: Capture, tmp_path: Path, syft: FakeSyft) -> None:
    sample = build_layout(tmp_path / "image", platforms=["linux/amd64"], shape="bare")
    words = (
        f"oci:{sample.layout.folder}",
        "--out",
        str(tmp_path / "out"),
        "--syft",
        str(syft.path),
    )
    assert main(["sbom", "generate", *words]) == 0
    _, err = capsys.readouterr()
    assert "/app" not in err  # the stand-in's package owns it
    other = build_layout(
        tmp_path / "other",
        platforms=["linux/amd64"],
        shape="bare",
        layers=[{"srv/run": executable(elf(Platform.parse("linux/amd64")))}],
        config={"Cmd": ["/srv/run"]},
    )
    assert main(["sbom", "generate", f"oci:{other.layout.folder}", *words[1:]]) == 0
    _, err = capsys.readouterr()
    assert err.startswith("incomplete: linux/amd64: /srv/run: ")


def test_the_time_comes_from_source_date_epoch(
    capsys: Capture,
    tmp_path: Path,
    sample: SampleImage,
    syft: FakeSyft,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    words = (
        f"oci:{sample.layout.folder}",
        "--out",
        str(tmp_path / "out"),
        "--syft",
        str(syft.path),
    )
    found = answer(capsys, "generate", *words)
    for file in (found["sboms"][0]["spdx"], found["index"]):
        assert (
            read_document(Path(file["file"]).read_bytes(), what="x").created
            == "1970-01-02T00:00:00Z"
        )
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    status, error = refusal(capsys, "generate", *words)
    assert status == Exit.USAGE
    assert "SOURCE_DATE_EPOCH" in error["message"]


@pytest.mark.parametrize(
    "case",
    [
        (("oci:/nowhere",), "image.not-found", Exit.OUTSIDE),
        (("./nowhere.tar",), "image.not-found", Exit.OUTSIDE),
        (("oci:IMAGE", "--platform", "linux/s390x"), "image.platform-missing", Exit.REFUSED),
        (("oci:IMAGE:latest",), "image.not-found", Exit.OUTSIDE),
        (("oci:IMAGE", "--platform", "amd64"), "image.format-unsupported", Exit.REFUSED),
        (("oci:IMAGE", "--syft", "no-such-syft"), "tool.missing", Exit.OUTSIDE),
        (("oci:IMAGE", "--config", "/nowhere.yaml"), "config.invalid", Exit.USAGE),
        (("Not A Reference",), "config.invalid", Exit.USAGE),
    ],
)
def test_generate_with_wrong_input(
    capsys: Capture,
    sample: SampleImage,
    syft: FakeSyft,
    case: tuple[tuple[str, ...], str, int],
) -> None:
    words, code, status = case
    given = [word.replace("IMAGE", str(sample.layout.folder)) for word in words]
    got, error = refusal(capsys, "generate", "--syft", str(syft.path), *given)
    assert (error["code"], got) == (code, status), error
    assert error["hint"]
    assert syft.runs == 0


@pytest.mark.parametrize(
    "case",
    [
        (remove_blob, "image.not-found"),
        (corrupt_blob, "image.digest-mismatch"),
        (truncate_blob, "image.digest-mismatch"),
    ],
)
def test_generate_from_a_damaged_image(
    capsys: Capture, tmp_path: Path, sample: SampleImage, syft: FakeSyft, case: Any
) -> None:
    damage, code = case
    damage(sample, sample.layers["linux/amd64"][1].descriptor.digest)
    words = (
        f"oci:{sample.layout.folder}",
        "--out",
        str(tmp_path / "out"),
        "--syft",
        str(syft.path),
    )
    _, error = refusal(capsys, "generate", *words)
    assert error["code"] == code
    assert not (tmp_path / "out").exists()


def test_an_interrupt_ends_syft_and_leaves_nothing(
    tmp_path: Path, sample: SampleImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    slow = FakeSyft(tmp_path / "tool", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    words = ["-m", "shipseal.cli.main", "sbom", "generate", f"oci:{sample.layout.folder}"]
    process = subprocess.Popen(
        python_argv(*words, "--out", str(tmp_path / "out"), "--syft", str(slow.path)),
        stderr=subprocess.PIPE,
    )
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 15
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=15)
    assert process.returncode == Exit.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "out").exists()

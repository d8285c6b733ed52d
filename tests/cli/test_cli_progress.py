"""What a person sees of a release, on a real terminal: true sums, rows that fit, and nothing left behind."""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from shipseal.oci import Platform
from shipseal.testing.contents import Files, plain
from shipseal.testing.fault_kinds import cut_request
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.fake_syft import FakeSyft
from tests.support.release_project import PASSWORD, Project, files_for
from tests.support.screen import Seen, watch

pytestmark = pytest.mark.timeout(120)

MIB = 1 << 20
SHIPSEAL = Path(sys.executable).with_name("shipseal")
# Of a row: ``1.5 of 12.0 MiB``.
AMOUNT = r"([\d.]+) of ([\d.]+) MiB"


class SlowRegistry:
    """A registry at the end of a slow line, which counts what arrives of blobs."""

    def __init__(self, registry: RegistrySimulator) -> None:
        self.host = registry.host
        self.arrived = 0
        self.pause = 0.02
        self.cut: list[int] = []
        registry.before = self

    def __call__(self, exchange: Exchange) -> bool:
        if exchange.method not in ("PUT", "PATCH") or "/blobs/uploads/" not in exchange.target:
            return False
        if self.cut and exchange.length > MIB:
            return cut_request(self.cut.pop())(exchange)
        body = exchange.chunks

        def slowly() -> Iterator[bytes]:
            for chunk in body():
                for start in range(0, len(chunk), 65536):
                    time.sleep(self.pause)
                    piece = chunk[start : start + 65536]
                    self.arrived += len(piece)
                    yield piece

        exchange.chunks = slowly  # type: ignore[method-assign]
        return False


@pytest.fixture
def registry() -> Iterator[SlowRegistry]:
    with RegistrySimulator() as server:
        yield SlowRegistry(server)


@pytest.fixture
def project(tmp_path: Path, registry: SlowRegistry) -> Project:
    syft = FakeSyft(tmp_path / "syft", "sleep 2")
    targets = (f"{registry.host}/org/app", "oci:./copy")
    made = Project(tmp_path / "project", targets, {"sbom": {"syft": str(syft.path)}})

    def layers(platform: Platform) -> Sequence[Files]:
        (files,) = files_for(platform, {"sample": "1.0"})
        return [{**files, "opt/data": plain(os.urandom(3 * MIB))}]

    made.build(layers=layers)
    return made


def released(
    project: Project,
    tmp_path: Path,
    *words: str,
    columns: int = 100,
    resize: Mapping[int, int] | None = None,
    env: Mapping[str, str] | None = None,
) -> Seen:
    own = {"SHIPSEAL_KEY_PASSWORD": PASSWORD, "SHIPSEAL_CACHE": str(tmp_path / "cache")}
    argv: list[str | Path] = [SHIPSEAL, "release", "--version", "1.0.0", *words]
    own |= env or {}
    return watch(argv, cwd=project.folder, env=own, columns=columns, resize=resize)


def amounts(seen: Seen, name: str) -> list[tuple[float, float]]:
    return [(float(row[1]), float(row[2])) for row in seen.rows(f"{re.escape(name)} .*{AMOUNT}")]


def test_a_release_tells_true_sums_and_leaves_the_terminal_as_it_was(
    project: Project, registry: SlowRegistry, tmp_path: Path
) -> None:
    seen = released(project, tmp_path)
    assert seen.status == 0, seen.screen.text
    stage = f"stage {registry.host}/org/app"
    shown = amounts(seen, stage)
    assert len(shown) > 5
    # Bytes only become more, and their total is known from the first picture on.
    assert all(earlier <= later for earlier, later in pairwise(done for done, _ in shown))
    assert {total for _, total in shown} == {shown[-1][1]}
    # What stays says what really crossed: blobs of the image; evidence is stored later, by another step.
    (moved,) = {row[1] for row in seen.rows(rf"^{re.escape(stage)}: done \([^)]*\): (.*) moved")}
    evidence = registry.arrived - 6 * MIB
    assert 0 < evidence < MIB // 4
    assert moved == f"{shown[-1][1]} MiB"
    # A fresh machine has never run this tool: nobody knows how long it takes, and no time is made up.
    assert seen.rows(r"SBOM linux/amd64 .* time left unknown")
    assert not seen.rows(r"SBOM linux/amd64 .* \d+ s left")
    # Each platform and each target has its row or line.
    for name in ("SBOM linux/arm64", "oci:"):
        assert seen.rows(name)
    assert not seen.screen.hidden
    assert "⠋" not in seen.screen.text
    assert seen.screen.coloured
    assert seen.out.startswith("1.0.0 sha256:")


def test_the_same_release_again_skips_what_is_there(
    project: Project, registry: SlowRegistry, tmp_path: Path
) -> None:
    registry.pause = 0.0
    assert released(project, tmp_path).status == 0
    registry.arrived = 0
    seen = released(project, tmp_path, env={"SHIPSEAL_STATE": str(tmp_path / "other")})
    assert seen.status == 0, seen.screen.text
    (words,) = {
        row[1]
        for row in seen.rows(rf"^stage {re.escape(registry.host)}/org/app: done \([^)]*\): (.*)")
    }
    assert re.fullmatch(r"6\.\d MiB there already", words)
    assert registry.arrived < MIB // 4


def test_a_broken_line_is_not_counted_twice(
    project: Project, registry: SlowRegistry, tmp_path: Path
) -> None:
    registry.cut = [MIB]
    seen = released(project, tmp_path)
    assert seen.status == 0, seen.screen.text
    assert not registry.cut
    stage = f"stage {registry.host}/org/app"
    shown = amounts(seen, stage)
    assert all(done <= total for done, total in shown)
    assert len({total for _, total in shown}) == 1
    assert seen.rows(rf"^{re.escape(stage)}: done \([^)]*\): {shown[-1][1]} MiB moved")


def test_a_time_left_comes_from_the_last_run_of_the_tool(project: Project, tmp_path: Path) -> None:
    assert released(project, tmp_path, "--dry-run").status == 0
    for run in (tmp_path / "cache" / "sbom" / "runs").iterdir():
        run.unlink()
    seen = released(project, tmp_path, "--dry-run")
    assert seen.status == 0
    left = [int(row[1]) for row in seen.rows(r"SBOM linux/amd64 .* (\d+) s left")]
    assert left
    assert all(later <= earlier for earlier, later in pairwise(left))
    assert left[0] <= 8


@pytest.mark.parametrize("columns", [40])
def test_on_a_narrow_terminal_no_row_wraps(project: Project, tmp_path: Path, columns: int) -> None:
    seen = released(project, tmp_path, columns=columns)
    assert seen.status == 0
    rows = seen.rows(r"^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] stage .*")
    assert rows
    assert all(len(row[0]) < columns for row in rows)
    assert seen.rows(r"^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] stage .*(left|%)")
    assert not seen.screen.hidden


def test_a_terminal_may_change_its_width(project: Project, tmp_path: Path) -> None:
    seen = released(project, tmp_path, columns=60, resize={3: 120, 6: 90})
    assert seen.status == 0
    assert any(len(row[0]) > 60 for row in seen.rows(r"^. stage .*left"))
    assert "⠋" not in seen.screen.text


def test_without_colour_it_moves_all_the_same(project: Project, tmp_path: Path) -> None:
    seen = released(project, tmp_path, env={"NO_COLOR": "1"})
    assert seen.status == 0
    assert not seen.screen.coloured
    assert seen.rows(AMOUNT)


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}])
def test_what_is_no_terminal_for_people_gets_lines(
    project: Project, registry: SlowRegistry, tmp_path: Path, env: dict[str, str]
) -> None:
    registry.pause = 0.0
    seen = released(project, tmp_path, env=env)
    assert seen.status == 0
    assert "\x1b" not in seen.raw
    lines = seen.raw.replace("\r\n", "\n").splitlines()
    assert "\r" not in "".join(lines)
    named = [line for line in lines if line.startswith("stage ")]
    assert len(named) == 4, named
    assert not [line for line in lines if "left" in line or " of " in line]


def test_a_long_command_without_steps_shows_that_it_works(project: Project) -> None:
    pauses = [3.0]

    def slow(exchange: Exchange) -> bool:
        time.sleep(pauses.pop() if pauses else 0)
        exchange.reply(404)
        return True

    with RegistrySimulator() as server:
        server.before = slow
        image = f"{server.host}/org/app:1.0.0"
        words = ["verify", image, "--key", "cosign.pub"]
        seen = watch([SHIPSEAL, *words], cwd=project.folder)
    assert seen.status != 0
    assert seen.rows(rf"^. verify {re.escape(image)} +\d s +time left unknown$")
    # It takes its row away, and what it found stays.
    assert "time left" not in seen.screen.text
    assert not seen.screen.hidden

"""What happens on a small disk: a release, or a command, at each page and each file that there is room for.

Each scene returns what it saw, as values of JSON; tests judge it.
"""

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from tests.support.home_project import HomeProject, Told, settle
from tests.support.small_disk import PLENTY, Disk, Room, disk, half_files, unmount

PLACES: Mapping[str, Callable[[HomeProject], Path]] = {
    "state": lambda project: project.folder / ".shipseal",
    "target": lambda project: project.folder / "b",
    "temporary": lambda project: project.folder / "tmp",
    "cache": lambda project: project.folder / "cache",
}


def rooms(kind: str, start: int, step: int, count: int) -> Iterator[Room]:
    """Yield ever larger disks: of pages, or of files."""
    for number in range(start, start + step * count, step):
        yield Room(pages=number) if kind == "pages" else Room(files=number)


@contextlib.contextmanager
def project_in(folder: Path) -> Iterator[HomeProject]:
    """Give a project on a clock that stands, with its own folders for the cache and for temporary files."""
    with pytest.MonkeyPatch.context() as patch:
        settle(patch, folder / "cache")
        project = HomeProject(folder)
        (folder / "tmp").mkdir(exist_ok=True)
        patch.setenv("TMPDIR", str(folder / "tmp"))
        patch.setattr("tempfile.tempdir", str(folder / "tmp"))
        yield project


def release(place: str, kind: str, start: str, step: str, count: str) -> list[dict[str, Any]]:
    """Release on disks of different sizes; on each, again with plenty of room."""
    with project_in(Path("project").absolute()) as project:
        undisturbed = project.undisturbed()
        seen = []
        for room in rooms(kind, int(start), int(step), int(count)):
            if place in ("cache", "temporary", "state"):
                shutil.rmtree(project.folder / "cache", ignore_errors=True)
            with disk(PLACES[place](project), room) as mounted:
                seen.append(_once(project, mounted, undisturbed) | {"room": str(room)})
            project.forget()
        return seen


def _once(project: HomeProject, mounted: Disk, undisturbed: object) -> dict[str, Any]:
    told = project.ship()
    first = _account(project, told)
    mounted.resize(PLENTY)
    again = project.ship()
    return {
        **first,
        "again": again.exit,
        "again-told": again.out + again.err,
        "same": project.public() == undisturbed,
    }


def _account(project: HomeProject, told: Told) -> dict[str, Any]:
    value = told.value
    return {
        "exit": int(told.exit),
        "status": value.get("status", ""),
        "code": value["code"],
        "text": told.text,
        "err": told.err,
        "tags": sorted({*project.tags("a"), *project.tags("b")}),
        "half": [*half_files(project.folder / "a"), *half_files(project.folder / "b")],
    }


def read_only(place: str) -> dict[str, Any]:
    """Release with a folder that cannot be written, then with one that can."""
    with project_in(Path("project").absolute()) as project, pytest.MonkeyPatch.context() as patch:
        undisturbed = project.undisturbed()
        shutil.rmtree(project.folder / "cache", ignore_errors=True)
        where = project.folder / "home" if place == "home" else PLACES[place](project)
        if place == "home":
            patch.delenv("SHIPSEAL_CACHE")
            patch.setenv("HOME", str(where))
        with disk(where) as mounted:
            mounted.read_only(yes=True)
            told = project.ship()
            seen = _account(project, told)
            seen["touched"] = sorted(
                path.name for path in project.folder.iterdir() if path.name in ("a", "b")
                and any(path.rglob("sha256/*"))
            )  # fmt: skip
            mounted.read_only(yes=False)
            again = project.ship()
            return seen | {"again": again.exit, "same": project.public() == undisturbed}


def read_only_later() -> dict[str, Any]:
    """Release while the folder of blobs lies on a disk that is read-only by the time that Syft runs."""
    with project_in(Path("project").absolute()) as project:
        undisturbed = project.undisturbed()
        shutil.rmtree(project.folder / "cache", ignore_errors=True)
        blobs = PLACES["state"](project) / "blobs"
        mount = f"mount -t tmpfs -o ro none {blobs}"
        project.fault("syft-fault", f"if mkdir {project.tools}/once; then {mount}; fi 2> /dev/null")
        seen = _account(project, project.ship())
        unmount(blobs)
        project.mend()
        again = project.ship()
        return seen | {"again": again.exit, "same": project.public() == undisturbed}


def command(name: str, kind: str, start: str, step: str, count: str) -> list[dict[str, Any]]:
    """Run a command that writes files into a small disk; on each again with plenty of room."""
    folder = Path("out").absolute()
    sample = Path("sample.spdx.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPSEAL_KEY_PASSWORD", "correct horse")
        HomeProject(Path("project").absolute())
        shutil.copy("project/tools/spdx.json", sample)
        words = {
            "key": ["key", "generate", "--out", f"{folder}/cosign"],
            "init": ["init"],
            "trim": ["sbom", "trim", str(sample.absolute()), "--output", f"{folder}/small.json"],
        }[name]
        seen = []
        for room in rooms(kind, int(start), int(step), int(count)):
            with disk(folder, room) as mounted:
                patch.chdir(folder)
                first = _run(words)
                first["left"] = sorted(path.name for path in folder.iterdir())
                mounted.resize(PLENTY)
                again = _run(words)
                made = {path.name: path.stat().st_size for path in folder.iterdir()}
                patch.chdir(folder.parent)
                seen.append({**first, "room": str(room), "again": again["exit"], "made": made})
        return seen


def _run(words: list[str]) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    return {"exit": int(status), "out": out.getvalue(), "err": err.getvalue()}


def stay_small() -> dict[str, Any]:
    """Release where no file may become larger than some hundred bytes, then where it may."""
    import resource  # noqa: PLC0415 - there is none on Windows

    with project_in(Path("project").absolute()) as project:
        undisturbed = project.undisturbed()
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, most))
        seen = _account(project, project.ship())
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        again = project.ship()
        return seen | {"again": again.exit, "same": project.public() == undisturbed}

"""``shipseal init``: write a configuration that fits the repository it stands in."""

from pathlib import Path
from typing import Annotated

import typer

from shipseal.cli.output import say, tell
from shipseal.errors import Code, ConfigError

app = typer.Typer(help="Write a shipseal.yaml that fits this repository.")

_STATE = ".shipseal/"
_FILE = "shipseal.yaml"
_KEY = "sign.key"


@app.command(help="Write a commented shipseal.yaml that fits the repository in the current folder.")
def init(
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the configuration and write nothing.")
    ] = False,
) -> None:
    """Look at the current folder and write the file, and let git ignore the state folder.

    Raises:
        ConfigError: the file exists already, or the folder cannot be written.
    """
    from shipseal._internal.durable import write_atomic  # noqa: PLC0415 - not for --help
    from shipseal.build.git import git_facts, latest_version_tag  # noqa: PLC0415
    from shipseal.config.load import FILE_NAME, load  # noqa: PLC0415
    from shipseal.config.repository import look  # noqa: PLC0415
    from shipseal.config.sources import missing_sources  # noqa: PLC0415
    from shipseal.config.template import configuration, version_of  # noqa: PLC0415

    folder = Path.cwd()
    git = git_facts(folder)
    found = look(folder, remote=git.remote, tag=latest_version_tag(folder))
    text = configuration(
        found, dockerfile_builder=_dockerfile_builder() if found.dockerfile else ""
    )
    if only_print:
        typer.echo(text, nl=False)
        return
    path = folder / FILE_NAME
    if path.exists() and not force:
        raise ConfigError(
            f"{FILE_NAME}: exists already and was not touched",
            hint="shipseal init --print shows what would be written; --force replaces it",
            context={"file": FILE_NAME},
        )
    write_atomic(path, text.encode())
    say(f"wrote {FILE_NAME}")
    if git.root is not None and _ignore_state(folder, git.root):
        say(f"added {_STATE} to .gitignore")
    missing = {source.key for source in missing_sources(load(path, env={}, overrides={}))}
    tell(_next(version_of(found), build=bool(missing - {_KEY}), key=_KEY in missing))


def _next(version: str, *, build: bool, key: bool) -> str:
    """Return what is to do before the first release; its commands can be run as they stand."""
    steps = [f"read {_FILE}"]
    steps += ["build what it puts into the image (it says how)"] if build else []
    steps += ["`shipseal key generate`"] if key else []
    return f"next: {', '.join(steps)}, then `shipseal release --version {version} --dry-run`"


def _dockerfile_builder() -> str:
    """Return the builder of Dockerfiles that is installed; buildx where both are or none is."""
    import shutil  # noqa: PLC0415 - not for --help

    return "buildah" if shutil.which("buildah") and not _has_buildx() else "buildx"


def _has_buildx() -> bool:
    from shipseal._internal.process import find_tool, run_tool  # noqa: PLC0415 - not for --help
    from shipseal.errors import ToolError  # noqa: PLC0415

    try:
        docker = find_tool("docker", hint="install docker with buildx, or buildah")
        return run_tool([docker, "buildx", "version"], timeout=10).status == 0
    except ToolError:
        return False


def _ignore_state(folder: Path, root: Path) -> bool:
    """Let git ignore the state folder beside the configuration; return whether a file was changed."""
    from shipseal._internal.durable import write_atomic  # noqa: PLC0415 - not for --help

    resolved = folder.resolve()
    above = [
        place for place in (resolved, *resolved.parents) if place.is_relative_to(root.resolve())
    ]
    if any(_ignores_state(place / ".gitignore") for place in above):
        return False
    path = (resolved / ".gitignore").resolve()
    old = _bytes_of(path)
    joint = b"" if not old or old.endswith(b"\n") else b"\n"
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    write_atomic(path, old + joint + f"{_STATE}\n".encode(), mode=mode)
    return True


def _ignores_state(path: Path) -> bool:
    lines = _bytes_of(path).decode("utf-8", "replace").splitlines()
    return any(line.strip().strip("/").removeprefix("**/") == _STATE.rstrip("/") for line in lines)


def _bytes_of(path: Path) -> bytes:
    """Return what the file holds; nothing when there is none."""
    from shipseal._internal.limits import CONFIG_FILE, read_limited  # noqa: PLC0415 - not for --help

    if not path.is_file():
        return b""
    with path.open("rb") as stream:
        return read_limited(stream, CONFIG_FILE, what=str(path), code=Code.CONFIG_INVALID)

"""Run a private Sigstore instance on this machine, to try keyless signing without the public one.

    python scripts/sigstore_stack.py start             # in the background, below build/sigstore-stack
    python scripts/sigstore_stack.py token             # a token of a job of GitHub Actions, to sign with
    python scripts/sigstore_stack.py token --mail me@example.org
    python scripts/sigstore_stack.py stop

`start` prints which files to sign and to verify with. `make tools` builds the programs. Every start makes new keys, and
what was signed before then verifies no more. Nobody should trust this instance: whoever asks it for a token gets one.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

if __package__ in (None, ""):  # started by its path: then only this folder is searched
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
import msgspec

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import GITHUB, PUBLIC, Kind, Programs, SigstoreStack
from scripts.sigstack.token_door import TokenDoor
from shipseal._internal.durable import write_atomic

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "sigstore-stack"
BUILT = ROOT / "build" / "tools" / "bin"
KINDS: Mapping[str, Kind] = {"private": Kind(), "public": PUBLIC, "github": GITHUB}
_START_SECONDS = 60.0


class State(msgspec.Struct):
    """What a running instance says of itself.

    Attributes:
        pid: of its process.
        facts: for people, by name.
    """

    pid: int
    facts: dict[str, str]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(argv)
    folder: Path = options.folder.absolute()
    match options.command:
        case "run":
            return run(folder, KINDS[options.kind])
        case "start":
            return start(folder, options.kind)
        case "stop":
            return stop(folder)
        case _:
            return token(folder, options)


def run(folder: Path, kind: Kind) -> int:
    """Run an instance until this process is asked to end."""
    programs = {name: BUILT / name for name in ("fulcio", "rekor-server", "timestamp-authority")}
    missing = [name for name, path in programs.items() if not path.exists()]
    if missing:
        print(f"{', '.join(missing)}: not built yet: run `make tools`", file=sys.stderr)
        return 1
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with (
        SigstoreStack(folder, Programs(*programs.values()), kind) as stack,
        TokenDoor(stack) as door,
    ):
        facts = {
            "trusted root": str(stack.files.trusted_root),
            "signing configuration": str(stack.files.signing_config),
            "both in one file": str(stack.files.client_config),
            "issuer of jobs": stack.issuer.url,
            "issuer of e-mail addresses": stack.mail.url,
            "tokens": door.url,
        }
        state = State(os.getpid(), facts)
        write_atomic(folder / "state.json", msgspec.json.encode(state))
        _print(facts)
        try:
            over.wait()
        finally:
            (folder / "state.json").unlink(missing_ok=True)
    return 0


def start(folder: Path, kind: str) -> int:
    """Start an instance in the background."""
    if _state(folder):
        print("it runs already: stop it first", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "run", f"--folder={folder}", f"--kind={kind}"]
    with (folder / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if state := _state(folder):
            _print(state.facts)
            return 0
        time.sleep(0.05)
    process.terminate()
    print((folder / "stack.log").read_text("utf-8", "replace"), file=sys.stderr)
    return 1


def stop(folder: Path) -> int:
    """Stop the instance that runs in ``folder``."""
    state = _state(folder)
    if not state:
        print("it does not run")
        return 0
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + _START_SECONDS
    while _state(folder):
        if time.monotonic() > deadline:
            print(f"process {state.pid} does not end", file=sys.stderr)
            return 1
        time.sleep(0.05)
    return 0


def token(folder: Path, options: argparse.Namespace) -> int:
    """Print a token that the instance in ``folder`` accepts."""
    state = _state(folder)
    if not state:
        print("it does not run: start it first", file=sys.stderr)
        return 1
    wanted = {
        name: value
        for name in ("mail", "repository", "workflow", "signer", "ref", "sha", "visibility")
        if (value := getattr(options, name))
    }
    answer = httpx.get(state.facts["tokens"], params=wanted, trust_env=False)
    answer.raise_for_status()
    print(answer.text)
    return 0


def _state(folder: Path) -> State | None:
    """Return what runs in ``folder``; a file that a killed process left behind says nothing."""
    try:
        state = msgspec.json.decode((folder / "state.json").read_bytes(), type=State)
        os.kill(state.pid, 0)
    except (OSError, msgspec.DecodeError):
        return None
    return state


def _print(facts: Mapping[str, str]) -> None:
    for name, value in facts.items():
        print(f"{name:<28}{value}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A private Sigstore instance on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (
        ("start", "start it in the background"),
        ("stop", "stop it"),
        ("run", "run it in the foreground until Ctrl-C"),
        ("token", "print a token to sign with"),
    ):
        command = commands.add_parser(name, help=does)
        command.add_argument("--folder", type=Path, default=HOME, help="where its files are")
        if name in ("start", "run"):
            command.add_argument("--kind", choices=sorted(KINDS), default="private")
        if name == "token":
            command.add_argument("--mail", default="", help="name this e-mail address, no job")
            job = Job()
            for claim in ("repository", "workflow", "signer", "ref", "sha", "visibility"):
                command.add_argument(
                    f"--{claim}", default="", help=f"default: {getattr(job, claim)}"
                )
    return parser


if __name__ == "__main__":
    sys.exit(main())

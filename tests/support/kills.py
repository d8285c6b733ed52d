"""Releases by the real command line that are killed and go on, and everything that must be as if they had not been."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipseal._internal.leftovers import PART
from shipseal.oci import media_types as mt
from shipseal.oci import parse_digest
from shipseal.oci.manifest import parse_index, parse_manifest
from shipseal.registry.interface import Target
from tests.support.kill_places import Place
from tests.support.release_project import PASSWORD, Project
from tests.support.tools import ROOT

OLD, NEW = "1.0.0", "1.1.0"
MOMENT = 1_780_000_000.0
HOUR = 3600.0
KILLED = -9
_CHILD = ROOT / "tests" / "support" / "killed.py"
_MOST_SECONDS = 100.0


@dataclass(frozen=True)
class Ran:
    """One run of the command line.

    Attributes:
        status: exit status; -9 when it was killed.
        out: standard output and error.
        notes: what it did, in order, each with the seconds of a clock that never runs backwards.
    """

    status: int
    out: str
    notes: Sequence[Mapping[str, Any]]

    @property
    def killed(self) -> bool:
        return self.status == KILLED

    @property
    def seconds(self) -> float:
        """How long the release took, without the start of the interpreter."""
        return float(self.notes[-1]["at"] - self.notes[0]["at"])

    def journal(self) -> list[str]:
        """Return the kinds of journal lines that were written."""
        return [note["kind"] for note in self.notes if note["event"] == "journal"]


@dataclass(frozen=True)
class Evidence:
    """What lies beside an image at one target.

    Attributes:
        kinds: how often each ``(subject, what it is)`` is there.
        manifests: digests of all manifests but the release's own accounts. They are dated with the start of the
            release, which a fresh runner does not know.
        contents: digests of what they hold, bundles and full SBOMs.
        accounts: digests of the release's own accounts.
    """

    kinds: Mapping[tuple[str, str], int]
    manifests: frozenset[str]
    contents: frozenset[str]
    accounts: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """How the targets look when a release has ended.

    Attributes:
        tags: public tags with their digests, by target.
        evidence: by target.
    """

    tags: Sequence[Mapping[str, str]]
    evidence: Sequence[Evidence]


@dataclass
class Scene:
    """A project and its place, with a version that is public and the next one ready to be released.

    Attributes:
        folder: the project's.
        place: where it goes.
        cache: of catalogues, warm.
    """

    folder: Path
    place: Place
    cache: Path
    project: Project = field(init=False)
    state: int = 0
    _runs: int = 0
    _started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir(parents=True)
        self.project = Project(self.folder / "project", targets=self.place.names())

    @property
    def home(self) -> Path:
        """The state folder: the one of this machine, or of a fresh one after :meth:`fresh_runner`."""
        return self.folder / f"state-{self.state}"

    def prepare(self, *, with_old: bool) -> None:
        """Make the images, and the old version public."""
        if with_old:
            self.project.build({"sample": "1.0"})
            ran = self.run(OLD)
            assert ran.status == 0, ran.out
        self.place.save()
        self.project.build({"sample": "2.0"})

    def reset(self) -> None:
        """Go back to before the new version; what a test that failed has left running is ended."""
        self.end()
        self.place.reset()
        self.project.targets = self.place.names()
        self.project.configure()
        for found in self.folder.glob("state-*"):
            shutil.rmtree(found)
        self.state = 0

    def fresh_runner(self) -> None:
        """Go on as a machine that knows nothing."""
        self.state += 1

    def run(self, version: str = NEW, *, resume: bool = False, **spec: Any) -> Ran:
        """Run the command line once; ``spec`` is what :mod:`tests.support.killed` takes."""
        words = ["resume"] if resume else ["--version", version]
        child = self.start(*words, **spec)
        try:
            out, _ = child.communicate(timeout=_MOST_SECONDS)
        except BaseException:
            # Also when the test itself is out of time: nothing may go on behind it.
            child.kill()
            child.communicate()
            raise
        return Ran(child.returncode, out, self.notes(self._runs))

    def start(self, *words: str, **spec: Any) -> "subprocess.Popen[str]":
        """Start the command line and return at once."""
        self._runs += 1
        told = {"now": MOMENT, **spec, "log": str(self._log(self._runs))}
        config = ["--config", str(self.project.folder / "shipseal.yaml")]
        child = subprocess.Popen(
            [sys.executable, "-P", str(_CHILD), json.dumps(told), "release", *words, *config],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(),
            cwd=self.project.folder,
        )
        self._started.append(child)
        return child

    def end(self) -> None:
        """End everything that was started here."""
        for child in self._started:
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()
        self._started.clear()

    def environment(self) -> dict[str, str]:
        """Return the environment of a run."""
        return os.environ | {
            "SHIPSEAL_KEY_PASSWORD": PASSWORD,
            "SHIPSEAL_CACHE": str(self.cache),
            "SHIPSEAL_STATE": str(self.home),
            "TMPDIR": str(self.tmp),
            # A crash of the interpreter itself is told with its stack.
            "PYTHONFAULTHANDLER": "1",
        }

    def _log(self, number: int) -> Path:
        return self.folder / f"run-{number}.log"

    def notes(self, number: int) -> list[dict[str, Any]]:
        """Return what one run did; the last note may be torn."""
        path = self._log(number)
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def journals(self) -> list[Path]:
        """Return the journals of the release in the present state folder."""
        return sorted(self.home.glob(f"releases/{NEW}-*/journal.jsonl"))

    def outcome(self) -> Outcome:
        """Look at the targets."""
        tags, evidence = [], []
        for target in self.place.open():
            tags.append(public_tags(target))
            root = next((digest for tag, digest in tags[-1].items() if tag == NEW), None)
            evidence.append(_evidence(target, root))
        return Outcome(tags, evidence)


def public_tags(target: Target) -> dict[str, str]:
    """Return the tags of one target, with what they name; tags that hold referrers are no public ones."""
    names = [tag for tag in target.list_tags() if not tag.startswith("sha256-")]
    found = {tag: target.resolve(tag) for tag in names}
    return {tag: str(one.digest) for tag, one in found.items() if one}


def _evidence(target: Target, root: str | None) -> Evidence:
    if root is None:
        return Evidence({}, frozenset(), frozenset(), frozenset())
    index = target.read_manifest(parse_digest(root))
    subjects = [index.digest, *(entry.digest for entry in parse_index(index, what="x").manifests)]
    kinds: Counter[tuple[str, str]] = Counter()
    manifests, contents, accounts = set(), set(), set()
    for subject in subjects:
        for entry in target.referrers(subject):
            if entry.artifact_type == mt.RELEASE_RECORD:
                accounts.add(str(entry.digest))
                continue
            manifests.add(str(entry.digest))
            manifest = parse_manifest(target.read_manifest(entry.digest), what="stored")
            contents.add(str(manifest.layers[0].digest))
            kinds[
                subject, manifest.annotations.get(mt.BUNDLE_PREDICATE, entry.artifact_type or "")
            ] += 1
    return Evidence(kinds, *map(frozenset, (manifests, contents, accounts)))


def left_behind(scene: Scene) -> list[str]:
    """Return what a release has left that it should not, on the machine that ended it; others are gone for good."""
    found = [f"temporary: {path.name}" for path in scene.tmp.iterdir()]
    found += [f"process: {text}" for text in processes_below(scene.folder)]
    home = scene.home
    found += [f"unfinished: {path.name}" for path in home.rglob(f"{PART}*")]
    found += [f"attempt: {path}" for path in home.glob("releases/*/attempt")]
    found += [f"work: {path}" for path in home.glob("releases/*/work")]
    found += [f"lock: {path.name}" for path in home.glob("locks/*.lock") if _held(path)]
    return found


def _held(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def processes_below(folder: Path) -> list[str]:
    """Return the processes, but this one's own, that were started with ``folder`` in their environment."""
    found = []
    wanted = f"{folder}/".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            # It has ended meanwhile, or belongs to somebody else.
            with contextlib.suppress(OSError):
                if wanted in (process / "environ").read_bytes():
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                    found.append(f"{process.name}: {command.decode(errors='replace')}")
    return found

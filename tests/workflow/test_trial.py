"""The trial of ``docs/trial.md``: a release is broken in ten ways, and what is printed leads to its end each time."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Exit
from shipseal.testing.token_server import Account
from tests.support.pages import page
from tests.support.registries import Registry, guarded_registry
from tests.support.release_project import PASSWORD, PLATFORMS, Project

ACCOUNTS = {
    "ci": Account("secret-of-ci", {"org/app": frozenset({"pull", "push"})}),
    "reader": Account("secret-of-reader", {"org/app": frozenset({"pull"})}),
}
JUSTIFIED = (
    *("--expires", "30d", "--impact", "the importer alone uses it"),
    *("--tracking", "https://github.com/planted/planted/issues/7"),
    *("--issue", "https://github.com/org/app/issues/12", "--local"),
)


@dataclass
class Trial:
    """One project, its registry, and what a person changes."""

    project: Project
    registry: Registry
    patch: pytest.MonkeyPatch
    docker: Path

    def login(self, user: str, password: str) -> None:
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.docker.mkdir(exist_ok=True)
        known = {"auths": {self.registry.host: {"auth": auth}}}
        (self.docker / "config.json").write_text(json.dumps(known))

    def registries(self, **settings: Any) -> None:
        self.change(registries={self.registry.host: settings} if settings else {})

    def change(self, **keys: Any) -> None:
        path = self.project.folder / "shipseal.yaml"
        path.write_text(json.dumps(json.loads(path.read_text()) | keys))

    def advisories(self, modified: str) -> None:
        path = self.project.folder / "advisories" / "planted.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"modified": modified}))

    def secure(self) -> None:
        self.registries(plain_http=False, ca=str(self.registry.ca))


Step = Callable[[Trial], object]


@dataclass(frozen=True)
class Breakage:
    """How a release is broken, and how a person mends it who reads what is printed.

    Attributes:
        code: that is told.
        says: is in what is printed, and leads to ``mends``.
        breaks: breaks it.
        mends: what the printed words say.
        version: of the release that works afterwards, where it is another one.
    """

    code: str
    says: str
    breaks: Step
    mends: Step
    version: str = ""


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hurry(trial: Trial) -> None:
    # An image that was catalogued before would take no time.
    trial.project.build({"sample": "11"})
    trial.change(timeouts={"catalogue": "10ms"})


BREAKAGES: dict[str, Breakage] = {
    "no password of the key": Breakage(
        "config.invalid",
        "SHIPSEAL_KEY_PASSWORD",
        lambda t: t.patch.delenv("SHIPSEAL_KEY_PASSWORD"),
        lambda t: t.patch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD),
    ),
    "plain HTTP to a registry with TLS": Breakage(
        "service.outage",
        "plain_http: false",
        lambda t: t.registries(),
        lambda t: t.secure(),
    ),
    "an authority that nobody knows": Breakage(
        "tls.untrusted",
        "registries: HOST: ca",
        lambda t: t.registries(plain_http=False),
        lambda t: t.secure(),
    ),
    "nobody logged in": Breakage(
        "auth.registry-unauthorized",
        "docker login",
        lambda t: (t.docker / "config.json").unlink(),
        lambda t: t.login("ci", "secret-of-ci"),
    ),
    "a wrong password": Breakage(
        "auth.registry-unauthorized",
        "wrong or have expired",
        lambda t: t.login("ci", "another-secret"),
        lambda t: t.login("ci", "secret-of-ci"),
    ),
    "an account that may only read": Breakage(
        "auth.registry-denied",
        "give the account the right",
        lambda t: t.login("reader", "secret-of-reader"),
        lambda t: t.login("ci", "secret-of-ci"),
    ),
    "a platform is missing": Breakage(
        "image.platform-missing",
        "build the missing platforms too",
        lambda t: t.project.build({"sample": "2"}, platforms=PLATFORMS[:1]),
        lambda t: t.project.build({"sample": "2"}),
    ),
    "a critical vulnerability": Breakage(
        "scan.gate-failed",
        "shipseal ignore add",
        lambda t: t.project.build({"planted": "1.0"}),
        lambda t: t.project.run("ignore", "add", "CVE-2099-0001", *JUSTIFIED),
    ),
    "a version that is public already": Breakage(
        "image.tag-exists",
        "under a new version",
        lambda t: (t.project.release("8.0.0"), t.project.build({"sample": "8"})),
        lambda t: None,
        version="8.0.1",
    ),
    "data of long ago": Breakage(
        "scan.db-stale",
        "import newer advisories",
        lambda t: t.change(scan={"engine": "builtin", "database": "./advisories", "max_age": "5d"}),
        lambda t: t.advisories(_today()),
    ),
    "a catalogue that has no time": Breakage(
        "sbom.timeout",
        "timeouts.catalogue",
        _hurry,
        lambda t: t.change(timeouts={"catalogue": "1m"}),
    ),
    "a key that is misspelt": Breakage(
        "config.invalid",
        "targets",
        lambda t: t.change(tragets=["x"]),
        lambda t: _without(t, "tragets"),
    ),
}


def _without(trial: Trial, key: str) -> None:
    path = trial.project.folder / "shipseal.yaml"
    known = json.loads(path.read_text())
    del known[key]
    path.write_text(json.dumps(known))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with guarded_registry(tmp_path_factory.mktemp("registry"), accounts=ACCOUNTS) as made:
        yield made


@pytest.fixture
def trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry, sbom_cache: Path
) -> Trial:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    # Three tries with growing pauses prove nothing here.
    monkeypatch.setattr("shipseal._internal.clock.SystemClock.sleep", lambda *_: None)
    project = Project(tmp_path / "project", (f"{registry.host}/org/app", "oci:./mirror"))
    project.build()
    made = Trial(project, registry, monkeypatch, tmp_path / "docker")
    made.login("ci", "secret-of-ci")
    made.secure()
    return made


@pytest.mark.tools
@pytest.mark.parametrize("name", BREAKAGES)
def test_what_is_printed_leads_to_a_release(
    trial: Trial, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    breakage = BREAKAGES[name]
    version = f"{list(BREAKAGES).index(name)}.0.0"
    trial.change(tags=["{version}"])
    breakage.breaks(trial)
    capsys.readouterr()
    assert trial.project.release(version) != Exit.OK
    said = "".join(capsys.readouterr())
    assert breakage.code in said
    assert breakage.says in said
    assert "secret-of" not in said
    breakage.mends(trial)
    assert trial.project.release(breakage.version or version) == Exit.OK


def test_the_page_tells_of_each() -> None:
    rows = [row for row in page("trial.md").rows() if len(row) == 4]
    assert [row[0] for row in rows][: len(BREAKAGES)] == list(BREAKAGES)
    assert [row[1].split("`")[1] for row in rows][: len(BREAKAGES)] == [
        one.code for one in BREAKAGES.values()
    ]

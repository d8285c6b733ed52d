"""The real command line, real Syft, and the distribution registry behind a proxy with faults."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Exit
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import parse_digest
from shipseal.testing import fault_kinds as kinds
from shipseal.testing.faults import Faults
from shipseal.testing.http_server import Exchange, Reply
from shipseal.testing.reverse_proxy import ReverseProxy
from tests.support.registries import Registry, distribution
from tests.support.release_project import PASSWORD, Project
from tests.support.targets import open_repository
from tests.support.wire_faults import BUNDLES

pytestmark = pytest.mark.tools


@dataclass(frozen=True, slots=True)
class Place:
    """A project whose second target is a real registry behind a proxy.

    Attributes:
        project: the project.
        registry: the registry itself.
        proxy: what stands before it.
        faults: what goes wrong.
        capture: what the command prints.
    """

    project: Project
    registry: Registry
    proxy: ReverseProxy
    faults: Faults
    capture: pytest.CaptureFixture[str]

    @property
    def target(self) -> str:
        return f"{self.proxy.host}/org/app"

    def release(self) -> tuple[int, dict[str, Any]]:
        """Release, and return exit status and result."""
        return self._told(self.project.release("1.0.0", "--json"))

    def resume(self) -> tuple[int, dict[str, Any]]:
        """Resume, and return the same."""
        return self._told(self.project.run("release", "resume", "--json"))

    def _told(self, status: int) -> tuple[int, dict[str, Any]]:
        return status, json.loads(self.capture.readouterr().out)

    def tags(self) -> dict[str, str]:
        """Return the tags of the registry that are no lists of referrers."""
        target = open_repository(self.registry, "org/app")
        found = {tag: target.resolve(tag) for tag in target.list_tags() if "-" not in tag}
        target.close()
        return {tag: one.digest for tag, one in found.items() if one}

    def expect_done(self, result: dict[str, Any]) -> None:
        """Check that everything is as after an undisturbed release."""
        digest = result["digest"]
        assert self.tags() == self.project.tags("a") == {"1.0.0": digest, "latest": digest}
        target = open_repository(self.registry, "org/app")
        subjects = [digest, *(one["digest"] for one in result["platforms"])]
        store = ReferrersStore(target)
        found = Counter(one.digest for text in subjects for one in store.find(parse_digest(text)))
        target.close()
        assert sorted(found.values()) == BUNDLES


@pytest.fixture
def place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sbom_cache: Path,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHIPSEAL_CACHE", str(sbom_cache))
    with distribution(tmp_path / "registry") as registry, ReverseProxy(registry.url) as proxy:
        project = Project(tmp_path / "project", targets=("oci:./a", f"{proxy.host}/org/app"))
        project.configure(timeouts={"retry_deadline": "3s"})
        project.build()
        faults = Faults()
        proxy.before = faults
        yield Place(project, registry, proxy, faults, capsys)


def _blob_that_is_not_there(exchange: Exchange) -> bool:
    # Without a length: one that is wrong gives the lie away.
    exchange.send(Reply(200, (), (), None))
    return True


# Fault, method, target, times. All are survived.
SURVIVED: dict[str, tuple[Callable[[Exchange], bool], str, str, int | None]] = {
    "a tag's answer is lost": (kinds.lose_answer(), "PUT", "/manifests/latest$", 1),
    "the gateway fails twice": (kinds.gateway_page(), "PUT", "/manifests/", 2),
    "uploads are cut": (kinds.cut_request(100), "PUT", "/blobs/uploads/", 2),
    "downloads are cut": (kinds.cut_answer(100), "GET", "/blobs/sha256", 2),
    "it is too much for a second": (kinds.refuse(429, retry_after="1"), "POST", "", 1),
}
_QUICK = {"a tag's answer is lost"}
# Fault, method, target, exit status, code and status. A resume ends each.
FAILED: dict[str, tuple[Callable[[Exchange], bool], str, str, Exit, str, str]] = {
    "the tag may not move": (
        kinds.refuse(403, "DENIED"), "PUT", "/manifests/latest$", Exit.AUTH, "auth.registry-denied", "failed",
    ),
    "the gateway is down": (
        kinds.gateway_page(), "PUT", "/manifests/", Exit.OUTSIDE, "service.outage", "pending",
    ),
    "it asks to wait an hour": (
        kinds.refuse(429, retry_after="3600"), "GET", "/tags/list", Exit.OUTSIDE, "service.rate-limited", "pending",
    ),
    "it says that it has a blob, and has not": (
        _blob_that_is_not_there, "HEAD", "/blobs/", Exit.OUTSIDE, "image.not-found", "failed",
    ),
    "it answers with something else": (
        kinds.corrupt(), "GET", "/blobs/sha256", Exit.EVIDENCE, "image.digest-mismatch", "failed",
    ),
}  # fmt: skip


def _cases(names: dict[str, Any]) -> list[Any]:
    return [
        pytest.param(name, marks=() if name in _QUICK else pytest.mark.faults) for name in names
    ]


@pytest.mark.parametrize("name", _cases(SURVIVED))
def test_a_release_survives(place: Place, name: str) -> None:
    fault, method, target, times = SURVIVED[name]
    rule = place.faults.add(fault, method, target, times=times)
    status, result = place.release()
    assert (status, result["status"]) == (Exit.OK, "done"), result["message"]
    assert len(rule.struck) == times
    place.expect_done(result)


@pytest.mark.parametrize("name", _cases(FAILED))
def test_a_release_fails_and_a_resume_ends_it(place: Place, name: str) -> None:
    fault, method, target, exit_, code, ends = FAILED[name]
    rule = place.faults.add(fault, method, target)
    status, result = place.release()
    assert (status, result["code"], result["status"]) == (exit_, code, ends), result["message"]
    assert rule.struck
    assert place.tags() == place.project.tags("a") == {}
    place.faults.clear()
    status, result = place.resume()
    assert (status, result["status"]) == (Exit.OK, "done"), result["message"]
    place.expect_done(result)


@pytest.mark.faults
def test_blobs_may_lie_at_another_host(place: Place) -> None:
    seen: list[str | None] = []
    with ReverseProxy(place.registry.url) as elsewhere:

        def note(exchange: Exchange) -> bool:
            seen.append(exchange.headers.get("Authorization"))
            return False

        elsewhere.before = note
        place.faults.add(kinds.redirect(elsewhere.url), "GET", "/blobs/sha256")
        status, result = place.release()
    assert status == Exit.OK, result["message"]
    assert seen
    assert set(seen) == {None}
    place.expect_done(result)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("fault", "exit_", "said"),
    [
        (kinds.refuse(503), Exit.OUTSIDE, "service.outage"),
        (kinds.refuse(403, "DENIED"), Exit.AUTH, "auth.registry-denied"),
        (kinds.corrupt(), Exit.EVIDENCE, "image.digest-mismatch"),
    ],
)
def test_a_verification_never_takes_a_failure_for_an_answer(
    place: Place, fault: Callable[[Exchange], bool], exit_: Exit, said: str
) -> None:
    assert place.release()[0] == Exit.OK
    words = ("verify", f"{place.target}:1.0.0", "--json")
    place.faults.add(fault, "GET", "/blobs/sha256")
    assert place.project.run(*words) == exit_
    assert json.loads(place.capture.readouterr().out)["error"]["code"] == said
    place.faults.clear()
    assert place.project.run(*words) == Exit.OK

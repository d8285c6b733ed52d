"""`shipseal doctor` against real registries, clocks, disks, keys and data: each check has its failing case."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.testing.github_server import GitHubServer, Refusal
from shipseal.testing.http_server import Exchange, Reply
from shipseal.testing.registry_simulator import RegistrySimulator
from shipseal.testing.status_pages import StatusPageServer
from shipseal.testing.token_server import Account
from tests.support.grype_database import grype_database
from tests.support.registries import guarded_registry
from tests.support.release_project import PASSWORD, Project
from tests.support.schemas import check_shape
from tests.support.tools import need


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSEAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.build()
    return made


def examined(
    capsys: pytest.CaptureFixture[str], project: Project, *only: str, offline: bool = False
) -> tuple[int, list[dict[str, Any]]]:
    words = [word for name in only for word in ("--only", name)] + ["--offline"] * offline
    capsys.readouterr()
    status = project.run("doctor", *words, "--json")
    value = json.loads(capsys.readouterr().out)
    check_shape(value, "doctor")
    assert value["exit"] == status
    return status, value["checks"]


def of(checks: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [one for one in checks if one["check"] == name]


def test_a_project_that_can_be_released_passes_and_nothing_is_left_behind(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path for path in project.folder.rglob("*") if "advisories" not in path.parts)
    status, checks = examined(capsys, project)
    assert status == Exit.OK, [one for one in checks if one["status"] in ("fail", "unknown")]
    assert {one["status"] for one in checks} == {"pass", "skipped"}
    assert before == sorted(
        path for path in project.folder.rglob("*") if "advisories" not in path.parts
    )
    assert project.run("doctor") == Exit.OK
    said = capsys.readouterr().out
    assert "nothing stands in the way" in said
    assert project.release() == Exit.OK


def test_without_a_configuration_it_says_what_to_do_and_looks_at_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--offline"]) == Exit.USAGE
    said = capsys.readouterr().out
    assert "shipseal init" in said
    for name in ("syft", "temporary files", "memory", "none is unfinished"):
        assert name in said


def test_everything_that_is_wrong_with_a_configuration_is_told_with_its_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(platforms=["linux/amd64", "beos"], colour="blue")
    status, checks = examined(capsys, project)
    assert status == Exit.USAGE
    (found,) = of(checks, "configuration")
    told = "\n".join(found["evidence"])
    assert "colour" in told
    assert "platforms[1]" in told
    assert "line " in told
    assert of(checks, "push")[0]["status"] == "skipped"
    assert of(checks, "tools")[0]["status"] == "pass", "the rest is looked at all the same"


def test_a_check_that_does_not_exist_is_refused(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("doctor", "--only", "luck") == Exit.USAGE
    assert "there are configuration, tools, push" in capsys.readouterr().err


def test_a_program_that_is_missing_is_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(sbom={"syft": "/nowhere/syft"}, scan={"engine": "grype", "grype": "no-grype"})
    status, checks = examined(capsys, project, "tools", "database")
    assert status == Exit.UNDECIDED, "there is no data, which is more urgent than the tool"
    found = {one["about"]: one for one in of(checks, "tools")}
    for name in ("syft", "grype"):
        assert (found[name]["status"], found[name]["code"]) == ("fail", "tool.missing")
        assert "install" in found[name]["remedy"]
    status, _ = examined(capsys, project, "tools")
    assert status == Exit.REFUSED


@pytest.mark.tools
def test_rights_at_a_real_registry_are_found_out_without_writing_an_image(
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    accounts = {
        "ci": Account("secret", {"org/app": frozenset({"pull", "push"})}),
        "reader": Account("secret", {"org/app": frozenset({"pull"})}),
    }
    with guarded_registry(tmp_path / "registry", accounts=accounts) as registry:
        project.targets = (f"{registry.host}/org/app",)
        project.configure(registries={registry.host: {"ca": str(registry.ca)}})
        cases = (
            (("ci", "secret"), "pass", "", Exit.OK),
            (("ci", "wrong"), "fail", "auth.registry-unauthorized", Exit.AUTH),
            (("reader", "secret"), "fail", "auth.registry-denied", Exit.AUTH),
        )
        for number, ((user, password), expected, code, ends) in enumerate(cases):
            folder = tmp_path / f"docker{number}"
            folder.mkdir()
            login = base64.b64encode(f"{user}:{password}".encode()).decode()
            (folder / "config.json").write_text(
                json.dumps({"auths": {registry.host: {"auth": login}}})
            )
            monkeypatch.setenv("DOCKER_CONFIG", str(folder))
            status, (found,) = examined(capsys, project, "push")
            assert (status, found["status"], found["code"]) == (ends, expected, code)
            assert login not in json.dumps(found)
        assert not list((tmp_path / "registry" / "storage").rglob("_manifests"))


def test_a_clock_that_differs_from_the_servers_is_told(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    def dated(seconds: float | None) -> Any:
        def before(exchange: Exchange) -> bool:
            def twist(reply: Reply) -> Reply:
                kept = tuple(pair for pair in reply.headers if pair[0].lower() != "date")
                return Reply(reply.status, kept, reply.body, reply.length)

            exchange.twists.append(twist)
            handler = exchange._handler
            moment = datetime.now(UTC) + timedelta(seconds=seconds or 0)
            text = "no time" if seconds is None else format_datetime(moment, usegmt=True)
            handler.date_time_string = lambda timestamp=None: text  # type: ignore[method-assign]
            return False

        return before

    with RegistrySimulator() as registry:
        project.targets = (f"{registry.host}/org/app",)
        project.configure()
        for seconds, expected, word in (
            (0, "pass", ""),
            (-30, "pass", ""),
            (3600, "fail", "behind"),
            (-7200, "fail", "ahead"),
            (None, "unknown", ""),
        ):
            registry.before = dated(seconds)
            status, (found,) = examined(capsys, project, "clock")
            assert found["status"] == expected, (seconds, found)
            assert word in found["got"]
            assert status == {"pass": 0, "fail": 2, "unknown": 5}[expected]


def test_platforms_of_the_image_that_is_taken_are_held_against_those_wanted(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(platforms=["linux/amd64", "linux/s390x"])
    status, (found,) = examined(capsys, project, "platforms")
    assert (status, found["code"]) == (Exit.REFUSED, "image.platform-missing")
    assert "linux/s390x" in found["remedy"]
    assert found["got"] == "linux/amd64, linux/arm64"
    project.configure(build={"builder": "prebuilt", "layout": "./nothing"})
    status, (found,) = examined(capsys, project, "platforms")
    assert (found["status"], found["code"]) == ("fail", "image.not-found")


def test_data_that_is_too_old_or_not_there_is_undecided(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.configure(scan={"engine": "builtin", "database": "./advisories", "max_age": "5d"})
    status, (found,) = examined(capsys, project, "database")
    assert (status, found["code"]) == (Exit.UNDECIDED, "scan.db-stale")
    assert "shipseal db update" in found["remedy"]
    project.configure(scan={"engine": "auto"})
    status, (found,) = examined(capsys, project, "database")
    assert (status, found["code"]) == (Exit.UNDECIDED, "scan.db-unavailable")


@pytest.mark.tools
def test_a_real_grype_with_an_old_database_and_with_none_is_told(
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GRYPE_DB_CACHE_DIR", str(tmp_path / "nothing"))
    scan = {"engine": "grype", "grype": str(need("grype")), "max_age": "5d"}
    project.configure(scan=scan)
    status, (found,) = examined(capsys, project, "database")
    assert (status, found["code"]) == (Exit.UNDECIDED, "scan.db-unavailable")
    assert "grype db update" in found["remedy"]
    (tmp_path / "made").mkdir()
    old = datetime.now(UTC) - timedelta(days=30)
    made = grype_database(tmp_path / "made", (), built=old)
    monkeypatch.setenv("GRYPE_DB_CACHE_DIR", str(made))
    status, (found,) = examined(capsys, project, "database")
    assert (status, found["code"]) == (Exit.UNDECIDED, "scan.db-stale")
    project.configure(scan=scan | {"max_age": "none"})
    status, checks = examined(capsys, project, "database", "tools")
    assert status == Exit.OK, checks
    told = {one["about"]: one for one in of(checks, "tools")}["grype"]
    assert told["evidence"] == ["scan.grype names it"]


@pytest.mark.tools
def test_a_real_buildah_is_found_with_its_version(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    buildah = need("buildah")
    (project.folder / "Dockerfile").write_text("FROM scratch\n")
    project.configure(build={"builder": "buildah"})
    status, checks = examined(capsys, project, "tools", "platforms")
    assert status == Exit.OK
    told = {one["about"]: one["got"] for one in of(checks, "tools")}["buildah"]
    assert str(buildah) in told
    assert told[0].isdigit()
    assert of(checks, "platforms")[0]["status"] == "skipped"


def test_a_base_image_in_a_registry_is_read_and_one_that_is_not_there_is_told(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:
        base = f"{registry.host}/base/image:1"
        project.configure(
            build={"builder": "layers", "base": base, "layers": []}, targets=["oci:./a"]
        )
        status, (found,) = examined(capsys, project, "platforms")
        assert (found["status"], found["code"]) == ("fail", "image.not-found")
        assert status == Exit.REFUSED
        assert base in found["about"]


def test_a_key_that_cannot_sign_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", "wrong horse")
    status, (found,) = examined(capsys, project, "signing")
    assert (status, found["code"]) == (Exit.USAGE, "config.invalid")
    assert "wrong horse" not in json.dumps(found)
    monkeypatch.delenv("SHIPSEAL_KEY_PASSWORD")
    status, (found,) = examined(capsys, project, "signing")
    assert (status, found["status"]) == (Exit.USAGE, "fail")
    assert "SHIPSEAL_KEY_PASSWORD" in found["remedy"]
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    project.configure(sign={"mode": "key", "key": "./gone.key"})
    assert examined(capsys, project, "signing")[0] == Exit.USAGE


@pytest.mark.tools
def test_a_token_that_verify_would_not_accept_is_told_before_anything_is_signed(
    project: Project,
    sigstack: SigstoreStack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sigstack.issuer.job = Job(repository="octo-org/app", ref="refs/heads/main")
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sigstack.issuer.job_token())
    who = {"issuer": sigstack.issuer.url, "repository": "octo-org/app"}
    keyless: dict[str, Any] = {
        "sign": {"signing_config": str(sigstack.files.signing_config)},
        "verify": {"identities": [who], "trusted_root": str(sigstack.files.trusted_root)},
        "timeouts": {"network": "2s", "retry_deadline": "1s"},
    }
    project.configure(**keyless)
    status, checks = examined(capsys, project, "signing", "sigstore")
    assert status == Exit.OK, checks
    assert "octo-org/app" in of(checks, "signing")[0]["got"]
    assert len(of(checks, "sigstore")) == 3
    keyless["verify"]["identities"] = [who | {"ref": "refs/tags/v*"}]
    project.configure(**keyless)
    status, (found,) = examined(capsys, project, "signing")
    assert (status, found["code"]) == (Exit.EVIDENCE, "attest.identity-mismatch")
    rekor = next(part for part in sigstack.parts if part.name == "rekor")
    rekor.stop()
    status, checks = examined(capsys, project, "sigstore")
    rekor.start()
    assert status == Exit.OUTSIDE
    assert sorted(one["status"] for one in checks) == ["pass", "pass", "unknown"]


def test_a_job_without_permission_for_a_token_is_told_so(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"repository": {"private": false}}')
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "octo-org/app",
    }.items():
        monkeypatch.setenv(name, value)
    issuer = "https://token.actions.githubusercontent.com"
    root = tmp_path / "root.json"
    root.write_text("{}")
    project.configure(
        sign={"mode": "keyless"},
        verify={
            "identities": [{"issuer": issuer, "repository": "octo-org/app"}],
            "trusted_root": str(root),
        },
    )
    status, (found,) = examined(capsys, project, "signing")
    assert (status, found["code"]) == (Exit.AUTH, "auth.oidc-permission")
    assert "id-token: write" in found["remedy"]


def test_variables_of_a_job_that_are_wrong_are_one_finding_and_stop_no_other(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    status, checks = examined(capsys, project)
    assert status == Exit.USAGE
    assert {one["check"] for one in checks if one["status"] == "fail"} >= {"signing"}
    assert of(checks, "push")[0]["status"] == "pass"
    assert of(checks, "disk")[0]["status"] == "pass"


def test_github_is_asked_with_the_token_that_would_store(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    with GitHubServer(repositories=["octo-org/app"], tokens=["good"], folder=tmp_path) as github:
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        project.configure(evidence={"github": "octo-org/app"})
        status, (found,) = examined(capsys, project, "github")
        assert (status, found["code"]) == (Exit.AUTH, "auth.attestations-permission")
        monkeypatch.setenv("GH_TOKEN", "good")
        status, (found,) = examined(capsys, project, "github")
        assert (status, found["status"]) == (Exit.OK, "pass"), found
        assert github.attestations == []
        monkeypatch.setenv("GH_TOKEN", "bad-token")
        github.quirks.refuse.append(Refusal(401, "Bad credentials"))
        status, (found,) = examined(capsys, project, "github")
        assert (status, found["status"]) == (Exit.AUTH, "fail"), found
        assert "bad-token" not in json.dumps(found)
        github.quirks.refuse[:] = [Refusal(503, "down")] * 10
        monkeypatch.setenv("GH_TOKEN", "good")
        status, (found,) = examined(capsys, project, "github")
        assert (status, found["status"], found["code"]) == (
            Exit.OUTSIDE,
            "unknown",
            "service.outage",
        )


@pytest.fixture
def pages() -> Iterator[StatusPageServer]:
    with StatusPageServer() as server:
        yield server


def test_status_pages_are_asked_only_when_somebody_else_may_be_to_blame(
    project: Project, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:
        project.targets = (f"{registry.host}/org/app",)
        project.configure(
            status={"pages": {"127.0.0.1": pages.url()}}, timeouts={"retry_deadline": "1s"}
        )
        status, checks = examined(capsys, project)
        assert status == Exit.OK
        assert of(checks, "status")[0]["status"] == "skipped"
        assert pages.asked == []

        def denied(exchange: Exchange) -> bool:
            exchange.reply(403, b"no")
            return True

        registry.before = denied
        assert examined(capsys, project)[0] == Exit.AUTH
        assert pages.asked == [], "that has its cause here"

        def down(exchange: Exchange) -> bool:
            exchange.reply(503, b"down")
            return True

        registry.before = down
        pages.trouble("Packages", "All is down")
        status, checks = examined(capsys, project)
        assert status == Exit.OUTSIDE
        (page,) = of(checks, "status")
        assert page["status"] == "fail"
        assert "All is down" in page["evidence"][0]
        assert "--wait" in page["remedy"]
        pages.resolve()
        (page,) = of(examined(capsys, project)[1], "status")
        assert page["status"] == "pass"
        assert "on this side" in page["reason"]
        asked = len(pages.asked)
        examined(capsys, project, offline=True)
        assert len(pages.asked) == asked


def test_status_pages_are_asked_when_they_are_named(
    project: Project, pages: StatusPageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    project.targets = ("127.0.0.1:5000/org/app",)
    project.configure(status={"pages": {"127.0.0.1": pages.url()}})
    status, (page,) = examined(capsys, project, "status")
    assert (status, page["status"]) == (Exit.OK, "pass")


def test_offline_asks_nobody_and_says_so_of_each(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:
        project.targets = (f"{registry.host}/org/app", "oci:./a")
        project.configure()
        seen: list[str] = []

        def noted(exchange: Exchange) -> bool:
            seen.append(exchange.target)
            return False

        registry.before = noted
        _, checks = examined(capsys, project, offline=True)
        assert seen == []
    assert [one["status"] for one in of(checks, "push")] == ["skipped", "pass"]


def test_sources_and_releases_of_this_machine_are_told(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(project.folder)]
    for words in (["init", "-q"], ["add", "shipseal.yaml"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], check=True, env={"PATH": os.environ["PATH"], "HOME": "/"})
    project.configure(limits={"parallel": 2})
    status, checks = examined(capsys, project, "git", "releases")
    assert status == Exit.OK
    assert "differ from the commit" in of(checks, "git")[0]["reason"]
    assert of(checks, "releases")[0]["got"] == "none is unfinished"
    with RegistrySimulator() as registry:

        def down(exchange: Exchange) -> bool:
            exchange.reply(503, b"down")
            return True

        registry.before = down
        project.targets = (f"{registry.host}/org/app",)
        project.configure(timeouts={"retry_deadline": "1s"})
        assert project.release() == Exit.OUTSIDE
    status, (found,) = examined(capsys, project, "releases")
    assert (status, found["status"]) == (Exit.OK, "pass")
    assert "shipseal release resume" in found["remedy"]
    (journal,) = (project.folder / ".shipseal" / "releases").glob("*/journal.jsonl")
    journal.write_text('{"damaged\n{"more": 1}\n')
    status, (found,) = examined(capsys, project, "releases")
    assert (status, found["status"]) == (Exit.REFUSED, "fail")


def test_words_of_servers_cannot_move_the_cursor(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with RegistrySimulator() as registry:

        def rude(exchange: Exchange) -> bool:
            exchange.reply(
                403,
                b'{"errors":[{"code":"DENIED","message":"\\u001b[2Jgone ghp_' + b"a" * 36 + b'"}]}',
            )
            return True

        registry.before = rude
        project.targets = (f"{registry.host}/org/app",)
        project.configure()
        assert project.run("doctor", "--only", "push") == Exit.AUTH
        said = capsys.readouterr().out
        assert "\x1b" not in said
        assert "ghp_aaaa" not in said

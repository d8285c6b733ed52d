"""`shipseal ignore assess|add|prune|vex`: what is written, what is refused, and that nothing is lost."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.clock import SystemClock
from shipseal._internal.progress import SilentReporter
from shipseal.cli.ignore_add import AddWish, ProposalWish
from shipseal.cli.ignore_add import add as run_add
from shipseal.cli.ignore_source import SourceWish
from shipseal.cli.main import main
from shipseal.exceptions.draft import Draft
from shipseal.ignores.read import read_ignores
from shipseal.ignores.render import entry_lines
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.testing.github_project import ServedProject
from shipseal.testing.github_server import GitHubServer, Refusal
from tests.support.scanning import finding
from tests.support.schemas import check_shape
from tests.support.standards import valid_cyclonedx

CVE = "CVE-2026-0001"
URL = "https://example.org/advisory"
IMPACT = ("--impact", "low: the SSH server is never started")
OTHER = "# kept: by hand\nignore:\n  - vulnerability: CVE-1999-0001 # old\n"


def results(folder: Path, **members: Any) -> Path:
    """Write results of a scan with one finding, and return the file."""
    known: dict[str, Any] = {"fix_versions": ("2.4.1",), "url": URL, "description": "auth bypass"}
    known |= {key: value for key, value in members.items() if key in known}
    one = finding(aliases=("GHSA-abcd-abcd-abcd",), **known)
    package = {
        name: getattr(one.package, name)
        for name in ("name", "version", "type", "purl", "language", "locations")
    }
    match = {
        "id": one.id,
        "aliases": one.aliases,
        "severity": str(one.severity),
        "package": package,
        "fix": {"state": members.get("state", "fixed"), "versions": one.fix_versions},
        "url": one.url,
        "description": one.description,
        "platforms": ["linux/amd64"],
    }
    document = {
        "schema": "urn:shipseal:schema:scan:1",
        "platforms": [{"platform": "linux/amd64"}],
        "matches": [match] if members.get("there", True) else [],
    }
    file = folder / "scan.json"
    file.write_text(json.dumps(document))
    return file


class Place:
    """A git repository with a file of ignores, and the GitHub that it is at."""

    def __init__(self, folder: Path, served: ServedProject) -> None:
        self.folder, self.served = folder, served
        self.file = folder / ".grype.yaml"
        self.results = results(folder)
        self.file.write_text(OTHER)
        served.commit("main", ".grype.yaml", OTHER.encode())
        for words in (
            ("init", "-q", "-b", "main"),
            ("remote", "add", "origin", "git@github.com:org/app.git"),
            ("add", ".grype.yaml"),
            ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "start"),
        ):
            self.git(*words)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ("git", *words), cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer(repositories=["org/app"], tokens=["ghs_t"]) as github:
        yield github


@pytest.fixture
def place(tmp_path: Path, server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GH_TOKEN", "ghs_t")
    for name in ("GITHUB_ACTIONS", "GITHUB_TOKEN", "SHIPSEAL_STATE"):
        monkeypatch.delenv(name, raising=False)
    return Place(tmp_path, server.projects["org/app"])


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main(["ignore", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def done(capsys: pytest.CaptureFixture[str], schema: str, *words: str) -> dict[str, Any]:
    status, document = run(capsys, *words)
    assert status == 0, document
    check_shape(document, schema)
    return document


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, str]]:
    status, document = run(capsys, *words)
    return status, document["error"]


def add(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    return done(capsys, "ignore-add", "add", CVE, "scan.json", *IMPACT, *words)


def ours(*, issue: str = "https://github.com/org/app/issues/1", **members: Any) -> str:
    """Return a file with one whole rule for the finding."""
    rule = IgnoreRule(
        vulnerability=CVE,
        package=PackageCondition(name="paramiko"),
        description="auth bypass",
        impact="low",
        component="paramiko",
        tracking=URL,
        remove_when="paramiko 3 is in",
        issue=issue,
        **members,
    )
    return "ignore:\n" + "".join(f"  {line}\n" for line in entry_lines(rule))


def test_assess_tells_what_is_known(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    found = done(capsys, "ignore-assessment", "assess", "ghsa-abcd-abcd-abcd", "scan.json")
    assert found["ids"] == ["ghsa-abcd-abcd-abcd", CVE, "GHSA-abcd-abcd-abcd"]
    assert found["fix"] == "fixed in 2.4.1"
    assert found["matches"][0]["locations"] == ["/usr/lib/python3/paramiko/METADATA"]
    assert found["matches"][0]["advice"].startswith("pip install paramiko==2.4.1")
    place.file.write_text(ours())
    assert main(["ignore", "assess", CVE, "scan.json"]) == 0
    shown = capsys.readouterr().out
    for text in ("paramiko 2.4.0 (python)", "fixed in 2.4.1", "line ", "in force", "pip install"):
        assert text in shown


def test_assess_says_that_there_is_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    found = done(capsys, "ignore-assessment", "assess", "CVE-1999-9999", "scan.json")
    assert (found["found"], found["severity"]) == (False, None)
    assert main(["ignore", "assess", "CVE-1999-9999", "scan.json"]) == 0
    assert "no finding has this id" in capsys.readouterr().out


def test_assess_refuses_what_is_no_id(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    status, error = refused(capsys, "assess", "not an id", "scan.json")
    assert (status, error["code"]) == (64, "config.invalid")


def test_add_writes_entry_issue_and_pull_request(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    made = add(capsys, "--expires", "30d", "--owner", "sre@example.org")
    assert made["missing"] == []
    assert made["issue"]["url"] == "https://github.com/org/app/issues/1"
    assert made["pullRequest"]["url"] == "https://github.com/org/app/pull/2"
    text = place.file.read_text()
    assert text.startswith(OTHER)
    rule = read_ignores(text, name="f").rules[1]
    assert rule.issue == made["issue"]["url"]
    assert rule.package == PackageCondition(name="paramiko", type="python")
    assert rule.remove_when == "paramiko 2.4.1 or newer is in the image"
    assert place.served.branches["shipseal/ignore-cve-2026-0001"][".grype.yaml"] == text.encode()


def test_an_alias_is_ignored_as_one(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("add", "GHSA-abcd-abcd-abcd", "scan.json", *IMPACT, "--local", "--issue", URL)
    done(capsys, "ignore-add", *words)
    assert read_ignores(place.file.read_text(), name="f").rules[1].include_aliases


def test_without_a_token_all_of_it_is_printed(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    assert main(["ignore", "add", CVE, "scan.json", *IMPACT]) == 0
    shown = capsys.readouterr()
    for text in ("gh issue create", "gh pr create", "Ignored for now: CVE-2026-0001", "git switch"):
        assert text in shown.out
    assert "there is no token for github.com" in shown.err
    # The file may be new to Git, which commits it by name only once it was added.
    assert shown.out.index("git add -- ") < shown.out.index("git commit ")
    assert "run the same command again with --issue URL" in " ".join(shown.err.split())
    assert CVE in place.file.read_text()
    # With the issue, the same command completes the entry.
    made = add(capsys, "--issue", "https://github.com/org/app/issues/9")
    assert made["missing"] == []
    assert place.file.read_text().count(CVE) == 2  # its comment and its key
    assert not place.served.issues


def test_a_dry_run_changes_nothing(
    place: Place, server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    made = add(capsys, "--dry-run")
    assert (made["written"], made["dryRun"]) == (False, True)
    assert "Remove when paramiko 2.4.1 or newer is in the image" in made["entry"]
    assert place.file.read_text() == OTHER
    assert server.count("POST") + server.count("PUT") == 0


def test_what_nobody_says_is_asked_for_by_name(
    place: Place, server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    status, error = refused(capsys, "add", CVE, "scan.json")
    assert status == 64
    assert "--impact" in error["hint"]
    assert "--tracking" not in error["hint"]
    assert not server.requests


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("CVE-1999-9999", "scan.json"), "no finding of scan.json has this id"),
        ((CVE, "scan.json", "--expires", "2020-01-01"), "lies in the past"),
        ((CVE, "scan.json", "--expires", "2026-02-30"), "not a date"),
        ((CVE, "scan.json", "--package", "other"), "has no finding"),
        ((CVE, "scan.json", "--not-affected", "because"), "no such justification"),
        ((CVE, "9.9.9.json"), "9.9.9.json"),
    ],
)
def test_add_refuses_before_anything_is_made(
    place: Place,
    server: GitHubServer,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    why: str,
) -> None:
    status, error = refused(capsys, "add", *words, *IMPACT)
    assert status != 0
    assert why in error["message"]
    assert place.file.read_text() == OTHER
    assert not server.requests


def test_one_that_is_in_force_is_replaced_only_when_told(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    add(capsys, "--local", "--issue", URL)
    before = place.file.read_text()
    again = ("add", CVE, "scan.json", *IMPACT, "--local", "--issue", URL, "--expires", "9d")
    status, error = refused(capsys, *again)
    assert (status, "ignored already" in error["message"]) == (64, True)
    assert place.file.read_text() == before
    done(capsys, "ignore-add", *again, "--replace")
    rules = read_ignores(place.file.read_text(), name="f").rules
    assert len(rules) == 2
    assert rules[1].until is not None


def test_malformed_yaml_is_named_by_line_and_untouched(
    place: Place, server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    place.file.write_text("ignore:\n\t- vulnerability: x\n")
    status, error = refused(capsys, "add", CVE, "scan.json", *IMPACT)
    assert status == 64
    assert ".grype.yaml:2" in error["message"]
    assert place.file.read_text() == "ignore:\n\t- vulnerability: x\n"
    assert not server.requests


def test_a_dirty_and_detached_work_tree_loses_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.git("checkout", "-q", "--detach")
    place.file.write_text(OTHER + "# mine, not committed\n")
    (place.folder / "notes").write_text("untracked")
    head = place.git("rev-parse", "HEAD")
    made = add(capsys)
    assert "uncommitted" in " ".join(made["notes"])
    assert "detached" in " ".join(made["notes"])
    assert "# mine, not committed" in place.file.read_text()
    assert b"# mine" not in place.served.branches[made["pullRequest"]["branch"]][".grype.yaml"]
    assert place.git("rev-parse", "HEAD") == head
    assert place.git("branch", "--list").splitlines()[1:] == ["  main"]
    assert (place.folder / "notes").read_text() == "untracked"


def test_a_link_stays_a_link(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    real = place.folder / "rules.yaml"
    place.file.rename(real)
    place.file.symlink_to(real)
    add(capsys, "--local", "--issue", URL)
    assert place.file.is_symlink()
    assert CVE in real.read_text()


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Refusal(403, "Resource not accessible by integration"), "auth.github-denied"),
        (Refusal(404, "Not Found"), "auth.github-denied"),
        (Refusal(422, "Validation Failed"), "github.refused"),
        (Refusal(500, "oops"), "service.outage"),
    ],
)
def test_a_refusal_at_any_step_leaves_the_file_and_the_next_run_goes_on(
    place: Place,
    server: GitHubServer,
    capsys: pytest.CaptureFixture[str],
    refusal: Refusal,
    code: str,
) -> None:
    add_once = ("add", CVE, "scan.json", *IMPACT)
    writes = _writes_of(place, server, capsys)
    assert [one.split()[0] for one in writes] == ["POST", "POST", "PUT", "POST"]
    for number in range(len(writes)):
        _reset(place)
        _refuse_write(server, number, refusal)
        status, error = refused(capsys, *add_once)
        assert status != 0
        assert error["code"] == code
        assert place.file.read_text() == OTHER
        if number:
            assert "issues/" in error["message"]
        add(capsys)
        assert len([one for one in place.served.issues.values() if one.state == "open"]) == 1
        assert len(place.served.pulls) == 1
        assert CVE in place.file.read_text()


def _writes_of(place: Place, server: GitHubServer, capsys: pytest.CaptureFixture[str]) -> list[str]:
    before = len(server.requests)
    add(capsys)
    return [one for one in server.requests[before:] if not one.startswith("GET")]


def _reset(place: Place) -> None:
    served = place.served
    place.file.write_text(OTHER)
    served.issues.clear()
    served.pulls.clear()
    for name in [*served.heads]:
        if name != "main":
            del served.heads[name], served.branches[name]


def _refuse_write(server: GitHubServer, number: int, refusal: Refusal) -> None:
    """Refuse the write of that number, once."""
    answer, seen = server._route, [0]

    def route(exchange: Any) -> None:
        if exchange.method in ("POST", "PUT", "PATCH"):
            seen[0] += 1
            if seen[0] == number + 1:
                server._refuse(exchange, refusal)
                return
        answer(exchange)

    server._route = route  # type: ignore[method-assign]


def test_a_protected_name_of_a_branch_is_told(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.served.refused_names = "shipseal/.*"
    status, error = refused(capsys, "add", CVE, "scan.json", *IMPACT)
    assert (status, error["code"]) == (5, "github.refused")
    assert place.file.read_text() == OTHER
    assert add(capsys, "--branch", "ignores/one")["pullRequest"]["branch"] == "ignores/one"


def test_a_secondary_rate_limit_is_waited_for(
    place: Place, server: GitHubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    limited = Refusal(403, "You have exceeded a secondary rate limit.", {"Retry-After": "0"})
    _refuse_write(server, 0, limited)
    assert add(capsys)["issue"]["new"]


def test_what_advisories_say_mentions_nobody_and_closes_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    results(place.folder, description="`@org/all` closes #1 | <b>x</b>")
    add(capsys, "--local", "--issue", URL)
    made = add(capsys, "--replace", "--dry-run", "--impact", "@everyone fixes #2")
    for text in (made["issue"]["body"], made["pullRequest"]["body"]):
        outside = "".join(part for part in text.split("`")[::2])
        assert "@" not in outside
        assert "#1" not in outside
        assert "#2" not in outside
    assert "@" not in made["issue"]["title"] + made["pullRequest"]["title"]


def prune(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    return done(capsys, "ignore-prune", "prune", "scan.json", *words)


def both(place: Place, text: str) -> None:
    place.file.write_text(text)
    place.served.commit("main", ".grype.yaml", text.encode())


def test_prune_takes_out_what_upstream_has_fixed_and_closes_the_issue(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    both(
        place, "# top\n" + ours() + "  # stays\n  - fix-state: not-fixed\n    package: {name: x}\n"
    )
    gone = prune(capsys, "--vulnerability", CVE, "--dry-run")
    assert (gone["written"], place.served.pulls) == (False, {})
    gone = prune(capsys, "--only", "released")
    assert [one["reason"] for one in gone["entries"]] == ["released"]
    assert gone["updates"][0].startswith("pip install paramiko==2.4.1")
    assert place.file.read_text().startswith("# top\nignore:\n  # stays\n")
    (pull,) = place.served.pulls.values()
    assert "Closes #1" in pull.body
    assert "pip install paramiko==2.4.1" in pull.body
    assert CVE.encode() not in place.served.branches[pull.head][".grype.yaml"]


def test_prune_closes_at_once_when_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    made = add(capsys)
    place.served.merge(2)
    # Who ignores what is fixed already waits for the package: its entry stays.
    assert prune(capsys, "--vulnerability", CVE)["entries"] == []
    results(place.folder, there=False)
    gone = prune(capsys, "--vulnerability", CVE, "--close-now")
    assert gone["issues"] == [{"url": made["issue"]["url"], "closed": "now"}]
    issue = place.served.issues[1]
    assert issue.state == "closed"
    assert "no finding is taken out by it any more" in issue.comments[0]


def test_what_upstream_fixes_later_is_over(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    results(place.folder, state="not-fixed", fix_versions=())
    add(capsys, "--local", "--issue", URL)
    assert "Remove when a fix is available" in place.file.read_text()
    assert prune(capsys, "--vulnerability", CVE, "--dry-run")["entries"] == []
    results(place.folder)
    gone = prune(capsys, "--vulnerability", CVE, "--dry-run")
    assert [one["reason"] for one in gone["entries"]] == ["fixed"]
    assert gone["updates"]


def test_prune_takes_out_what_nothing_matches(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = prune(capsys, "--local")
    assert [(one["vulnerability"], one["reason"]) for one in gone["entries"]] == [
        ("CVE-1999-0001", "unmatched")
    ]
    assert read_ignores(place.file.read_text(), name="f").rules == ()
    assert prune(capsys, "--local")["entries"] == []


def test_prune_evaluates_what_is_written_down(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    both(place, ours().replace("paramiko 3 is in", "paramiko >= 2.4.1"))
    gone = prune(capsys)
    assert [one["reason"] for one in gone["entries"]] == ["fixed"]
    assert gone["entries"][0]["text"].startswith("paramiko >= 2.4.1: ")
    both(place, ours().replace("paramiko 3 is in", "paramiko >= 99"))
    assert prune(capsys, "--only", "fixed")["entries"] == []


def test_prune_keeps_what_is_not_over(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    results(place.folder, state="not-fixed", fix_versions=())
    both(place, ours())
    assert prune(capsys)["entries"] == []
    assert main(["ignore", "prune", "scan.json"]) == 0
    assert "nothing is over" in capsys.readouterr().out
    status, error = refused(capsys, "prune", "scan.json", "--only", "old")
    assert (status, "no such reason" in error["message"]) == (64, True)


def test_an_issue_elsewhere_is_named_and_not_closed_here(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    both(place, ours(issue="https://github.com/org/other/issues/7"))
    gone = prune(capsys)
    assert "Closes org/other#7" in gone["pullRequest"]["body"]
    assert gone["issues"] == []


def test_prune_without_a_token_prints_what_is_to_be_done(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    both(place, ours())
    assert main(["ignore", "prune", "scan.json"]) == 0
    shown = capsys.readouterr().out
    assert "gh pr create" in shown
    assert "Closes #1" in shown
    assert CVE not in place.file.read_text()


@pytest.mark.parametrize("form", ["openvex", "cyclonedx"])
def test_vex_is_written(place: Place, capsys: pytest.CaptureFixture[str], form: str) -> None:
    both(place, ours() + "  - vulnerability: CVE-1999-0001\n")
    made = done(capsys, "ignore-vex", "vex", "scan.json", "--format", form, "-o", "vex.json")
    assert [one["status"] for one in made["statements"]] == ["affected"]
    assert "lacks description" in made["left"][0]["why"]
    written = json.loads((place.folder / "vex.json").read_text())
    assert written == made["document"]
    if form == "cyclonedx":
        valid_cyclonedx(written)
    assert main(["ignore", "vex", "scan.json", "--format", form]) == 0
    assert CVE in capsys.readouterr().out


def test_vex_refuses_what_it_cannot_do(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("--format", "csaf"),
        ("--attest",),
        ("--attest", "--format", "cyclonedx"),
    ):
        status, error = refused(capsys, "vex", "scan.json", *words)
        assert (status, error["code"]) == (64, "config.invalid")


def test_on_a_terminal_what_nobody_said_is_asked(
    place: Place,
) -> None:
    asked: dict[str, str] = {}

    def ask(question: str, default: str) -> str:
        asked[question.partition(" ")[0]] = default
        return default or "low: nothing listens"

    wish = AddWish(
        Draft(CVE, component="the client"),
        SourceWish("scan.json"),
        where=ProposalWish(local=True, dry_run=True),
    )
    made = run_add(wish, {}, SystemClock(), SilentReporter(), ask)
    # What was said is not asked again, and what the finding says is offered.
    assert list(asked) == ["Impact", "What", "Upstream's", "Remove", "Owner"]
    assert (asked["Impact"], asked["What"], asked["Upstream's"]) == ("", "auth bypass", URL)
    assert "# Impact assessment: low: nothing listens" in made["entry"]
    assert "# Affected component: the client" in made["entry"]

"""`shipseal init github`, `gitlab` and `shell`: what is written is accepted by the tools of others, and really runs."""

import itertools
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from shipseal.cli.main import main
from shipseal.config import ci_github, ci_gitlab, ci_shell
from shipseal.config.ci_facts import CiFacts
from shipseal.config.ci_pins import pins
from shipseal.errors import Exit
from tests.support.release_project import PASSWORD, Project
from tests.support.tools import ROOT, need

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACTION = f"org/seal@{COMMIT}"
KEYLESS = {
    "verify": {
        "identities": [
            {
                "issuer": "https://token.actions.githubusercontent.com",
                "repository": "org/app",
                "workflow": ".github/workflows/release.yml",
            }
        ]
    }
}
CHECK_KEY = "/tmp/check"  # noqa: S108 - where the pipeline's own container keeps a key that nobody trusts
SIGN_KEY = "/tmp/sign.key"  # noqa: S108 - likewise
Capture = pytest.CaptureFixture[str]


def written(folder: Path, **extra: Any) -> None:
    folder.mkdir(exist_ok=True)
    document = {
        "image": "org/app",
        "platforms": ["linux/amd64", "linux/arm64"],
        "build": {"builder": "buildx", "context": "."},
        "targets": ["ghcr.io/org/app", "docker.io/org/app"],
        **KEYLESS,
        **extra,
    }
    (folder / "Dockerfile").touch()
    (folder / "shipseal.yaml").write_text(json.dumps(document))
    subprocess.run([need("git"), "-C", folder, "init", "--quiet"], check=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "repository"
    written(place)
    monkeypatch.chdir(place)
    return place


def workflow(folder: Path) -> Any:
    return YAML(typ="safe").load((folder / ".github/workflows/release.yml").read_text())


def test_it_fits_the_targets_and_the_way_of_signing(folder: Path, capsys: Capture) -> None:
    assert main(["init", "github", "--action", ACTION]) == Exit.OK
    made = workflow(folder)
    assert made["permissions"] == {}
    assert made["concurrency"] == {
        "group": "release-${{ github.ref }}",
        "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    }
    # A tag such as vendor-1 is no version.
    assert made["on"]["push"] == {"tags": ["v[0-9]*"]}
    assert made["jobs"]["check"]["permissions"] == {"contents": "read"}
    assert made["jobs"]["release"]["permissions"] == {
        "contents": "read",
        "packages": "write",
        "id-token": "write",
        "attestations": "write",
    }
    told = capsys.readouterr().err
    assert "gh secret set DOCKERHUB_USER" in told
    assert "gh secret set DOCKERHUB_TOKEN" in told
    assert "SIGNING_KEY" not in told


@pytest.mark.parametrize(
    ("extra", "permissions", "secrets"),
    [
        ({"targets": ["oci:./a"], "evidence": {"github": "none"}}, {"id-token"}, 0),
        ({"targets": ["ghcr.io/org/app"]}, {"id-token", "attestations", "packages"}, 0),
        ({"targets": ["quay.io/org/app"]}, {"id-token", "attestations"}, 2),
        (
            {
                "targets": ["ghcr.io/org/app"],
                "verify": {},
                "sign": {"mode": "key", "key": "./k.key"},
            },
            {"packages"},
            2,
        ),
        (
            {
                "targets": ["oci:./a"],
                "sign": {"mode": "key", "key": "awskms:///alias/x"},
                "verify": {},
            },
            set(),
            0,
        ),
    ],
)
def test_what_is_not_needed_is_left_out(
    folder: Path, extra: Mapping[str, Any], permissions: set[str], secrets: int
) -> None:
    written(folder, **extra)
    assert main(["init", "github", "--action", ACTION]) == Exit.OK
    made = workflow(folder)
    assert made["jobs"]["release"]["permissions"].keys() == {"contents", *permissions}
    text = (folder / ".github/workflows/release.yml").read_text()
    assert text.count("${{ secrets.") == secrets
    assert "${{ secrets." not in text[: text.index("  release:\n")]


def all_facts() -> list[CiFacts]:
    hosts = [
        (),
        ("ghcr.io",),
        ("docker.io",),
        ("ghcr.io", "docker.io"),
        ("quay.io", "10.0.0.1:5000"),
    ]
    return [
        CiFacts(
            config="shipseal.yaml" if keyless else "deploy/it's $(x)/shipseal.yaml",
            image="app",
            builder=builder,
            foreign=builder != "prebuilt",
            registries=registries,
            key="" if keyless else "keys/it's.key",
            keyless=keyless,
            github_store=keyless,
            sources=("./dist/linux-amd64/app",) if builder == "layers" else (),
        )
        for builder, registries, keyless in itertools.product(
            ("buildx", "buildah", "layers", "prebuilt"), hosts, (True, False)
        )
    ]


@pytest.mark.tools
def test_actionlint_and_zizmor_accept_every_form(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for number, facts in enumerate(all_facts()):
        (folder / f"{number}.yml").write_text(
            ci_github.github_workflow(facts, f"{ACTION} # v1.0.0")
        )
    files = sorted(folder.iterdir())
    linted = subprocess.run(
        [need("actionlint"), "-shellcheck", need("shellcheck"), "-pyflakes=", *files],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (linted.returncode, linted.stdout) == (0, "")
    audited = subprocess.run(
        [need("zizmor"), "--offline", "--persona=pedantic", "--no-progress", tmp_path],
        check=False,
        capture_output=True,
        text=True,
    )
    assert audited.returncode == 0, audited.stdout


@pytest.mark.tools
def test_these_judges_can_say_no(tmp_path: Path) -> None:
    text = ci_github.github_workflow(all_facts()[0], ACTION)
    bad = text.replace("permissions: {}\n", "").replace(f"@{COMMIT}", "@main")
    (tmp_path / "bad.yml").write_text(bad.replace("runs-on:", "run-on:", 1))
    lint = [need("actionlint"), tmp_path / "bad.yml"]
    assert subprocess.run(lint, check=False, capture_output=True).returncode == 1
    audit = [str(need("zizmor")), "--offline", "--no-progress", str(tmp_path / "bad.yml")]
    (tmp_path / "bad.yml").write_text(bad)
    assert subprocess.run(audit, check=False, capture_output=True).returncode != 0


def test_doctor_finds_nothing_in_any_form(folder: Path, capsys: Capture) -> None:
    place = folder / ".github" / "workflows"
    place.mkdir(parents=True)
    for number, facts in enumerate(all_facts()):
        text = ci_github.github_workflow(facts, f"{ACTION} # v1.0.0")
        (place / f"{number}.yml").write_text(text)
    assert main(["doctor", "workflow", "--json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)["jobs"]
    assert len(told) == 2 * len(all_facts())
    assert [one["findings"] for one in told if one["findings"]] == []


def test_every_foreign_action_is_pinned_by_commit_with_its_version() -> None:
    for facts in all_facts():
        text = ci_github.github_workflow(facts, ACTION)
        for line in text.splitlines():
            if "uses:" in line and ACTION not in line:
                name, _, rest = line.split("uses: ")[1].partition("@")
                pin = pins().actions[name]
                assert rest == f"{pin.commit} # {pin.version}"


def test_the_key_lies_where_no_build_takes_it_along(folder: Path, tmp_path: Path) -> None:
    written(folder, sign={"mode": "key", "key": "./cosign.key"}, verify={})
    assert main(["init", "github", "--action", ACTION]) == Exit.OK
    steps = {step["name"]: step for step in workflow(folder)["jobs"]["release"]["steps"]}
    temp, key = tmp_path / "it's", "a $(key)\nof lines"
    temp.mkdir()
    env = {"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(temp), "KEY": key}
    line = str(steps["Write the key"]["run"])
    subprocess.run([str(need("bash")), "-e", "-c", line], cwd=folder, env=env, check=True)
    made = temp / "sign.key"
    assert (made.read_text(), made.stat().st_mode & 0o777) == (f"{key}\n", 0o600)
    assert steps["Release"]["env"]["SHIPSEAL_SIGN_KEY"] == "${{ runner.temp }}/sign.key"
    assert not list(folder.rglob("*.key"))


def test_no_image_that_runs_privileged_comes_from_a_cache() -> None:
    for facts in all_facts():
        jobs = YAML(typ="safe").load(ci_github.github_workflow(facts, ACTION))["jobs"]
        steps = [step for job in jobs.values() for step in job["steps"]]
        emulators = [step for step in steps if "setup-qemu" in step.get("uses", "")]
        assert len(emulators) == (2 if facts.builder in ("buildx", "buildah") else 0)
        assert all(step["with"]["cache-image"] is False for step in emulators)


def test_nothing_that_a_person_wrote_is_replaced(folder: Path, capsys: Capture) -> None:
    assert main(["init", "shell"]) == Exit.OK
    (folder / "release.sh").write_text("mine")
    assert main(["init", "shell"]) == Exit.USAGE
    assert "exists already" in capsys.readouterr().err
    assert (folder / "release.sh").read_text() == "mine"
    assert main(["init", "shell", "--print"]) == Exit.OK
    assert (folder / "release.sh").read_text() == "mine"
    assert main(["init", "shell", "--force"]) == Exit.OK
    assert (folder / "release.sh").read_text().startswith("#!/bin/sh\n")
    assert (folder / "release.sh").stat().st_mode & 0o111


@pytest.mark.parametrize("kind", ["github", "gitlab", "shell"])
def test_without_a_configuration_it_says_what_to_do_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", kind]) == Exit.USAGE
    assert "shipseal init" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["nonsense", "a/b@", "a/b@x\ny", "a/b@${{x}}", "a/b@1 # x"])
def test_an_action_that_is_none_is_refused(folder: Path, action: str) -> None:
    del folder
    assert main(["init", "github", "--action", action]) == Exit.USAGE


def test_a_ref_that_can_be_moved_is_told_of(folder: Path, capsys: Capture) -> None:
    del folder
    assert main(["init", "github", "--print", "--action", "org/seal@v1"]) == Exit.OK
    assert "not pinned by commit" in capsys.readouterr().err


def test_an_identity_that_another_workflow_has_is_told_of(folder: Path, capsys: Capture) -> None:
    other = {"identities": [{**KEYLESS["verify"]["identities"][0], "workflow": "publish.yml"}]}
    written(folder, verify=other)
    assert main(["init", "github", "--action", ACTION]) == Exit.OK
    assert "verify.identities accepts publish.yml" in capsys.readouterr().err


# The shell form, run for real.


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path / "work", targets=("oci:./a",))
    made.build()
    monkeypatch.chdir(made.folder)
    return made


def surroundings(tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "SHIPSEAL_CACHE": str(tmp_path / "cache"),
        "RELEASE_DATA": "keep",
        **more,
    }


def run_script(project: Project, env: Mapping[str, str], *words: str) -> tuple[int, str]:
    done = subprocess.run(
        ["/bin/sh", "./release.sh", *words],
        cwd=project.folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_script_checks_releases_and_releases_again(project: Project, tmp_path: Path) -> None:
    assert main(["init", "shell"]) == Exit.OK
    key = (project.folder / "cosign.key").read_text()
    (project.folder / "cosign.key").unlink()
    status, log = run_script(project, surroundings(tmp_path), "--check")
    assert (status, project.tags("a")) == (0, {}), log
    own = surroundings(tmp_path, SIGNING_KEY=key, SHIPSEAL_KEY_PASSWORD=PASSWORD)
    for _ in range(2):
        status, log = run_script(project, own, "v1.2.0")
        assert status == 0, log
    assert set(project.tags("a")) == {"1.2.0", "latest"}
    assert run_script(project, own)[0] == Exit.USAGE
    assert run_script(project, own, "")[0] == Exit.USAGE
    assert "PRIVATE KEY" not in log
    assert key.splitlines()[1] not in log


@pytest.mark.parametrize("word", ["--chek", "-h", "--help", ""])
def test_the_script_takes_no_option_for_a_version(
    project: Project, tmp_path: Path, word: str
) -> None:
    assert main(["init", "shell"]) == Exit.OK
    # Nothing is fetched for it, either.
    env = surroundings(tmp_path, RELEASE_DATA="fetch")
    status, log = run_script(project, env, word)
    assert (status, log) == (Exit.USAGE, "usage: ./release.sh VERSION | --check\n")


@pytest.mark.parametrize(("word", "version"), [("v1.2.0", "1.2.0"), ("vendor-1", "vendor-1")])
def test_the_script_leaves_out_a_v_before_a_number_alone(
    project: Project, tmp_path: Path, word: str, version: str
) -> None:
    assert main(["init", "shell"]) == Exit.OK
    script = project.folder / "release.sh"
    script.write_text(script.read_text().replace("shipseal release", "echo"))
    status, log = run_script(project, surroundings(tmp_path), word)
    assert (status, log.split()[:2]) == (0, ["--version", version])


def test_the_script_ends_with_the_status_of_the_release(project: Project, tmp_path: Path) -> None:
    assert main(["init", "shell"]) == Exit.OK
    project.build({"planted": "1.0"})
    own = surroundings(tmp_path, SHIPSEAL_KEY_PASSWORD=PASSWORD)
    assert run_script(project, own, "1.2.0")[0] == Exit.REFUSED
    assert run_script(project, own, "--check")[0] == Exit.REFUSED


def test_the_script_logs_in_for_itself_alone(project: Project, tmp_path: Path) -> None:
    assert main(["init", "shell"]) == Exit.OK
    script = (project.folder / "release.sh").read_text()
    assert "login" not in script
    facts = all_facts()[6]
    text = ci_shell.shell_script(facts).replace(
        "shipseal release", 'cat "$DOCKER_CONFIG/config.json" #'
    )
    (project.folder / "release.sh").write_text(text)
    names = ci_shell.variables_of(facts)
    values = {name: f"{name.lower()}:%s\\n'" for name in names if name.endswith(("USER", "TOKEN"))}
    status, log = run_script(project, surroundings(tmp_path, **values), "1.0.0")
    assert status == 0, log
    assert set(json.loads(log)["auths"]) == {"ghcr.io", "https://index.docker.io/v1/"}
    assert not (tmp_path / ".docker").exists()


@pytest.mark.tools
def test_shellcheck_accepts_every_form_of_the_script(tmp_path: Path) -> None:
    for number, facts in enumerate(all_facts()):
        file = tmp_path / f"{number}.sh"
        file.write_text(ci_shell.shell_script(facts))
        subprocess.run(["/bin/sh", "-n", file], check=True)
    found = subprocess.run(
        # A path of the test holds a dollar sign on purpose, and stands in single quotes for that.
        [need("shellcheck"), "-e", "SC2016", *sorted(tmp_path.iterdir())],
        check=False,
        capture_output=True,
    )
    assert found.stdout == b""


# GitLab's form: its lines, run as its runner does, in one shell per job.


def pipeline(facts: CiFacts) -> Any:
    text = ci_gitlab.gitlab_pipeline(facts, source="https://git.example/seal", commit=COMMIT)
    return YAML(typ="safe").load(text)


def test_the_pipeline_has_a_token_for_sigstore_where_it_signs_keyless_and_nowhere_else() -> None:
    for facts in all_facts():
        made = pipeline(facts)
        assert ("id_tokens" in made["release"]) == facts.keyless
        assert "id_tokens" not in made["check"]
        assert made["release"]["resource_group"] == "release"
        assert "CI_COMMIT_REF_PROTECTED" in made["release"]["rules"][0]["if"]
        for job in ("check", "release", ".shipseal"):
            lines = [*made[job].get("script", ()), *made[job].get("before_script", ())]
            assert all(isinstance(line, str) for line in lines)
    facts = all_facts()[2]
    assert pipeline(facts)["release"]["id_tokens"] == {"SIGSTORE_ID_TOKEN": {"aud": "sigstore"}}


def test_no_variable_is_to_be_masked_that_gitlab_cannot_mask(folder: Path, capsys: Capture) -> None:
    written(folder, sign={"mode": "key", "key": "./cosign.key"}, verify={})
    assert main(["init", "gitlab", "--source", f"https://git.example/seal@{COMMIT}"]) == Exit.OK
    told = [line for line in capsys.readouterr().err.splitlines() if "CI/CD variable" in line]
    masked = {line.split("variable ")[1].split(",")[0] for line in told if "masked" in line}
    assert masked == {"GHCR_IO_TOKEN", "DOCKERHUB_TOKEN", "SHIPSEAL_KEY_PASSWORD"}
    assert len(told) == 6


def test_the_pipelines_lines_run(project: Project, tmp_path: Path) -> None:
    assert main(["init", "gitlab", "--source", f"https://git.example/seal@{COMMIT}"]) == Exit.OK
    made = YAML(typ="safe").load((project.folder / ".gitlab-ci.yml").read_text())
    common = {
        "RELEASE_CONFIG": made["release"]["variables"]["RELEASE_CONFIG"],
        "CI_COMMIT_TAG": "v1.2.0",
        "SIGNING_KEY": str(tmp_path / "file of the variable"),
        "SHIPSEAL_KEY_PASSWORD": PASSWORD,
    }
    (project.folder / "cosign.key").rename(tmp_path / "file of the variable")
    checked = surroundings(tmp_path, **common, SHIPSEAL_TARGETS=f"oci:{tmp_path / 'checked'}")
    lines = [line.replace(CHECK_KEY, str(tmp_path / "check")) for line in made["check"]["script"]]
    run_lines(project, checked, lines)
    assert project.tags("a") == {}
    own = [line.replace(SIGN_KEY, str(tmp_path / "sign.key")) for line in made["release"]["script"]]
    run_lines(project, surroundings(tmp_path, **common), own)
    assert not list(project.folder.rglob("*.key"))
    assert set(project.tags("a")) == {"1.2.0", "latest"}
    run_lines(project, surroundings(tmp_path), made[".shipseal"]["after_script"])
    kept = {path.name for path in (project.folder / "scan-results").rglob("*") if path.is_file()}
    assert {"linux-amd64.spdx.json", "scan-results.html"} <= kept
    assert not any(path.is_symlink() for path in (project.folder / "scan-results").rglob("*"))


def test_the_pipelines_logins_are_what_shipseal_reads(project: Project, tmp_path: Path) -> None:
    made = pipeline(all_facts()[6])
    names = ci_gitlab.variables_of(all_facts()[6])
    values = dict.fromkeys(names, "it's:%$")
    run_lines(project, surroundings(tmp_path, **values), made["release"]["script"][:2])
    auths = json.loads((tmp_path / ".docker" / "config.json").read_text())["auths"]
    assert set(auths) == {"ghcr.io", "https://index.docker.io/v1/"}


def run_lines(project: Project, env: Mapping[str, str], lines: list[str]) -> None:
    done = subprocess.run(
        [need("bash"), "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=project.folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr

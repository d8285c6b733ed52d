"""Sigstore's own tester for policy-controller decides about real releases as `shipseal verify` does."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.registries import Registry, distribution
from tests.support.release_project import Project
from tests.support.tools import need

pytestmark = pytest.mark.tools

GOOD = Job(repository="octo-org/app", ref="refs/tags/v1.0.0")
ID = GOOD.repository


@dataclass(frozen=True, slots=True)
class Case:
    """One image.

    Attributes:
        name: of its repository.
        job: who releases it; None for nobody.
        admitted: whether the policy lets it in.
    """

    name: str
    job: Job | None
    admitted: bool


QUICK = (
    Case("app", GOOD, True),
    Case("unsigned", None, False),
    Case("other-repository", replace(GOOD, repository="octo-org/app2"), False),
)
SLOW = (
    Case("next", replace(GOOD, ref="refs/tags/v2.0.0"), True),
    Case("branch", replace(GOOD, ref="refs/heads/main"), False),
    Case("nested-ref", replace(GOOD, ref="refs/tags/v1/evil"), False),
    Case("prefix", replace(GOOD, repository="xocto-org/app"), False),
    Case("suffix", replace(GOOD, repository="octo-org/app-evil"), False),
    Case("dot", replace(GOOD, repository="octo-org-app/app"), False),
    Case("bare", None, False),
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with distribution(tmp_path_factory.mktemp("registry")) as running:
        yield running


def policy(stack: SigstoreStack, job: Job | None = None) -> dict[str, Any]:
    """Return what the cluster requires, or what a job would say of itself."""
    who = {"issuer": stack.issuer.url, "repository": ID, "ref": "refs/tags/v*"}
    if job:
        who |= {"repository": job.repository, "ref": job.ref}
    return {"identities": [who], "trusted_root": str(stack.files.trusted_root)}


def publish(
    case: Case, folder: Path, registry: Registry, stack: SigstoreStack, env: pytest.MonkeyPatch
) -> str:
    """Release the image of a case, or only push it, and return its name."""
    target = f"{registry.host}/{case.name}"
    extra = {
        "platforms": ["linux/amd64"],
        "sign": {"signing_config": str(stack.files.signing_config)},
        "verify": policy(stack, case.job),
    }
    project = Project(folder / case.name, targets=(target,), extra=extra)
    project.build(platforms=("linux/amd64",), packages={case.name: "1.0"})
    if case.job is None:
        source = project.folder / "image"
        command = [need("crane"), "push", "--index", source, f"{target}:1.0.0", "--insecure"]
        subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=60)
        return f"{target}:1.0.0"
    stack.issuer.job = case.job
    env.setenv("SIGSTORE_ID_TOKEN", stack.issuer.job_token())
    assert project.release() == Exit.OK
    return f"{target}:1.0.0"


def written(folder: Path, registry: Registry, rules: dict[str, Any], capsys: Any) -> list[Path]:
    """Return the files with the resources: trusted roots first, the policy last."""
    file = folder / "policy.yaml"
    file.write_text(json.dumps(rules))
    capsys.readouterr()
    words = ["admission", "policy-controller", "--policy", str(file), "--json"]
    assert main([*words, "--image", f"{registry.host}/**"]) == Exit.OK
    documents = json.loads(capsys.readouterr().out)["documents"]
    paths = [folder / f"{number}.json" for number in range(len(documents))]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document))
    return paths


def admits(paths: list[Path], image: str) -> tuple[bool, str]:
    root, rules = paths
    command = [need("policy-tester"), "-policy", rules, "-trustroot", root, "-image", image]
    done = subprocess.run(
        list(map(str, command)), check=False, capture_output=True, text=True, timeout=60
    )
    return done.returncode == 0, done.stdout + done.stderr


def decide(
    cases: tuple[Case, ...],
    folder: Path,
    registry: Registry,
    stack: SigstoreStack,
    env: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    images = [(case, publish(case, folder, registry, stack, env)) for case in cases]
    paths = written(folder, registry, policy(stack), capsys)
    for case, image in images:
        ours = main(["verify", image, "--policy", str(folder / "policy.yaml")]) == Exit.OK
        theirs, told = admits(paths, image)
        assert (ours, theirs) == (case.admitted, case.admitted), (case.name, told)


def test_three_images(
    tmp_path: Path,
    registry: Registry,
    github_sigstack: SigstoreStack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    need("policy-tester")
    decide(QUICK, tmp_path, registry, github_sigstack, monkeypatch, capsys)


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_ten_images(
    tmp_path: Path,
    registry: Registry,
    github_sigstack: SigstoreStack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    need("policy-tester")
    cases = tuple(replace(case, name=f"ten-{case.name}") for case in (*QUICK, *SLOW))
    decide(cases, tmp_path, registry, github_sigstack, monkeypatch, capsys)

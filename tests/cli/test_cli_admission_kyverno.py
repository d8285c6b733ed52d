"""Kyverno's own command line decides about real releases as `shipseal verify` does.

With keys: for certificates it fetches the public trusted root first, even where the policy brings one.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal.attest.key_files import encrypt_key
from shipseal.attest.keys import LocalKey
from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.registries import Registry, distribution
from tests.support.release_project import PASSWORD, PLATFORMS, Project
from tests.support.tools import need

pytestmark = pytest.mark.tools

KEYS = tuple(LocalKey.generate() for _ in range(3))
"""The policy trusts the first two."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    need("kubectl-kyverno")
    with distribution(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> "Bench":
    monkeypatch.setenv("SHIPSEAL_KEY_PASSWORD", PASSWORD)
    return Bench(tmp_path, registry)


class Bench:
    """Images with and without evidence, and what is said of each."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.folder, self.host = folder, registry.host
        keys = []
        for number, key in enumerate(KEYS[:2]):
            path = folder / f"{number}.pub"
            path.write_bytes(key.public.pem())
            keys.append(str(path))
        self.policy = folder / "policy.yaml"
        self.policy.write_text(json.dumps({"keys": keys}))

    def crane(self, *words: str) -> str:
        command = [str(need("crane")), *words, "--insecure"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def release(self, name: str, key: LocalKey, platforms: tuple[str, ...] = PLATFORMS[:1]) -> str:
        """Release an image, and return it by digest."""
        project = self._project(name, platforms)
        (project.folder / "cosign.key").write_bytes(encrypt_key(key, PASSWORD))
        assert project.release() == Exit.OK
        return f"{self.host}/{name}@{self.crane('digest', f'{self.host}/{name}:1.0.0')}"

    def push(self, name: str) -> str:
        """Push an image that nobody released, and return it by digest."""
        project = self._project(name, PLATFORMS[:1])
        return self.crane("push", "--index", f"{project.folder}/image", f"{self.host}/{name}:1.0.0")

    def _project(self, name: str, platforms: tuple[str, ...]) -> Project:
        extra = {"platforms": list(platforms)}
        project = Project(self.folder / name, targets=(f"{self.host}/{name}",), extra=extra)
        project.build(platforms=platforms, packages={name: "1.0"})
        return project

    def copy(self, image: str, name: str) -> str:
        """Copy an image without what is said of it."""
        digest = image.partition("@")[2]
        self.crane("copy", image, f"{self.host}/{name}:1.0.0")
        return f"{self.host}/{name}@{digest}"

    def child(self, image: str) -> str:
        """Return the manifest of one platform."""
        manifests = json.loads(self.crane("manifest", image))["manifests"]
        return f"{image.partition('@')[0]}@{manifests[0]['digest']}"

    def kyverno(self, image: str, rules: Path) -> tuple[bool, str]:
        pod = self.folder / "pod.json"
        spec = {"containers": [{"name": "main", "image": image}]}
        pod.write_text(
            json.dumps(
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}
            )
        )
        command = [need("kubectl-kyverno"), "apply", rules, "--resource", pod, "--registry"]
        done = subprocess.run(
            list(map(str, command)), check=False, capture_output=True, text=True, timeout=60
        )
        told = done.stdout + done.stderr
        assert ("pass: 1" in told) == (done.returncode == 0), told
        return done.returncode == 0, told

    def expect(
        self,
        images: dict[str, bool],
        capsys: pytest.CaptureFixture[str],
        wider: frozenset[str] = frozenset(),
    ) -> None:
        """Check both answers, and that Kyverno alone lets the ``wider`` ones in."""
        capsys.readouterr()
        words = ["admission", "kyverno", "--policy", str(self.policy), "--image", f"{self.host}/*"]
        assert main(words) == Exit.OK
        rules = self.folder / "kyverno.yaml"
        rules.write_text(capsys.readouterr().out)
        for image, admitted in (images | dict.fromkeys(wider, True)).items():
            theirs, told = self.kyverno(image, rules)
            ours = main(["verify", image, "--policy", str(self.policy)]) == Exit.OK
            assert (ours, theirs) == (admitted and image not in wider, admitted), (
                image,
                told[-1500:],
            )


def test_three_images(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    good = bench.release("app", KEYS[0])
    images = {good: True, bench.copy(good, "bare"): False, bench.push("unsigned"): False}
    bench.expect(images, capsys)


def test_an_image_without_a_digest_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.push("tagged")
    bench.expect({f"{bench.host}/tagged:1.0.0": False}, capsys)


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_ten_images(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = bench.release("first", KEYS[0]), bench.release("second", KEYS[1])
    several = bench.release("several", KEYS[0], PLATFORMS)
    stranger = bench.release("stranger", KEYS[2])
    images = {
        first: True,
        second: True,
        several: True,
        stranger: False,
        bench.child(stranger): False,
        bench.copy(first, "bare-first"): False,
        bench.copy(several, "bare-several"): False,
        bench.push("never-1"): False,
        bench.push("never-2"): False,
    }
    # Its seal names the evidence of the whole image, which lies at other digests: Kyverno does not look there.
    bench.expect(images, capsys, wider=frozenset({bench.child(several)}))

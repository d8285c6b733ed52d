"""Which hosts a release talks to, and so whose status pages matter to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipseal.config.load import LoadedConfig, load
from shipseal.wiring.status_pages import hosts_of

JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REPOSITORY": "o/r",
    "GH_TOKEN": "t",
}
KEYLESS = {"verify": {"identities": [{"issuer": "https://a.example", "repository": "o/r"}]}}
DIGEST = "sha256:" + "0" * 64


def loaded(folder: Path, **changes: Any) -> LoadedConfig:
    document: dict[str, Any] = {
        "image": "app",
        "build": {"builder": "prebuilt", "layout": "./image"},
        "targets": ["ghcr.io/o/r", "docker.io/o/r", "oci:./a", "ghcr.io/o/other"],
        "sign": {"key": "./k"},
    }
    path = folder / "shipseal.yaml"
    path.write_text(json.dumps(document | changes))
    return load(path, env={}, overrides={})


@pytest.mark.parametrize(
    ("changes", "env", "hosts"),
    [
        ({}, {}, ("ghcr.io", "docker.io")),
        (
            {"build": {"builder": "prebuilt", "reference": f"quay.io/a/b@{DIGEST}"}},
            {},
            ("ghcr.io", "docker.io", "quay.io"),
        ),
        (
            {"build": {"builder": "layers", "base": "cgr.dev/a/b:1"}},
            {},
            ("ghcr.io", "docker.io", "cgr.dev"),
        ),
        ({"build": {"builder": "layers"}}, {}, ("ghcr.io", "docker.io")),
        (
            {**KEYLESS, "sign": {}},
            JOB,
            (
                "ghcr.io", "docker.io", "token.actions.githubusercontent.com", "fulcio.sigstore.dev",
                "rekor.sigstore.dev", "timestamp.sigstore.dev", "api.github.com",
            ),
        ),
        ({"evidence": {"github": "o/r"}}, {"GITHUB_API_URL": "https://ghe.example.org/api/v3"},
         ("ghcr.io", "docker.io", "ghe.example.org")),
    ],
)  # fmt: skip
def test_the_hosts_are_those_of_targets_base_images_signing_and_stores(
    tmp_path: Path, changes: dict[str, Any], env: dict[str, str], hosts: tuple[str, ...]
) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}")
    there = {**env, "GITHUB_EVENT_PATH": str(event)}
    assert hosts_of(loaded(tmp_path, **changes), there) == hosts

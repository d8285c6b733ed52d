"""Real registries that ask who is there: basic, TLS with tokens, helpers; and what crane makes of what we push."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal._internal.clock import SystemClock
from shipseal.errors import Code, RegistryError
from shipseal.oci.reference import Reference
from shipseal.registry.credentials import Anonymous, Credentials, CredentialSource
from shipseal.registry.docker_config import DockerCredentials
from shipseal.registry.factory import open_target
from shipseal.registry.hosts import HostSettings
from shipseal.registry.interface import Target
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from shipseal.testing.credentials import FixedCredentials
from shipseal.testing.token_server import PULL, PUSH, Account
from tests.support.registries import (
    BASIC_PASSWORD,
    BASIC_USER,
    DEBIAN,
    DISTRIBUTION,
    Registry,
    distribution,
    guarded_registry,
)
from tests.support.target_content import Content, staged
from tests.support.targets import QUICK
from tests.support.tools import need

pytestmark = pytest.mark.tools

ACCOUNTS = {
    "releaser": Account("pw:with:colons"),
    "reader": Account("pw-of-reader", {"*": PULL}),
    "neighbour": Account("pw-of-neighbour", {"other/*": PUSH}),
}


@pytest.fixture(scope="module", params=[DISTRIBUTION, DEBIAN])
def guarded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("guarded")
    with guarded_registry(
        folder, accounts=ACCOUNTS, anonymous={"public/*": PULL}, program=request.param
    ) as registry:
        yield registry


@pytest.fixture
def opened() -> Iterator[list[Target]]:
    targets: list[Target] = []
    yield targets
    for target in targets:
        target.close()


def _open(
    registry: Registry, source: CredentialSource, opened: list[Target], name: str = "org/app"
) -> RepositoryTarget:
    options = RegistryOptions(
        hosts={registry.host: HostSettings(ca=registry.ca)} if registry.ca else {},
        credentials=source,
        policy=QUICK,
    )
    target = RepositoryTarget(Reference.parse(f"{registry.host}/{name}"), options)
    opened.append(target)
    return target


def _as(registry: Registry, user: str, password: str = "") -> FixedCredentials:
    secret = password or ACCOUNTS[user].password
    return FixedCredentials({registry.host: Credentials("the test's file", user, secret)})


def test_a_token_that_the_registry_no_longer_takes_is_replaced(
    guarded: Registry, opened: list[Target]
) -> None:
    assert guarded.tokens is not None
    target = _open(guarded, _as(guarded, "releaser"), opened)
    before = len(guarded.tokens.requests)
    guarded.tokens.stale = 1
    with pytest.raises(RegistryError) as caught:
        target.list_tags()
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert target.list_tags() is not None
    assert len(guarded.tokens.requests) == before + 2


def test_short_lives_of_tokens_are_no_obstacle(guarded: Registry, opened: list[Target]) -> None:
    assert guarded.tokens is not None
    guarded.tokens.lifetime = 0
    try:
        target = _open(guarded, _as(guarded, "releaser"), opened, "org/short")
        target.put_tag("v1", staged(target, "short lives"))
        assert target.list_tags() == ("v1",)
    finally:
        guarded.tokens.lifetime = 300


def test_an_identity_token_is_enough(guarded: Registry, opened: list[Target]) -> None:
    assert guarded.tokens is not None
    guarded.tokens.identity_tokens["identity-of-releaser"] = "releaser"
    known = Credentials("the helper", identity_token="identity-of-releaser")
    target = _open(guarded, FixedCredentials({guarded.host: known}), opened, "org/identity")
    target.put_tag("v1", staged(target, "identity"))
    assert target.list_tags() == ("v1",)


def test_what_is_public_is_read_by_anyone(guarded: Registry, opened: list[Target]) -> None:
    writer = _open(guarded, _as(guarded, "releaser"), opened, "public/app")
    root = staged(writer, "public")
    writer.put_tag("v1", root)
    anyone = _open(guarded, Anonymous(), opened, "public/app")
    assert anyone.resolve("v1") == root.descriptor()
    with pytest.raises(RegistryError, match="POST") as caught:
        anyone.check_push()
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED


@pytest.mark.parametrize("user", ["reader", "neighbour"])
def test_who_may_not_push_is_denied(guarded: Registry, opened: list[Target], user: str) -> None:
    target = _open(guarded, _as(guarded, user), opened)
    with pytest.raises(RegistryError, match="401 Unauthorized: UNAUTHORIZED") as caught:
        target.check_push()
    assert caught.value.code is Code.REGISTRY_DENIED
    assert "the test's file" in caught.value.hint


def test_a_wrong_password_is_unauthorized(guarded: Registry, opened: list[Target]) -> None:
    target = _open(guarded, _as(guarded, "releaser", "not-this-one"), opened)
    with pytest.raises(RegistryError, match="incorrect username or password") as caught:
        target.put_blob(Content(b"x").upload())
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED


def test_a_blob_is_mounted_with_a_token_for_both_repositories(
    guarded: Registry, opened: list[Target]
) -> None:
    assert guarded.tokens is not None
    content = Content(b"mounted behind tokens")
    _open(guarded, _as(guarded, "releaser"), opened, "org/base").put_blob(content.upload())
    target = _open(guarded, _as(guarded, "releaser"), opened, "org/mounter")
    assert target.put_blob(content.upload(mount_from=("org/base",))).value == "mounted"
    # The 2.8 registry names the actions of its challenge in any order.
    asked = {scope.rpartition(":") for scope in guarded.tokens.requests[-1].scopes}
    assert {(name, frozenset(actions.split(","))) for name, _, actions in asked} == {
        ("repository:org/mounter", frozenset({"pull", "push"})),
        ("repository:org/base", frozenset({"pull"})),
    }


@pytest.mark.parametrize("program", [DISTRIBUTION, DEBIAN])
def test_basic_authentication_with_the_configuration_of_docker(
    program: str, tmp_path: Path, home: Path
) -> None:
    with distribution(tmp_path, program=program, basic=True) as registry:
        config = home / ".docker" / "config.json"
        config.parent.mkdir()
        pair = base64.b64encode(f"{BASIC_USER}:{BASIC_PASSWORD}".encode()).decode()
        config.write_text(json.dumps({"auths": {registry.host: {"auth": pair}}}), "utf-8")
        target = open_target(
            f"{registry.host}/org/app",
            base=tmp_path,
            hosts={},
            credentials=DockerCredentials(os.environ),
            clock=SystemClock(),
            policy=QUICK,
        )
        root = staged(target, "basic")
        target.put_tag("v1", root)
        target.close()
        listed = _crane("ls", f"{registry.host}/org/app")
        assert listed.split() == ["v1"]
        assert _crane("digest", f"{registry.host}/org/app:v1").strip() == root.digest


def test_crane_reads_what_was_pushed_behind_tls_and_tokens(
    guarded: Registry, opened: list[Target], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _open(guarded, _as(guarded, "releaser"), opened, "org/crane")
    root = staged(target, "for crane")
    target.put_tag("v1", root)
    (home / ".docker").mkdir()
    known = {"username": "releaser", "password": ACCOUNTS["releaser"].password}
    (home / ".docker" / "config.json").write_text(
        json.dumps({"auths": {guarded.host: known}}), "utf-8"
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(guarded.ca))
    assert _crane("digest", f"{guarded.host}/org/crane:v1").strip() == root.digest
    assert _crane("validate", "--remote", f"{guarded.host}/org/crane:v1", "--fast")


def _crane(*arguments: str) -> str:
    done = subprocess.run(
        [need("crane"), *arguments], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout + done.stderr

"""Real registries on free loopback ports, each for as long as a ``with`` block runs.

``distribution`` is the distribution project's 3.x, ``debian_registry`` its 2.8 as Debian packages it,
``referrers_registry`` is go-containerregistry's in memory with the referrers API in front, ``crane_registry`` the same
without. ``guarded_registry`` puts the first or second behind TLS and a token server, as Docker Hub and GHCR are::

    with guarded_registry(tmp_path, accounts={"ci": Account("secret")}) as registry:
        target = f"{registry.host}/org/app"
"""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shipseal.testing.certificates import CertificateAuthority
from shipseal.testing.token_server import Account, TokenServer
from tests.support.tools import need

DISTRIBUTION = "registry"
DEBIAN = "docker-registry"

# One account for registries with basic authentication; they want the password as bcrypt.
BASIC_USER, BASIC_PASSWORD = "tester", "correct:horse"
_BASIC_LINE = f"{BASIC_USER}:$2b$04$fbkqsnk7zITH.TaWWqvqPO.1LdRC/g/.cy.smutGYYFZOwb2NHRp.\n"

_START_SECONDS = 20.0
_ADDRESS = re.compile(r"(?:listening on|serving on port) (?:127\.0\.0\.1:)?(\d+)")


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that runs.

    Attributes:
        host: address and port, as in a reference.
        log: what it prints.
        storage: its files; None when it keeps everything in memory.
        ca: the authority of its TLS certificate; None when it speaks plain HTTP.
        tokens: the token server that it asks for; None when it needs none.
    """

    host: str
    log: Path
    storage: Path | None = None
    ca: Path | None = None
    tokens: TokenServer | None = None

    @property
    def url(self) -> str:
        """Scheme and host."""
        return f"{'https' if self.ca else 'http'}://{self.host}"


@contextlib.contextmanager
def distribution(
    folder: Path, *, program: str = DISTRIBUTION, delete: bool = True, basic: bool = False
) -> Iterator[Registry]:
    """Run the distribution registry with its files in ``folder``.

    Args:
        folder: for its files, configuration and log.
        program: which of the two versions.
        delete: whether it allows to delete.
        basic: whether it asks for :data:`BASIC_USER` and :data:`BASIC_PASSWORD`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(folder, delete=delete)
    if basic:
        (folder / "htpasswd").write_text(_BASIC_LINE, "utf-8")
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    with _serve(folder, settings, program) as (host, log):
        yield Registry(host, log, folder / "storage")


@contextlib.contextmanager
def debian_registry(
    folder: Path, *, delete: bool = True, basic: bool = False
) -> Iterator[Registry]:
    """Run Debian's docker-registry 2.8; see :func:`distribution`."""
    with distribution(folder, program=DEBIAN, delete=delete, basic=basic) as registry:
        yield registry


@contextlib.contextmanager
def guarded_registry(
    folder: Path,
    *,
    accounts: Mapping[str, Account],
    anonymous: Mapping[str, frozenset[str]] | None = None,
    program: str = DISTRIBUTION,
    delete: bool = True,
) -> Iterator[Registry]:
    """Run a distribution registry behind TLS, with a token server behind TLS beside it.

    Args:
        folder: for files, configuration, certificates and log.
        accounts: who may log in.
        anonymous: what is allowed to everyone.
        program: which of the two versions.
        delete: whether it allows to delete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = CertificateAuthority(folder / "tls")
    pair = authority.issue("server")
    with TokenServer(
        folder / "tokens", accounts=accounts, anonymous=anonymous, tls=pair.server_context()
    ) as tokens:
        settings = _settings(folder, delete=delete)
        settings["http"]["tls"] = {"certificate": str(pair.certificate), "key": str(pair.key)}
        settings["auth"] = {
            "token": {
                "realm": tokens.realm,
                "service": tokens.service,
                "issuer": tokens.issuer,
                "rootcertbundle": str(tokens.root_bundle),
            }
        }
        with _serve(folder, settings, program) as (host, log):
            yield Registry(host, log, folder / "storage", authority.certificate, tokens)


@contextlib.contextmanager
def referrers_registry(folder: Path, *, page_size: int = 0) -> Iterator[Registry]:
    """Run the in-memory registry that has the referrers API, ``page_size`` entries in an answer (0: all)."""
    argv = [str(need("referrers-registry")), f"--page-size={page_size}"]
    with _process(argv, folder) as (host, log):
        yield Registry(host, log)


@contextlib.contextmanager
def crane_registry(folder: Path) -> Iterator[Registry]:
    """Run ``crane registry serve``: in memory, without the referrers API."""
    argv = [str(need("crane")), "registry", "serve", "--address=127.0.0.1:0"]
    with _process(argv, folder) as (host, log):
        yield Registry(host, log)


def _settings(folder: Path, *, delete: bool) -> dict[str, Any]:
    return {
        "version": "0.1",
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "storage")},
            "delete": {"enabled": delete},
        },
        "http": {"addr": "127.0.0.1:0", "secret": "not a secret: it signs upload states"},
    }


@contextlib.contextmanager
def _serve(folder: Path, settings: dict[str, Any], program: str) -> Iterator[tuple[str, Path]]:
    configuration = folder / "registry.json"
    # JSON is YAML, which is what it reads.
    configuration.write_bytes(msgspec.json.encode(settings))
    with _process([str(need(program)), "serve", str(configuration)], folder) as started:
        yield started


@contextlib.contextmanager
def _process(argv: list[str], folder: Path) -> Iterator[tuple[str, Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "registry.log"
    environment = os.environ | {"OTEL_TRACES_EXPORTER": "none"}
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output, env=environment)
    try:
        yield f"127.0.0.1:{_port(process, log)}", log
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """Return the port that the server took, once it says so: it listens from then on."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = _ADDRESS.search(log.read_text("utf-8", "replace"))
        if found:
            return int(found[1])
        time.sleep(0.02)
    raise RuntimeError(f"no registry:\n{log.read_text('utf-8', 'replace')[-2000:]}")

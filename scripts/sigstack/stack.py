"""A private Sigstore instance on free loopback ports: what Sigstore runs, on one machine, for tests and for trying out.

Fulcio, Rekor (version 2) and the timestamp authority are the real ones, as `make tools` builds them. The issuer of
tokens and the front of the certificate log are ours, because a person has no such thing at hand::

    with SigstoreStack(folder, programs) as stack:
        token = stack.issuer.job_token()
        stack.rekor.stop()      # an outage
        stack.rekor.start()

Each part listens on 127.0.0.1, except that Fulcio offers its metrics (numbers, no secrets) on a port that the system
chooses: it has no option to bind that one to an address.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec
from cryptography.hazmat.primitives import serialization

from scripts.sigstack.ct_log import PREFIX, CtLog
from scripts.sigstack.fulcio_config import fulcio_config
from scripts.sigstack.issuer import Issuer
from scripts.sigstack.keys import KEY_PASSWORD, InstanceKeys, make_keys, write_key
from scripts.sigstack.names import CLIENT_ID, LOG_ORIGIN
from scripts.sigstack.parts import Command, Part, Program, PythonPart, StackError, free_ports
from scripts.sigstack.trust_files import Addresses, TrustFiles, write_trust_files

_START_TRIES = 3


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are.

    Attributes:
        fulcio: the certificate authority.
        rekor: the transparency log; upstream calls this build of it `posix`.
        timestamps: the timestamp authority.
    """

    fulcio: Path
    rekor: Path
    timestamps: Path


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of instance.

    Attributes:
        organization: of the certificate authority. Verifiers of GitHub's attestations decide by it what a bundle must
            carry: ``sigstore.dev``, ``GitHub, Inc.``, any other.
        logged: whether it keeps logs, of signatures and of certificates; GitHub's for private repositories does not.
    """

    organization: str = "shipseal.test"
    logged: bool = True


PUBLIC = Kind("sigstore.dev")
GITHUB = Kind("GitHub, Inc.", logged=False)


class SigstoreStack:
    """An instance; a context manager. Every start makes new keys.

    Args:
        folder: for keys, configuration, logs and the trust files; made when it is not there.
        programs: the real parts.
        kind: see :class:`Kind`.

    Attributes:
        folder: where its files are.
        kind: what it has.
        issuer: of tokens of jobs of GitHub Actions.
        mail: of tokens that name an e-mail address.
        files: trusted root and signing configuration.
    """

    def __init__(self, folder: Path, programs: Programs, kind: Kind | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.folder = folder.absolute()
        self._programs = programs
        self.kind = kind or Kind()
        self._keys = make_keys(self.kind.organization)
        self.issuer, self.mail = Issuer(), Issuer()
        self.issuer_part = PythonPart("issuer", self.issuer)
        self.mail_part = PythonPart("mail-issuer", self.mail)
        self.issuer.url, self.mail.url = self.issuer_part.url, self.mail_part.url
        self.ct_log = PythonPart("ct-log", CtLog(self._keys.ct_log))
        self._write_keys(self._keys)
        self._place()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts that this kind of instance has, in the order in which they need each other."""
        logs = (self.ct_log, self.rekor) if self.kind.logged else ()
        return (self.issuer_part, self.mail_part, *logs, self.fulcio, self.timestamps)

    def start(self) -> None:
        """Start whatever does not run, all at once, and wait for all.

        Raises:
            StackError: a part does not answer.
        """
        for tries_left in reversed(range(_START_TRIES)):
            try:
                self._start_missing()
                return
            except StackError:
                # Between finding a free port and taking it, another program may have taken it.
                if not tries_left or any(part.runs for part in self._programs_of()):
                    raise
                self._place()

    def stop(self) -> None:
        """Stop all parts."""
        for part in reversed(self.parts):
            part.stop()
        self.ct_log.stop()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_missing(self) -> None:
        begun = [part for part in self.parts if not part.runs]
        try:
            for part in begun:
                part.begin()
            for part in begun:
                part.wait()
        except StackError:
            for part in self._programs_of():
                part.stop()
            raise

    def _programs_of(self) -> Iterator[Part]:
        return (part for part in self.parts if isinstance(part, Program))

    def _write_keys(self, keys: InstanceKeys) -> None:
        folder = self.folder
        write_key(folder / "authority.key", keys.authority.key, KEY_PASSWORD)
        (folder / "authority.pem").write_bytes(keys.authority.pem)
        write_key(folder / "timestamps.key", keys.timestamps.key)
        (folder / "timestamps.pem").write_bytes(keys.timestamps.pem)
        write_key(folder / "log.key", keys.log)
        public = keys.ct_log.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (folder / "ct-log.pub").write_bytes(public)
        configuration = fulcio_config(jobs=self.issuer.url, mail=self.mail.url, client_id=CLIENT_ID)
        # The comment makes it YAML: what is JSON as a whole, Fulcio reads with other names.
        text = b"# whose tokens are taken\n" + msgspec.json.encode(configuration)
        (folder / "fulcio.yaml").write_bytes(text)

    def _place(self) -> None:
        """Give every program its ports, and tell the trust files."""
        ports = free_ports(5)
        self.fulcio = self._fulcio(ports[0], ports[1])
        self.rekor = self._rekor(ports[2], ports[3])
        self.timestamps = self._timestamps(ports[4])
        logged = self.kind.logged
        self.files: TrustFiles = write_trust_files(
            self.folder,
            self._keys,
            Addresses(
                authority=self.fulcio.url,
                issuer=self.issuer.url,
                log=self.rekor.url if logged else "",
                ct_log=self.ct_log.url + PREFIX if logged else "",
                timestamps=f"{self.timestamps.url}/api/v1/timestamp",
            ),
        )

    def _fulcio(self, port: int, grpc_port: int) -> Program:
        folder = self.folder
        log = self.ct_log.url + PREFIX if self.kind.logged else ""
        options = {
            "ca": "fileca",
            "fileca-cert": folder / "authority.pem",
            "fileca-key": folder / "authority.key",
            "fileca-key-passwd": KEY_PASSWORD,
            "fileca-watch": "false",
            "host": "127.0.0.1",
            "port": port,
            "grpc-host": "127.0.0.1",
            "grpc-port": grpc_port,
            "metrics-port": 0,
            "config-path": folder / "fulcio.yaml",
            "ct-log-url": log,
            "ct-log-public-key-path": folder / "ct-log.pub" if log else "",
            # In the abstract namespace: paths of Unix sockets are short, those of tests are long.
            "legacy-unix-domain-socket": f"@fulcio-{os.getpid()}-{uuid.uuid4().hex[:8]}",
        }
        argv = (str(self._programs.fulcio), "serve", *_flags(options))
        return Program("fulcio", port, Command(argv, "/healthz"), folder)

    def _rekor(self, port: int, grpc_port: int) -> Program:
        options = {
            "http-address": "127.0.0.1",
            "http-port": port,
            "grpc-address": "127.0.0.1",
            "grpc-port": grpc_port,
            "http-metrics-port": 0,
            "hostname": LOG_ORIGIN,
            "storage-dir": self.folder / "log",
            "signer-filepath": self.folder / "log.key",
            "checkpoint-interval": "200ms",
            "batch-max-age": "20ms",
        }
        argv = (str(self._programs.rekor), "serve", *_flags(options))
        return Program("rekor", port, Command(argv, "/healthz"), self.folder)

    def _timestamps(self, port: int) -> Program:
        options = {
            "address": f"127.0.0.1:{port}",
            "key": self.folder / "timestamps.key",
            "chain": self.folder / "timestamps.pem",
        }
        argv = (str(self._programs.timestamps), *_flags(options))
        return Program("timestamps", port, Command(argv, "/ping"), self.folder)


def _flags(options: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(f"--{name}={value}" for name, value in options.items())

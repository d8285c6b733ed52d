"""GitHub's attestations, issues, branches and pull requests in memory, on a loopback port and at a socket file.

with GitHubServer(repositories=["org/app"]) as github:
    host = GitHubHost("github.com", github.url, github.url, token="t")

gh reaches it through ``http_unix_socket`` in its ``config.yml``; :meth:`GitHubServer.gh_folder` writes one.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from shipseal._internal.limits import KIB
from shipseal.testing.github_answers import JSON, NO_HEADERS, answer, not_found, words_of
from shipseal.testing.github_project import ServedProject
from shipseal.testing.http_server import Exchange
from shipseal.testing.simulator import NotingSimulator

_PER_PAGE, _PER_PAGE_MAX = 30, 100
# What the filter's short words stand for.
_TYPES = {
    "provenance": "https://slsa.dev/provenance/v1",
    "sbom": "https://spdx.dev/Document/v2.3",
}
_LITERAL = 64 * KIB


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in place of the right one.

    Attributes:
        status: of it.
        message: GitHub's words.
        headers: besides the usual ones.
        stores: whether a new attestation is kept all the same, as when an answer is lost behind a proxy.
        drops: the connection is cut, and nothing is answered.
    """

    status: int = 500
    message: str = "the server says so"
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    stores: bool = False
    drops: bool = False


@dataclass(slots=True)
class GitHubQuirks:
    """How this GitHub behaves; change it at any time.

    Attributes:
        inline: whether lists hold the bundles.
        urls: whether lists hold the addresses of bundles.
        page_size: entries in a page at most.
        nothing: the status where there is nothing for a digest; 200 answers an empty list.
        refuses_again: whether the same bundle is refused (422) when it is stored already.
        respells: whether bundles come back with their members in another order, as stores that parse them do.
        refuse: what the next requests to the API get, one each.
        delay: seconds before each answer.
        compress: makes the body of a bundle's address.
    """

    inline: bool = True
    urls: bool = False
    page_size: int = _PER_PAGE_MAX
    nothing: int = 404
    refuses_again: bool = False
    respells: bool = False
    refuse: list[Refusal] = field(default_factory=list)
    delay: float = 0.0
    compress: Callable[[bytes], bytes] = field(default_factory=lambda: snappy_literals)


@dataclass(frozen=True, slots=True)
class StoredAttestation:
    """What was stored.

    Attributes:
        repository: ``OWNER/NAME``.
        bundle: its bytes as they came.
        predicate_type: of its statement.
        subjects: digests that its statement names.
    """

    repository: str
    bundle: bytes
    predicate_type: str
    subjects: frozenset[str]


class GitHubServer(NotingSimulator):
    """Serves until it is closed; a context manager.

    Args:
        repositories: names of those that exist.
        tokens: who may write, and read what is private; empty for every token.
        private: names of repositories that nobody else sees.
        folder: where a socket file is made; None for none.

    Attributes:
        quirks: see :class:`GitHubQuirks`.
        attestations: what is stored; change it at will.
        projects: what each repository has, by its name in lower case; change it at will.
        requests: method and target of each request so far.
        seen: the ``Authorization`` header of each request, empty for none.
        url: address of the API.
        web: address of its pages, as issues and pull requests name them; nothing is served there.
        socket: the socket file; None when there is none.
    """

    def __init__(
        self,
        *,
        repositories: Iterable[str],
        tokens: Iterable[str] = (),
        private: Iterable[str] = (),
        folder: Path | None = None,
    ) -> None:
        super().__init__()
        self.quirks = GitHubQuirks()
        self.attestations: list[StoredAttestation] = []
        self.seen: list[str] = []
        self.projects = {name.lower(): ServedProject(name) for name in (*repositories, *private)}
        self.repositories = set(self.projects)
        self._private = {name.lower() for name in private}
        self._tokens = frozenset(tokens)
        self._lock = threading.RLock()
        self._files = self._serve(self._serve_file)
        self.url = self._serve(self._respond).url
        self.web = "https://github.com"
        self.socket = folder / "github.sock" if folder else None
        if self.socket:
            self._serve(self._respond, unix=self.socket)

    def gh_folder(self, folder: Path) -> Path:
        """Return a folder for gh's ``GH_CONFIG_DIR`` with which it asks this server; the socket is needed for that."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yml").write_text(f"http_unix_socket: {self.socket}\n", "utf-8")
        return folder

    def close(self) -> None:
        """Stop serving."""
        super().close()
        if self.socket:
            self.socket.unlink(missing_ok=True)

    def _respond(self, exchange: Exchange) -> None:
        with self._lock:
            self._note(exchange)
            self.seen.append(exchange.headers.get("Authorization") or "")
            refusal = self.quirks.refuse.pop(0) if self.quirks.refuse else None
        threading.Event().wait(self.quirks.delay)
        if refusal is not None:
            self._refuse(exchange, refusal)
            return
        with self._lock:
            self._route(exchange)

    def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        if refusal.stores and exchange.method == "POST":
            words = exchange.path.strip("/").split("/")
            self._store("/".join(words[1:3]), exchange.read())
        if refusal.drops:
            exchange.drop()
        else:
            answer(exchange, refusal.status, {"message": refusal.message}, refusal.headers)

    def _route(self, exchange: Exchange) -> None:
        words = words_of(exchange)
        match exchange.method, words:
            case "POST", ["repos", owner, name, "attestations"]:
                self._create(exchange, f"{owner}/{name}")
            case "GET", ["repos", owner, name, "attestations", digest]:
                self._list(exchange, f"{owner}/{name}", digest)
            case "GET", ["orgs" | "users", owner, "attestations", digest]:
                self._list(exchange, owner, digest)
            case "GET", ["repos", owner, name] if self._sees(exchange, f"{owner}/{name}"):
                project = self.projects[f"{owner}/{name}".lower()]
                answer(exchange, 200, project.about(may_push=self._is_known(exchange)))
            case _, ["repos", owner, name, *rest] if self._sees(exchange, f"{owner}/{name}"):
                self._project(exchange, f"{owner}/{name}", rest)
            case "GET", ["bundles", number]:
                # gh sends all that it fetches through the socket file, whatever its address says.
                self._bundle(exchange, number)
            case "GET", ["meta"]:
                domains = {"artifact_attestations": {"trust_domain": ""}}
                answer(exchange, 200, {"domains": domains})
            case _:
                not_found(exchange)

    def _project(self, exchange: Exchange, repository: str, rest: list[str]) -> None:
        if exchange.method != "GET" and not self._is_known(exchange):
            told = bool(exchange.headers.get("Authorization"))
            words = "Resource not accessible by integration" if told else "Requires authentication"
            answer(exchange, 403 if told else 401, {"message": words})
            return
        project = self.projects[repository.lower()]
        found = project.answer(exchange, rest, f"{self.web}/{project.name}")
        if found is None:
            not_found(exchange)
        else:
            answer(exchange, *found)

    def _sees(self, exchange: Exchange, repository: str) -> bool:
        name = repository.lower()
        if name not in self.repositories:
            return False
        return name not in self._private or self._is_known(exchange)

    def _is_known(self, exchange: Exchange) -> bool:
        kind, _, token = (exchange.headers.get("Authorization") or "").partition(" ")
        return kind.lower() in ("bearer", "token") and (
            token in self._tokens if self._tokens else bool(token)
        )

    def _create(self, exchange: Exchange, repository: str) -> None:
        body = exchange.read()
        if not self._sees(exchange, repository):
            not_found(exchange)
        elif not exchange.headers.get("Authorization"):
            answer(exchange, 401, {"message": "Requires authentication"})
        elif not self._is_known(exchange):
            answer(exchange, 403, {"message": "Resource not accessible by integration"})
        else:
            try:
                number = self._store(repository, body)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                answer(exchange, 422, {"message": f"Invalid bundle: {type(error).__name__}"})
                return
            if number:
                answer(exchange, 201, {"id": number})
            else:
                answer(exchange, 422, {"message": "Attestation already exists"})

    def _store(self, repository: str, body: bytes) -> int:
        """Keep a bundle and return its number; 0 when it is there and may not come again."""
        bundle = json.loads(body)["bundle"]
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        names = (
            f"{kind}:{hex_}" for one in statement["subject"] for kind, hex_ in one["digest"].items()
        )
        # Spelled as it came, without what is around it.
        raw = body.partition(b":")[2].rpartition(b"}")[0].strip()
        new = StoredAttestation(repository, raw, str(statement["predicateType"]), frozenset(names))
        if self.quirks.refuses_again and new in self.attestations:
            return 0
        self.attestations.append(new)
        return len(self.attestations)

    def _list(self, exchange: Exchange, whose: str, digest: str) -> None:
        if "/" in whose and not self._sees(exchange, whose):
            not_found(exchange)
            return
        wanted = exchange.query.get("predicate_type", [""])[0]
        wanted = _TYPES.get(wanted, wanted)
        found = [
            (number, one)
            for number, one in enumerate(self.attestations)
            if digest in one.subjects
            and whose.lower() in (one.repository.lower(), one.repository.lower().partition("/")[0])
            and wanted in ("", one.predicate_type)
            and self._sees(exchange, one.repository)
        ]
        if not found and self.quirks.nothing != 200:
            answer(exchange, self.quirks.nothing, {"message": "Not Found"})
            return
        page, headers = self._page(exchange, found)
        entries = b", ".join(self._entry(*one) for one in page)
        exchange.reply(200, b'{"attestations": [' + entries + b"]}", {**JSON, **headers})

    def _page(
        self, exchange: Exchange, found: list[tuple[int, StoredAttestation]]
    ) -> tuple[list[tuple[int, StoredAttestation]], Mapping[str, str]]:
        asked = int(exchange.query.get("per_page", [str(_PER_PAGE)])[0])
        size = min(asked, _PER_PAGE_MAX, self.quirks.page_size)
        after = int(exchange.query.get("after", ["0"])[0])
        if after + size >= len(found):
            return found[after:], NO_HEADERS
        query = {key: values[0] for key, values in exchange.query.items()}
        query["after"] = str(after + size)
        base = f"http://{exchange.headers.get('Host') or ''}{exchange.path}"
        return found[after : after + size], {"Link": f'<{base}?{urlencode(query)}>; rel="next"'}

    def _entry(self, number: int, one: StoredAttestation) -> bytes:
        entry: dict[str, Any] = {"repository_id": 1, "initiator": "user"}
        if self.quirks.urls:
            entry["bundle_url"] = f"{self._files.url}/bundles/{number}?sig=secret-signature"
        bundle = self._spelled(one) if self.quirks.inline else b"null"
        return b'{"bundle": ' + bundle + b", " + json.dumps(entry).encode()[1:]

    def _spelled(self, one: StoredAttestation) -> bytes:
        if not self.quirks.respells:
            return one.bundle
        return json.dumps(json.loads(one.bundle), sort_keys=True, indent=1).encode()

    def _serve_file(self, exchange: Exchange) -> None:
        with self._lock:
            self._note(exchange)
            self.seen.append(exchange.headers.get("Authorization") or "")
            self._bundle(exchange, exchange.path.rpartition("/")[2])

    def _bundle(self, exchange: Exchange, number: str) -> None:
        if not number.isdecimal() or int(number) >= len(self.attestations):
            exchange.reply(404)
            return
        body = self.quirks.compress(self._spelled(self.attestations[int(number)]))
        exchange.reply(200, body, {"Content-Type": "application/x-snappy"})


def snappy_literals(data: bytes) -> bytes:
    """Return ``data`` as a raw Snappy block of literals: legal, and no smaller."""
    length, head = len(data), bytearray()
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    for start in range(0, len(data), _LITERAL):
        piece = data[start : start + _LITERAL]
        head += bytes([61 << 2]) + (len(piece) - 1).to_bytes(2, "little") + piece
    return bytes(head)

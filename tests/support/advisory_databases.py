"""Advisory databases for tests: built of a few records, damaged, and feeds that serve archives."""

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from shipseal.advisories.building import build_into
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.packing import pack
from shipseal.advisories.records import Record
from shipseal.advisories.tables import MARKER, SEAL_SIZE, USER_VERSION_AT
from shipseal.testing.http_server import Exchange, HttpServer
from tests.support.scanning import advisory

KEV = {
    "title": "Catalogue",
    "dateReleased": "2026-01-11T15:00:00.000Z",
    "vulnerabilities": [
        {
            "cveID": "CVE-2026-0001",
            "dateAdded": "2026-01-09",
            "dueDate": "2026-01-30",
            "knownRansomwareCampaignUse": "Known",
        }
    ],
}
EPSS = (
    "#model_version:v2025.03.14,score_date:2026-01-10T00:00:00+0000\n"
    "cve,epss,percentile\n"
    "CVE-2026-0001,0.94321,0.99912\n"
    "CVE-1999-0001,0.00043,0.08356\n"
)


def record(number: int = 1, ecosystem: str = "PyPI", **members: Any) -> dict[str, Any]:
    """Return a record about ``sample``: every version below ``number``.0 has CVE-2026-000``number``."""
    events = [("introduced", "0"), ("fixed", f"{number}.0")]
    members = {"aliases": [f"CVE-2026-{number:04}"]} | members
    return advisory(f"X-{number}", ecosystem, "sample", events, **members)


def gathered(*records: dict[str, Any]) -> Gathered:
    """Return these records, ready to be written."""
    found = Gathered()
    for one in records:
        found.add(pack(msgspec.convert(one, Record), "sample"))
    return found


def built(folder: Path, *records: dict[str, Any]) -> Path:
    """Return the file of a database of these records."""
    return build_into(gathered(*records or (record(),)), folder)


def as_format(path: Path, number: int) -> None:
    """Let a database be one of another format, with a seal that fits."""
    body = bytearray(path.read_bytes()[:-SEAL_SIZE])
    body[USER_VERSION_AT : USER_VERSION_AT + 4] = struct.pack(">I", number)
    path.write_bytes(sealed(bytes(body)))


def sealed(body: bytes) -> bytes:
    """Return a file with its seal."""
    return body + MARKER + hashlib.sha256(body).digest()


def archive(*records: dict[str, Any], extra: Iterable[tuple[str, bytes]] = ()) -> bytes:
    """Return an archive as OSV publishes it."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as target:
        for one in records:
            target.writestr(f"{one['id']}.json", json.dumps(one))
        for name, data in extra:
            target.writestr(name, data)
    return raw.getvalue()


class FeedServer:
    """Serves documents by path, tells unchanged ones by their tag, and remembers what was asked."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, list[Callable[[Exchange], None]]] = {}

    def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        known = exchange.headers.get("If-None-Match", "")
        self.asked.append((exchange.path, known))
        if self.answers.get(exchange.path):
            self.answers[exchange.path].pop(0)(exchange)
            return
        body = self.documents.get(exchange.path)
        if body is None:
            exchange.reply(404, b"nothing here")
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if known == tag:
            exchange.reply(304)
        else:
            exchange.reply(200, body, {"ETag": tag})

    def serve(self) -> HttpServer:
        """Return a server of it, to be used as a context manager."""
        return HttpServer(self)

"""Rekor, version 1, as far as signing needs it: entries of kind ``dsse``, and a second one like it refused.

The real one needs two databases. What it answers is held against sigstore-python and cosign, which verify it.
"""

import base64
import hashlib
import json
import threading
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from shipseal.testing.http_server import Exchange
from shipseal.testing.simulator import Simulator
from tests.support.logs import ClassicLog, canonical

_JSON = {"Content-Type": "application/json"}
_ENTRIES = "/api/v1/log/entries"


class RekorV1(Simulator):
    """A log; a context manager.

    Attributes:
        log: its key and name.
        url: where it is served.
        lose_answers: so many entries are taken without an answer, as when a connection breaks.
        swap: whether what is read back is another entry than the one that was sent.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log = ClassicLog(ec.generate_private_key(ec.SECP256R1()))
        self.lose_answers = 0
        self.swap = False
        self.asked: list[str] = []
        self._lock = threading.Lock()
        self._entries: dict[str, dict[str, Any]] = {}
        self.url = self._serve(self._respond).url

    def _respond(self, exchange: Exchange) -> None:
        with self._lock:
            self.asked.append(f"{exchange.method} {exchange.path}")
            if exchange.method == "POST" and exchange.path == _ENTRIES:
                self._add(exchange)
            elif found := self._entries.get(exchange.path.removeprefix(f"{_ENTRIES}/")):
                exchange.reply(200, json.dumps({"x": found}).encode(), _JSON)
            else:
                exchange.reply(404)

    def _add(self, exchange: Exchange) -> None:
        body = _logged(json.loads(exchange.read()))
        name = hashlib.sha256(canonical(body)).hexdigest()
        if name in self._entries:
            told = {
                "code": 409,
                "message": "an equivalent entry already exists in the transparency log",
            }
            exchange.reply(
                409, json.dumps(told).encode(), {**_JSON, "Location": f"{_ENTRIES}/{name}"}
            )
            return
        if self.swap:
            body["spec"]["signatures"][0]["signature"] = base64.b64encode(b"another").decode()
        self._entries[name] = self._entry(body)
        if self.lose_answers:
            self.lose_answers -= 1
            exchange.drop()
            return
        exchange.reply(201, json.dumps({name: self._entries[name]}).encode(), _JSON)

    def _entry(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return an entry as the API has it, from how a bundle has it."""
        entry = self.log.entry(body, datetime.now(UTC))
        proof = entry["inclusionProof"]
        return {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logID": self.log.log_id.hex(),
            "logIndex": int(entry["logIndex"]),
            "verification": {
                "inclusionProof": {
                    "checkpoint": proof["checkpoint"]["envelope"],
                    "hashes": [base64.b64decode(one).hex() for one in proof["hashes"]],
                    "logIndex": int(proof["logIndex"]),
                    "rootHash": base64.b64decode(proof["rootHash"]).hex(),
                    "treeSize": int(proof["treeSize"]),
                },
                "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            },
        }


def _logged(proposed: dict[str, Any]) -> dict[str, Any]:
    """Return what the log keeps of a proposed entry of kind ``dsse``."""
    content = proposed["spec"]["proposedContent"]
    envelope = json.loads(content["envelope"])
    payload = base64.b64decode(envelope["payload"])
    return {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": _hash(content["envelope"].encode())},
            "payloadHash": {"algorithm": "sha256", "value": _hash(payload)},
            "signatures": [
                {"signature": one["sig"], "verifier": verifier}
                for one, verifier in zip(envelope["signatures"], content["verifiers"], strict=True)
            ],
        },
    }


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

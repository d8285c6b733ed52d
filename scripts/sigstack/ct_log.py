"""The front of a certificate transparency log (RFC 6962): it signs promises, and keeps no tree.

Fulcio asks it before it issues a certificate, and puts the promise into the certificate. No Sigstore client looks the
certificate up in the log, so a tree would serve nobody here.
"""

import base64
import hashlib
import struct
import time

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from scripts.sigstack.keys import spki
from shipseal.testing.http_server import Exchange

PREFIX = "/shipseal"
_PRECERTIFICATE, _CERTIFICATE = "/ct/v1/add-pre-chain", "/ct/v1/add-chain"
# The extension that keeps a precertificate from being a certificate (RFC 6962, section 3.1):
# OID 1.3.6.1.4.1.11129.2.4.3.
_POISON = bytes.fromhex("060a2b06010401d679020403")
_SEQUENCE, _EXTENSIONS = 0x30, 0xA3
# DigitallySigned (RFC 5246, section 4.7): SHA-256 with ECDSA.
_ALGORITHM = b"\x04\x03"


class _Chain(msgspec.Struct):
    chain: list[str]


class CtLog:
    """Answers as a certificate log does.

    Args:
        key: signs.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._id = hashlib.sha256(spki(key.public_key())).digest()

    def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        kind = exchange.path.removeprefix(PREFIX)
        if exchange.method != "POST" or kind not in (_PRECERTIFICATE, _CERTIFICATE):
            exchange.reply(404)
            return
        wire = msgspec.json.decode(exchange.read(), type=_Chain)
        chain = [base64.b64decode(one) for one in wire.chain]
        answer = self._promise(_logged(chain, before=kind == _PRECERTIFICATE))
        exchange.reply(200, msgspec.json.encode(answer), {"Content-Type": "application/json"})

    def _promise(self, entry: bytes) -> dict[str, object]:
        """Return the signed promise over ``entry`` (RFC 6962, sections 3.2 and 4.1)."""
        moment = time.time_ns() // 1_000_000
        signed = b"\x00\x00" + struct.pack(">Q", moment) + entry + b"\x00\x00"
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        told = _ALGORITHM + struct.pack(">H", len(signature)) + signature
        return {
            "sct_version": 0,
            "id": base64.b64encode(self._id).decode(),
            "timestamp": moment,
            "extensions": "",
            "signature": base64.b64encode(told).decode(),
        }


def _logged(chain: list[bytes], *, before: bool) -> bytes:
    """Return what the promise is about: a certificate, or one before it is issued and its issuer's key."""
    leaf = chain[0]
    if not before:
        return struct.pack(">H", 0) + _length24(leaf)
    issuer = x509.load_der_x509_certificate(chain[1]).public_key()
    if not isinstance(issuer, ec.EllipticCurvePublicKey):
        raise TypeError(f"the issuer's key is a {type(issuer).__name__}")
    body = without_poison(x509.load_der_x509_certificate(leaf).tbs_certificate_bytes)
    return struct.pack(">H", 1) + hashlib.sha256(spki(issuer)).digest() + _length24(body)


def without_poison(body: bytes) -> bytes:
    """Return the part of a certificate that is signed, without the extension that spoils it."""
    parts = [
        _encoded(_EXTENSIONS, _encoded(_SEQUENCE, _clean(part))) if part[0] == _EXTENSIONS else part
        for part in _elements(_content(body))
    ]
    return _encoded(_SEQUENCE, b"".join(parts))


def _clean(extensions: bytes) -> bytes:
    found = _elements(_content(_content(extensions)))
    return b"".join(one for one in found if not _content(one).startswith(_POISON))


def _elements(data: bytes) -> list[bytes]:
    """Return the DER elements that stand one after another in ``data``."""
    found = []
    while data:
        start, size = _header(data)
        found.append(data[: start + size])
        data = data[start + size :]
    return found


def _content(element: bytes) -> bytes:
    start, size = _header(element)
    return element[start : start + size]


def _header(data: bytes) -> tuple[int, int]:
    """Return where the content of the first element begins, and its length."""
    first = data[1]
    if first < 0x80:
        return 2, first
    count = first & 0x7F
    return 2 + count, int.from_bytes(data[2 : 2 + count], "big")


def _encoded(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def _length24(data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + data

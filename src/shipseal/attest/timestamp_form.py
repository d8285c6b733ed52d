"""The one form of an RFC 3161 response that is accepted: what its signature is not over must be what it would be.

CMS (RFC 5652) signs the content and some attributes. Versions, lists of algorithms and whatever stands beside are read
by some verifiers and not by others; here they have one value each.
"""

from dataclasses import dataclass

_INTEGER, _OCTETS, _OID, _NULL, _SEQUENCE, _SET, _FIRST = 2, 4, 6, 5, 0x30, 0x31, 0xA0
_SHA2 = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_SIGNATURES = {
    bytes.fromhex("2a8648ce3d040302"): "sha256",  # ECDSA
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
    bytes.fromhex("2a864886f70d01010b"): "sha256",  # RSA
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
    bytes.fromhex("2a864886f70d010101"): "",
    bytes.fromhex("2b6570"): "",  # Ed25519
}


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    body: bytes

    def parts(self) -> list["_Element"]:
        return _elements(self.body)


def signer_in(der: bytes) -> bytes:
    """Return the DER of issuer and serial number that name the signer in a response, whose form is checked.

    Raises:
        ValueError: it has another one.
    """
    (response,) = _elements(der)
    status, content = _tagged(response, _SEQUENCE, _SEQUENCE)
    _same([(one.tag, one.body) for one in status.parts()], [(_INTEGER, b"\0")], "status")
    _, wrapped = _tagged(content, _OID, _FIRST)
    (signed,) = _tagged(wrapped, _SEQUENCE)
    version, algorithms, _, *more = signed.parts()
    _same(version.body, b"\3", "version")
    # Certificates may stand between; revocation lists may not.
    _same([one.tag for one in more], [_FIRST, _SET] if len(more) > 1 else [_SET], "parts")
    (signer,) = _tagged(more[-1], _SEQUENCE)
    return _signer(signer, algorithms)


def _signer(signer: _Element, algorithms: _Element) -> bytes:
    version, name, digest, _, signature, _ = _tagged(
        signer, _INTEGER, _SEQUENCE, _SEQUENCE, _FIRST, _SEQUENCE, _OCTETS
    )
    _same(version.body, b"\1", "signer's version")
    _same([one.body for one in algorithms.parts()], [digest.body], "digest algorithms")
    by = _SHA2.get(_algorithm(digest))
    signs = _SIGNATURES.get(_algorithm(signature))
    if by is None or signs not in ("", by):
        raise ValueError("its algorithms are not accepted")
    return name.body


def _algorithm(element: _Element) -> bytes:
    name, *parameters = element.parts()
    if name.tag != _OID or parameters not in ([], [_Element(_NULL, b"")]):
        raise ValueError("an algorithm of it is malformed")
    return name.body


def _tagged(element: _Element, *tags: int) -> list[_Element]:
    parts = element.parts()
    _same([one.tag for one in parts], list(tags), "parts")
    return parts


def _same(got: object, expected: object, what: str) -> None:
    if got != expected:
        raise ValueError(f"its {what} are not in the accepted form")


def _elements(data: bytes) -> list[_Element]:
    found = []
    at = 0
    while at < len(data):
        tag, size, start = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, start = int.from_bytes(data[start : start + count], "big"), start + count
        if start + size > len(data):
            raise ValueError("it is cut short")
        found.append(_Element(tag, data[start : start + size]))
        at = start + size
    return found

"""DSSE (secure-systems-lab/dsse, protocol.md): what exactly is signed."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding, DSSE's ``PAE(type, body)``: the bytes that the signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)

"""As much of DER (X.690) as tests need to write what no library writes."""

from datetime import datetime

INTEGER, OCTETS, OID, UTF8, GENERAL_TIME = 2, 4, 6, 12, 24
SEQUENCE, SET = 0x30, 0x31


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return one element: its tag, its length, its content."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + body


def context(number: int, *parts: bytes, constructed: bool = True) -> bytes:
    """Return an element with a context-specific tag."""
    return tlv((0xA0 if constructed else 0x80) | number, *parts)


def integer(value: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in text.split("."))
    body = bytearray()
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | (arc & 0x7F))
        body += bytes(reversed(digits))
    return tlv(OID, bytes(body))


def utf8(text: str) -> bytes:
    """Return a UTF8String."""
    return tlv(UTF8, text.encode())


def general_time(moment: datetime) -> bytes:
    """Return a GeneralizedTime in UTC, in whole seconds."""
    return tlv(GENERAL_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())

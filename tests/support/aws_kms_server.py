"""Runs moto's server so that it signs digests, which AWS KMS does and moto leaves out (it hashes them once more)."""

import sys
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms.utils import ECDSAPrivateKey, RSAPrivateKey
from moto.server import main

_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def _ecdsa(key: Any, digest: bytes, algorithm: str) -> bytes:
    signature: bytes = key.private_key.sign(digest, ec.ECDSA(Prehashed(_HASHES[algorithm[-3:]])))
    return signature


def _rsa(key: Any, digest: bytes, algorithm: str) -> bytes:
    # Only what shipseal asks for: a PSS signature under this name would be seen.
    assert algorithm.startswith("RSASSA_PKCS1_V1_5_")
    hashed = Prehashed(_HASHES[algorithm[-3:]])
    signature: bytes = key.private_key.sign(digest, padding.PKCS1v15(), hashed)
    return signature


if __name__ == "__main__":
    setattr(ECDSAPrivateKey, "sign", _ecdsa)  # noqa: B010 - a method of another's class
    setattr(RSAPrivateKey, "sign", _rsa)  # noqa: B010 - likewise
    main(sys.argv[1:])

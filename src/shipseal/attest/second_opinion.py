"""What sigstore-python says about a bundle that was accepted here: one more pair of eyes, on what it can read.

Our checks are meant to be at least as strict, so that it never refuses what they accept. If it does, one of the two is
wrong, and until somebody knows which, the bundle counts for nothing.
"""

import json
import logging
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import Certificate
from sigstore.hashes import Hashed
from sigstore.models import Bundle as TheirBundle
from sigstore.models import TrustedRoot
from sigstore.verify.verifier import Verifier
from sigstore_models.common.v1 import HashAlgorithm
from sigstore_models.trustroot.v1 import TrustedRoot as TheirRoot

from shipseal.attest.bundle import Bundle, FileSignature
from shipseal.attest.keyless import Examined
from shipseal.attest.rejections import untrusted

_READ = frozenset({("dsse", "0.0.1"), ("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2")})

# Its advice is for its own users, and a verdict is said in one place.
logging.getLogger("sigstore").addHandler(logging.NullHandler())


class _Anybody:
    """Whom it accepts: who that may be is decided already."""

    def verify(self, cert: Certificate) -> None:
        """Accept ``cert``."""


class SigstorePython:
    """Asks sigstore-python."""

    def check(self, bundle: Bundle, examined: Examined) -> str:
        """Return that it accepts too; empty when it does not read this kind of bundle.

        Raises:
            RejectedError: untrusted: it refuses.
        """
        if not _reads(bundle, examined):
            return ""
        try:
            _ask(bundle, examined.certified.instance.raw)
        except Exception as error:
            raise untrusted(
                f"sigstore-python refuses it: {error}",
                expected="a bundle that two verifiers accept",
                got=str(error),
            ) from error
        return "sigstore-python accepts it too"


def _reads(bundle: Bundle, examined: Examined) -> bool:
    instance, key = examined.certified.instance, examined.certified.key
    return (
        bool(instance.logs and instance.ct_logs)
        and examined.certified.required.sct
        # What cosign kept before there were bundles is promised by the log, not proved: it wants the proof.
        and [
            (one.kind, one.version) in _READ and one.proof is not None for one in bundle.log_entries
        ]
        == [True]
        and isinstance(key, ec.EllipticCurvePublicKey)
        and isinstance(key.curve, ec.SECP256R1)
    )


def _ask(bundle: Bundle, root: bytes) -> None:
    theirs = TheirBundle.from_json(_spelled_out(bundle.raw))
    verifier = _verifier(root)
    if isinstance(bundle.content, FileSignature):
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bundle.content.digest)
        verifier.verify_artifact(hashed, theirs, _Anybody())
    else:
        verifier.verify_dsse(theirs, _Anybody())


def _spelled_out(raw: bytes) -> bytes:
    """Return a bundle with the numbers that are zero: protobuf leaves them out, and sigstore-python misses them."""
    document = json.loads(raw)
    for entry in document["verificationMaterial"].get("tlogEntries") or ():
        entry.setdefault("logIndex", "0")
        proof = entry.get("inclusionProof") or {}
        proof.setdefault("logIndex", "0")
        proof.setdefault("hashes", [])
    return json.dumps(document).encode()


@lru_cache(maxsize=8)
def _verifier(root: bytes) -> Verifier:
    return Verifier(trusted_root=TrustedRoot(TheirRoot.from_json(root)))

"""One certificate of an instance that keeps no log, and what signs with it: GitHub's for private repositories is one.

sigstore-python signs only where there is a log and a promise of a certificate log. Here a timestamp alone says that the
certificate was valid when it signed; the bundle is v0.3 all the same (``sigstore_bundle.proto``).
"""

import base64

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shipseal.attest.dsse import pae
from shipseal.attest.oidc import IdentityToken
from shipseal.attest.signing_config import Services
from shipseal.attest.signing_services import issue, stamp
from shipseal.attest.web import Web
from shipseal.intoto.statement import PAYLOAD_TYPE
from shipseal.oci.media_types import SIGSTORE_BUNDLE


class StampedSigner:
    """Signs with one certificate until that ends. Safe to use from several threads.

    Args:
        web: asks the services.
        services: of the instance.
        token: who signs.

    Raises:
        AttestError: no certificate was issued.
    """

    def __init__(self, web: Web, services: Services, token: IdentityToken) -> None:
        self._web, self._services = web, services
        self._key = ec.generate_private_key(ec.SECP256R1())
        issued = issue(web, services.authority, _request(self._key), token)
        self.certificate: x509.Certificate = issued.leaf

    def sign(self, statement: bytes) -> bytes:
        """Return a bundle v0.3 over ``statement``.

        Raises:
            AttestError: a service failed.
        """
        message = pae(PAYLOAD_TYPE, statement)
        signature = self._key.sign(message, ec.ECDSA(hashes.SHA256()))
        stamps = [stamp(self._web, url, signature) for url in self._services.stamps]
        leaf = self.certificate.public_bytes(serialization.Encoding.DER)
        document = {
            "mediaType": SIGSTORE_BUNDLE,
            "verificationMaterial": {
                "certificate": {"rawBytes": _base64(leaf)},
                "timestampVerificationData": {
                    "rfc3161Timestamps": [
                        {"signedTimestamp": _base64(one.as_bytes())} for one in stamps
                    ]
                },
            },
            "dsseEnvelope": {
                "payload": _base64(statement),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": _base64(signature)}],
            },
        }
        return msgspec.json.encode(document)


def _request(key: ec.EllipticCurvePrivateKey) -> x509.CertificateSigningRequest:
    """Return the proof that we have ``key``; who we are is the token's to say, so it names nobody."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""What is asked of an instance of Sigstore: a certificate, a timestamp, an entry in its log.

Each request may be made again: a second certificate harms nobody, a second timestamp neither, and a log knows what it
holds already. Sources: sigstore/fulcio ``fulcio.proto``; RFC 3161; sigstore/rekor ``openapi.yaml`` (version 1);
sigstore/rekor-tiles ``CLIENTS.md`` (version 2).
"""

import base64
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    decode_timestamp_response,
)

from shipseal.attest.oidc import IdentityToken
from shipseal.attest.web import Answer, Ask, Web
from shipseal.attest.web_errors import nonsense
from shipseal.errors import AttestError, Code

AUTHORITY, LOG, STAMPS = "certificate authority", "transparency log", "timestamp authority"
_CONFLICT = 409
_BAD_REQUEST = 400
_GRANTED = (0, 1)
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Issued:
    """What the authority issued.

    Attributes:
        leaf: our certificate.
        chain: those above it.
    """

    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]


class _Chain(msgspec.Struct):
    certificates: list[str]


class _Certificates(msgspec.Struct):
    chain: _Chain


class _Signed(msgspec.Struct, rename="camel"):
    signed_certificate_embedded_sct: _Certificates | None = None
    signed_certificate_detached_sct: _Certificates | None = None


def issue(
    web: Web, url: str, request: x509.CertificateSigningRequest, token: IdentityToken
) -> Issued:
    """Return a certificate for the key of ``request`` and the identity of ``token``.

    Args:
        web: asks.
        url: of Fulcio.
        request: proves that we have the key.
        token: says who we are.

    Raises:
        AttestError: as :meth:`Web.ask`; ``auth.oidc-permission`` when the token is not accepted.
    """
    pem = base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()
    body = msgspec.json.encode({"certificateSigningRequest": pem})
    headers = {**_JSON, "Authorization": f"Bearer {token.raw}"}
    ask = Ask(
        AUTHORITY, "POST", f"{url}/api/v2/signingCert", headers, body, frozenset({_BAD_REQUEST})
    )
    answer = web.ask(ask)
    if answer.status == _BAD_REQUEST:
        raise _not_accepted(url, token, answer)
    try:
        signed = msgspec.json.decode(answer.body, type=_Signed)
        one = signed.signed_certificate_embedded_sct or signed.signed_certificate_detached_sct
        pems = one.chain.certificates if one else []
        found = [x509.load_pem_x509_certificate(text.encode()) for text in pems]
    except (ValueError, RecursionError) as error:
        raise nonsense(AUTHORITY, str(error)) from error
    if len(found) < 2:
        raise nonsense(AUTHORITY, f"{len(found)} certificates, expected ours and those above it")
    if found[0].public_key() != request.public_key():
        raise nonsense(AUTHORITY, "the certificate is for another key than ours")
    return Issued(found[0], tuple(found[1:]))


def stamp(web: Web, url: str, signature: bytes) -> TimeStampResponse:
    """Return a timestamp over ``signature``.

    Args:
        web: asks.
        url: of the authority's endpoint.
        signature: what is stamped.

    Raises:
        AttestError: as :meth:`Web.ask`; ``service.outage`` when the answer is no timestamp over this.
    """
    builder = TimestampRequestBuilder().hash_algorithm(HashAlgorithm.SHA256).data(signature)
    request = builder.nonce(nonce=True).build()
    headers = {"Content-Type": "application/timestamp-query"}
    answer = web.ask(Ask(STAMPS, "POST", url, headers, request.as_bytes()))
    try:
        response = decode_timestamp_response(answer.body)
        info = response.tst_info
    except ValueError as error:
        raise nonsense(STAMPS, str(error)) from error
    _check_stamp(request, response.status, info.message_imprint.message, info.nonce)
    return response


def log_entry(web: Web, url: str, body: bytes) -> tuple[Answer, bool]:
    """Return what the log answers to ``body``, and whether it says that it holds the same already.

    Args:
        web: asks.
        url: where entries go.
        body: JSON.

    Raises:
        AttestError: as :meth:`Web.ask`.
    """
    answer = web.ask(Ask(LOG, "POST", url, _JSON, body, frozenset({_CONFLICT})))
    return answer, answer.status == _CONFLICT


def stored_entry(web: Web, url: str, location: str) -> Answer:
    """Return the entry that the log already holds, at ``location`` below ``url``.

    Raises:
        AttestError: as :meth:`Web.ask`; ``attest.conflict`` when the log does not say where on itself the entry is.
    """
    place = urljoin(url, location)
    if not location or urlsplit(place)[:2] != urlsplit(url)[:2]:
        raise conflict(url, "it does not say which entry that is")
    return web.ask(Ask(LOG, "GET", place, {"Accept": "application/json"}))


def conflict(url: str, problem: str) -> AttestError:
    """Return the error for an entry that is there already and cannot be taken for ours."""
    return AttestError(
        Code.ATTEST_CONFLICT,
        f"{LOG}: {url}: an equivalent entry already exists, and {problem}",
        hint="run the same command again: a new signature makes a new entry",
    )


def _not_accepted(url: str, token: IdentityToken, answer: Answer) -> AttestError:
    said = answer.body[:300].decode("utf-8", "replace")
    text = " ".join(said.replace(token.raw, "").split())
    return AttestError(
        Code.OIDC_PERMISSION,
        f"{AUTHORITY}: {url}: the identity token of {token} is not accepted: {text}",
        hint=f"is {token.issuer} an issuer that this instance knows, and the clock of this machine right?",
    )


def _check_stamp(request: TimeStampRequest, status: int, imprint: bytes, nonce: int | None) -> None:
    if status not in _GRANTED:
        raise nonsense(STAMPS, f"status {status}, expected granted (0)")
    if imprint != request.message_imprint.message or nonce != request.nonce:
        raise nonsense(STAMPS, "the timestamp is over something else than was asked for")

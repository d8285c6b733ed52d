"""sigstore-python's clients with our requests under them: its protocol, our time-outs, limits and errors.

What goes into a request and what an answer means is sigstore-python's; how it travels is ours
(:mod:`shipseal.attest.web`). The classes are internal there, which is why the version is pinned to one major, and tests
sign with a real instance.
"""

import base64
import hashlib
import json
from typing import Any

import msgspec
from cryptography import x509
from rfc3161_client import TimeStampResponse
from sigstore._internal.fulcio.client import FulcioCertificateSigningResponse, FulcioClient
from sigstore._internal.rekor import EntryRequestBody, RekorLogSubmitter
from sigstore._internal.rekor.client import RekorClient
from sigstore._internal.rekor.client_v2 import RekorV2Client
from sigstore._internal.timestamp import TimestampAuthorityClient
from sigstore.models import TransparencyLogEntry
from sigstore.oidc import IdentityToken as SigstoreToken
from sigstore_models.rekor.v1 import TransparencyLogEntry as WireEntry

from shipseal.attest.oidc import IdentityToken
from shipseal.attest.signing_config import LogService
from shipseal.attest.signing_services import LOG, conflict, issue, log_entry, stamp, stored_entry
from shipseal.attest.web import Web
from shipseal.attest.web_errors import nonsense
from shipseal.errors import AttestError


class LoggedBeforeError(AttestError):
    """The log holds the same entry and gives it to nobody; another signature makes another entry."""


class Authority(FulcioClient):
    """Fulcio.

    Args:
        web: asks.
        url: of Fulcio.
        token: what certificates are issued for.
    """

    def __init__(self, web: Web, url: str, token: IdentityToken) -> None:
        super().__init__(url)
        self._web, self._base, self._token = web, url, token

    @property
    def signing_cert(self) -> Any:
        """The endpoint; here, what posts to it."""
        return self

    def post(
        self, req: x509.CertificateSigningRequest, identity: SigstoreToken
    ) -> FulcioCertificateSigningResponse:
        """Return a certificate.

        Raises:
            AttestError: as :func:`issue`.
        """
        issued = issue(self._web, self._base, req, self._token)
        return FulcioCertificateSigningResponse(issued.leaf, list(issued.chain))


class Stamps(TimestampAuthorityClient):
    """A timestamp authority.

    Args:
        web: asks.
        url: of its endpoint.
    """

    def __init__(self, web: Web, url: str) -> None:
        super().__init__(url)
        self._web = web

    def request_timestamp(self, signature: bytes) -> TimeStampResponse:
        """Return a timestamp.

        Raises:
            AttestError: as :func:`stamp`. It is none of sigstore-python's errors, so that signing ends here: what the
                log holds and no timestamp dates would be good for nothing.
        """
        return stamp(self._web, self.url, signature)


class LogV2(RekorV2Client):
    """Rekor, version 2.

    Args:
        web: asks.
        url: of Rekor.
    """

    def __init__(self, web: Web, url: str) -> None:
        super().__init__(url)
        self._web = web

    def create_entry(self, payload: EntryRequestBody) -> TransparencyLogEntry:
        """Return the entry, once the log holds it.

        Raises:
            AttestError: as :func:`log_entry`.
            LoggedBeforeError: an earlier try came through although its answer was lost.
        """
        url = f"{self.url}/log/entries"
        answer, known = log_entry(self._web, url, msgspec.json.encode(payload))
        if known:
            error = conflict(url, "this log does not read it back")
            raise LoggedBeforeError(error.code, error.message, hint=error.hint, retryable=True)
        try:
            return TransparencyLogEntry(WireEntry.from_json(answer.body))
        except (ValueError, RecursionError) as error:
            raise nonsense(LOG, str(error)) from error


class LogV1(RekorClient):
    """Rekor, version 1.

    Args:
        web: asks.
        url: of Rekor.
    """

    def __init__(self, web: Web, url: str) -> None:
        super().__init__(url)
        self._web, self._entries = web, f"{url}/api/v1/log/entries"

    def create_entry(self, request: EntryRequestBody) -> TransparencyLogEntry:
        """Return the entry; one that was there already only when it is this one.

        Raises:
            AttestError: as :func:`log_entry`; ``attest.conflict`` when what is there is another entry.
        """
        answer, known = log_entry(self._web, self._entries, msgspec.json.encode(request))
        if known:
            answer = stored_entry(self._web, self._entries, answer.headers.get("location", ""))
        try:
            entry = TransparencyLogEntry._from_v1_response(json.loads(answer.body))  # noqa: SLF001
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise nonsense(LOG, str(error)) from error
        if known and not same_entry(entry._inner.canonicalized_body, request):  # noqa: SLF001
            raise conflict(self._entries, "the stored one is not what was sent")
        return entry


def log_client(web: Web, log: LogService) -> RekorLogSubmitter:
    """Return the client for a log of either version."""
    return LogV2(web, log.url) if log.version == 2 else LogV1(web, log.url)


class _StoredSignature(msgspec.Struct):
    signature: str
    verifier: str


class _Hash(msgspec.Struct):
    value: str


class _StoredSpec(msgspec.Struct, rename="camel"):
    payload_hash: _Hash
    signatures: list[_StoredSignature]


class _Stored(msgspec.Struct):
    kind: str
    spec: _StoredSpec


class _SentContent(msgspec.Struct):
    envelope: str
    verifiers: list[str]


class _SentSpec(msgspec.Struct, rename="camel"):
    proposed_content: _SentContent


class _SentSignature(msgspec.Struct):
    sig: str


class _SentEnvelope(msgspec.Struct):
    payload: str
    signatures: list[_SentSignature]


class _Sent(msgspec.Struct):
    spec: _SentSpec


def same_entry(body: bytes, request: EntryRequestBody) -> bool:
    """Return whether ``body``, as a log of version 1 holds it, is what ``request`` asked it to hold.

    Compared are what was signed, the signature, and who signed.
    """
    try:
        stored = msgspec.json.decode(body, type=_Stored)
        sent = msgspec.convert(request, type=_Sent)
        envelope = msgspec.json.decode(sent.spec.proposed_content.envelope, type=_SentEnvelope)
        payload = base64.b64decode(envelope.payload)
    except (ValueError, RecursionError):
        return False
    ours = [
        (one.sig, verifier)
        for one, verifier in zip(
            envelope.signatures, sent.spec.proposed_content.verifiers, strict=False
        )
    ]
    theirs = [(one.signature, one.verifier) for one in stored.spec.signatures]
    same_payload = stored.spec.payload_hash.value == hashlib.sha256(payload).hexdigest()
    return stored.kind == "dsse" and same_payload and ours == theirs

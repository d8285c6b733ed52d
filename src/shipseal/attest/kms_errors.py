"""What the clients of key services raise, as errors with our codes.

None of these clients need be installed, so their classes are known by name: of the class itself, or of one above it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipseal._internal.kms_names import KmsName, Service
from shipseal._internal.redact import redact
from shipseal.errors import AttestError, Code

_MOST_WORDS = 300
_INSTALL = "pip install 'shipseal[kms]'"

_AUTH = (
    # botocore: the words that AWS itself answers with, then what is found before anything is asked.
    "AccessDeniedException AccessDenied UnrecognizedClientException InvalidSignatureException ExpiredTokenException "
    "InvalidClientTokenId MissingAuthenticationTokenException ExpiredToken NoCredentialsError PartialCredentialsError "
    "CredentialRetrievalError TokenRetrievalError UnauthorizedSSOTokenError SSOTokenLoadError ProfileNotFound "
    # google, azure, hvac
    "PermissionDenied Unauthenticated DefaultCredentialsError RefreshError ClientAuthenticationError Forbidden "
    "Unauthorized "
    # PKCS #11
    "PinIncorrect PinInvalid PinLenRange PinExpired PinLocked UserPinNotInitialized UserNotLoggedIn"
)
_UNKNOWN = (
    "NotFoundException NotFound ResourceNotFoundError InvalidPath DisabledException KMSInvalidStateException "
    "InvalidKeyUsageException UnsupportedAlgorithmError UnsupportedKeyType InvalidArnException NoRegionError "
    "FailedPrecondition InvalidArgument KeyFunctionNotPermitted KeyTypeInconsistent MechanismInvalid "
    "ParamValidationError ValidationException"
)
_BUSY = (
    "ThrottlingException TooManyRequestsException LimitExceededException ResourceExhausted TooManyRequests "
    "RateLimitExceeded"
)
_AWAY = (
    "EndpointConnectionError ConnectTimeoutError ConnectionClosedError ProxyConnectionError TransportError "
    "ServiceRequestError ConnectionError ConnectTimeout"
)
_TLS = "SSLError CertificateError"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a cause comes to.

    Attributes:
        code: of the error.
        hint: what to do.
        retryable: whether it may pass by itself.
    """

    code: Code
    hint: str
    retryable: bool = False


_KINDS: Mapping[str, _Kind] = {
    **dict.fromkeys(
        _AUTH.split(), _Kind(Code.KEY_DENIED, "check who you are there, and that it may sign")
    ),
    **dict.fromkeys(_UNKNOWN.split(), _Kind(Code.CONFIG_INVALID, "check the key's name and state")),
    **dict.fromkeys(_BUSY.split(), _Kind(Code.RATE_LIMITED, "wait, then go on", retryable=True)),
    **dict.fromkeys(_TLS.split(), _Kind(Code.TLS_UNTRUSTED, "name its authority in SSL_CERT_FILE")),
    **dict.fromkeys(
        _AWAY.split(),
        _Kind(Code.NETWORK_UNREACHABLE, "check the address and the network", retryable=True),
    ),
}
_OUTAGE = _Kind(
    Code.SERVICE_OUTAGE, "run the same command again: what is signed already stays", retryable=True
)
_PIN_HINT = (
    "set the token's PIN in SHIPSEAL_KEY_PASSWORD; a token locks itself after some wrong ones, so it "
    "is tried once"
)
_ACCESS: Mapping[Service, str] = {
    Service.AWS: "the credentials of AWS (AWS_PROFILE, AWS_ACCESS_KEY_ID, a role) need kms:GetPublicKey and kms:Sign",
    Service.GCP: "log in for Google Cloud (GOOGLE_APPLICATION_CREDENTIALS), with the roles "
    "cloudkms.publicKeyViewer and cloudkms.signer",
    Service.AZURE: "log in for Azure (AZURE_CLIENT_ID and the like, az login), with the role Key Vault Crypto User",
    Service.VAULT: "set VAULT_TOKEN to one that may read and sign with this key of the transit engine",
    Service.HSM: _PIN_HINT,
}


def kms_error(error: Exception, name: KmsName) -> AttestError:
    """Return the error that an exception of a client means.

    Args:
        error: what the client raised.
        name: the key that was asked for.
    """
    if isinstance(error, ImportError) or _named(error, "UnsupportedLibraryError"):
        return missing_client(name)
    kind = _kind(error)
    hint = _ACCESS[name.service] if kind.code is Code.KEY_DENIED else kind.hint
    said = " ".join(str(error).split())[:_MOST_WORDS] or type(error).__name__
    return AttestError(
        kind.code,
        redact(f"{name.service}: {name.text}: {said}"),
        hint=hint,
        context={"service": str(name.service)},
        retryable=kind.retryable,
    )


def missing_client(name: KmsName) -> AttestError:
    """Return the error for a service whose client is not installed."""
    return AttestError(
        Code.TOOL_MISSING,
        f"{name.service}: {name.text}: its client is not installed",
        hint=f"run {_INSTALL}",
        context={"service": str(name.service)},
    )


def _kind(error: Exception) -> _Kind:
    found = next((_KINDS[word] for word in _words(error) if word in _KINDS), None)
    if found:
        return found
    # securesystemslib itself says with a ValueError that there is no such key or token.
    return _KINDS["NotFound"] if isinstance(error, ValueError) else _OUTAGE


def _words(error: Exception) -> Iterable[str]:
    """Yield what tells the cause: the service's own word, the class and those above it, and what it came from."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        told = response.get("Error")
        if isinstance(told, Mapping):
            yield str(told.get("Code", ""))
    cause: BaseException | None = error
    while cause is not None:
        yield from (one.__name__ for one in type(cause).__mro__)
        cause = cause.__cause__


def _named(error: Exception, name: str) -> bool:
    return any(one.__name__ == name for one in type(error).__mro__)

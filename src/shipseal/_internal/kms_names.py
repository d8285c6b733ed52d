"""Names of keys that stay in a key service or a token: cosign's spellings and those of securesystemslib.

=================  ====================================================================================
service            spellings
=================  ====================================================================================
AWS KMS            ``awskms:///KEY``, ``awskms:KEY``: an id, ``alias/NAME``, or an ARN of either
Google Cloud KMS   ``gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/versions/V``
Azure Key Vault    ``azurekms://VAULT.vault.azure.net/KEY``, ``…/keys/KEY/VERSION``
HashiCorp Vault    ``hashivault://KEY``, ``hv:KEY/VERSION``
PKCS #11           ``hsm:ID?label=TOKEN``
=================  ====================================================================================
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from shipseal.errors import ConfigError

_SCHEME = re.compile(r"(awskms|gcpkms|azurekms|hashivault|hv|hsm|pkcs11):(.*)", re.DOTALL)
_GCP = re.compile(
    r"(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+)(?:/(?:cryptoKeyVersions|versions)/(\d+))?"
)
_AZURE = re.compile(r"([A-Za-z0-9-]+)\.vault\.azure\.net/(?:keys/)?([A-Za-z0-9-]+)(?:/(\w+))?")
_VAULT = re.compile(r"([\w.-]+)(?:/(\d+))?")
_HSM = re.compile(r"(\d{0,9})(?:\?(.*))?")
_AWS = re.compile(r"[A-Za-z0-9:/_-]+")


class Service(StrEnum):
    """Who keeps the key."""

    AWS = "AWS KMS"
    GCP = "Google Cloud KMS"
    AZURE = "Azure Key Vault"
    VAULT = "HashiCorp Vault"
    HSM = "PKCS #11 token"


@dataclass(frozen=True, slots=True)
class KmsName:
    """The name of a key that stays where it is.

    Attributes:
        text: as it was written.
        service: who keeps it.
        key: its name there.
        place: the vault of Azure, or the label of a token; may be empty.
        version: of the key; empty for the newest.
    """

    text: str
    service: Service
    key: str
    place: str = ""
    version: str = ""


def is_kms_name(text: str) -> bool:
    """Return whether ``text`` names a key service, and no file."""
    return _SCHEME.match(text) is not None


def parse_kms_name(text: str) -> KmsName:
    """Return the key that ``text`` names.

    Raises:
        ConfigError: the name cannot be read, or is of a kind that is not known.
    """
    found = _SCHEME.fullmatch(text)
    if not found:
        raise _unreadable(text, "awskms:///…, gcpkms://…, azurekms://…, hashivault://… or hsm:…")
    scheme, rest = found.groups()
    match scheme:
        case "awskms":
            return _aws(text, rest)
        case "gcpkms":
            return _gcp(text, rest)
        case "azurekms":
            return _azure(text, rest)
        case "hashivault" | "hv":
            return _vault(text, rest)
        case "hsm":
            return _hsm(text, rest)
    raise _unreadable(text, "hsm:ID?label=TOKEN, with the library's path in PYKCS11LIB")


def _aws(text: str, rest: str) -> KmsName:
    if rest.startswith("//") and not rest.startswith("///"):
        raise _unreadable(text, "awskms:///KEY; another endpoint is named in AWS_ENDPOINT_URL_KMS")
    key = rest.removeprefix("///")
    if not _AWS.fullmatch(key):
        raise _unreadable(text, "awskms:///alias/NAME, or a key's id or ARN instead of alias/NAME")
    return KmsName(text, Service.AWS, key)


def _gcp(text: str, rest: str) -> KmsName:
    found = _GCP.fullmatch(rest.removeprefix("//"))
    if not found or not found[2]:
        raise _unreadable(
            text, "gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/versions/V"
        )
    key = f"{found[1]}/cryptoKeyVersions/{found[2]}"
    return KmsName(text, Service.GCP, key, version=found[2])


def _azure(text: str, rest: str) -> KmsName:
    found = _AZURE.fullmatch(rest.removeprefix("//"))
    if not found:
        raise _unreadable(text, "azurekms://VAULT.vault.azure.net/KEY")
    return KmsName(text, Service.AZURE, found[2], found[1], found[3] or "")


def _vault(text: str, rest: str) -> KmsName:
    found = _VAULT.fullmatch(rest.removeprefix("//"))
    if not found:
        raise _unreadable(text, "hashivault://KEY, with the server in VAULT_ADDR")
    return KmsName(text, Service.VAULT, found[1], version=found[2] or "")


def _hsm(text: str, rest: str) -> KmsName:
    found = _HSM.fullmatch(rest)
    query = dict(parse_qsl(found[2] or "", keep_blank_values=True)) if found else {}
    if not found or set(query) - {"label"}:
        raise _unreadable(text, "hsm:ID?label=TOKEN: the key's number, and the token's label")
    # Number 2 is the signing key of a PIV card.
    return KmsName(text, Service.HSM, found[1] or "2", query.get("label", ""))


def _unreadable(text: str, expected: str) -> ConfigError:
    return ConfigError(
        f"key {text[:200]!r}: this names no key that could be used", hint=f"expected {expected}"
    )

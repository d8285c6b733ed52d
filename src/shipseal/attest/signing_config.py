"""Which services an instance of Sigstore signs with (``sigstore_trustroot.proto``: ``SigningConfig``, v0.2).

sigstore-python's own reading refuses an instance without a log, and GitHub's for private repositories is one. The rules
are those of the specification: services that are valid now, the highest version of each operator that is understood,
and then as many as the selector says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from shipseal._internal.clock import parse_rfc3339
from shipseal._internal.limits import MIB, Limit
from shipseal.attest.web import check_safe
from shipseal.errors import ConfigError

SIGNING_CONFIG_FILE = Limit("signing configuration", MIB, "the public one is 2 KiB")
SIGNING_CONFIG = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
CLIENT_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_AUTHORITY_VERSIONS, _LOG_VERSIONS, _STAMP_VERSIONS, _ISSUER_VERSIONS = (1,), (1, 2), (1,), (1,)


@dataclass(frozen=True, slots=True)
class LogService:
    """A transparency log.

    Attributes:
        url: of Rekor.
        version: 1, or 2 for tiles.
    """

    url: str
    version: int


@dataclass(frozen=True, slots=True)
class Services:
    """What one instance signs with now.

    Attributes:
        authority: URL of Fulcio.
        log: None where signatures are not logged.
        stamps: URLs of timestamp authorities, all of which must answer.
        issuer: where people log in; empty where they cannot.
    """

    authority: str
    log: LogService | None
    stamps: tuple[str, ...]
    issuer: str = ""

    def __str__(self) -> str:
        """Return what witnesses a signature, for people."""
        log = (f"log {self.log.url}",) if self.log else ()
        return " and ".join((*log, *(f"timestamps of {url}" for url in self.stamps)))


class _Wire(msgspec.Struct, rename="camel"):
    pass


class _Window(_Wire):
    start: str | None = None
    end: str | None = None


class _Service(_Wire):
    url: str
    major_api_version: int = 0
    valid_for: _Window | None = None
    operator: str = ""


class _Selection(_Wire):
    selector: str = "UNDEFINED"
    count: int = 0


class _Config(_Wire):
    media_type: str
    ca_urls: list[_Service] = []
    oidc_urls: list[_Service] = []
    rekor_tlog_urls: list[_Service] = []
    tsa_urls: list[_Service] = []
    rekor_tlog_config: _Selection | None = None
    tsa_config: _Selection | None = None


def read_services(raw: bytes, *, now: datetime, what: str) -> Services:
    """Return what the signing configuration in ``raw`` says to sign with.

    Args:
        raw: the file.
        now: the time; services come and go.
        what: names the file in errors.

    Raises:
        ConfigError: it is none, names no authority, asks for more logs than one, or leaves a signature without any
            witness of its time.
    """
    try:
        wire = msgspec.json.decode(raw, type=_Config)
        found = _Chosen(wire, now, what)
        services = found.services()
    except (ValueError, RecursionError) as error:
        raise _wrong(what, str(error)) from error
    if services.log is None and not services.stamps:
        raise _wrong(what, "it names neither a transparency log nor a timestamp authority")
    return services


@dataclass(frozen=True, slots=True)
class _Chosen:
    wire: _Config
    now: datetime
    what: str

    def services(self) -> Services:
        if self.wire.media_type != SIGNING_CONFIG:
            raise ValueError(
                f"its mediaType is {self.wire.media_type[:200]!r}, expected {SIGNING_CONFIG}"
            )
        one = _Selection("ANY")
        authorities = self._pick(self.wire.ca_urls, _AUTHORITY_VERSIONS, one)
        if not authorities:
            raise ValueError("it names no certificate authority that is in service now")
        logs = self._pick(self.wire.rekor_tlog_urls, _LOG_VERSIONS, self.wire.rekor_tlog_config)
        if len(logs) > 1:
            raise ValueError(
                f"it wants {len(logs)} transparency logs, and a bundle is read with one"
            )
        stamps = self._pick(self.wire.tsa_urls, _STAMP_VERSIONS, self.wire.tsa_config)
        issuers = self._pick(self.wire.oidc_urls, _ISSUER_VERSIONS, one)
        return Services(
            authority=self._safe(authorities[0]),
            log=LogService(self._safe(logs[0]), logs[0].major_api_version) if logs else None,
            stamps=tuple(self._safe(stamp) for stamp in stamps),
            issuer=self._safe(issuers[0]) if issuers else "",
        )

    def _pick(
        self, offered: Sequence[_Service], versions: Sequence[int], selection: _Selection | None
    ) -> list[_Service]:
        by_operator: dict[str, _Service] = {}
        for service in offered:
            if service.major_api_version not in versions or not self._in_service(service):
                continue
            held = by_operator.get(service.operator)
            if held is None or service.major_api_version > held.major_api_version:
                by_operator[service.operator] = service
        found = list(by_operator.values())
        wanted = _count(selection, len(found))
        if len(found) < wanted:
            raise ValueError(
                f"it wants {wanted} services of a kind, and {len(found)} are in service now"
            )
        return found[:wanted]

    def _in_service(self, service: _Service) -> bool:
        window = service.valid_for
        if window is None:
            return True
        begun = window.start is None or parse_rfc3339(window.start) <= self.now
        return begun and (window.end is None or self.now <= parse_rfc3339(window.end))

    def _safe(self, service: _Service) -> str:
        return check_safe(service.url, self.what)


def _count(selection: _Selection | None, offered: int) -> int:
    selector = selection.selector if selection else "ALL"
    if selector == "ALL":
        return offered
    if selector == "EXACT":
        return max(1, selection.count if selection else 1)
    if selector in ("ANY", "UNDEFINED", "SERVICE_SELECTOR_UNDEFINED"):
        return min(1, offered)
    raise ValueError(f"it selects by {selector[:40]!r}")


def _wrong(what: str, problem: str) -> ConfigError:
    return ConfigError(
        f"{what}: no signing configuration that can be used: {problem}",
        hint="expected Sigstore's signing_config.json, version 0.2, as its operator gives it",
    )

"""Whether this machine or job could sign now, and whether ``verify`` would accept that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from shipseal._internal.progress import SilentReporter
from shipseal.attest.key_files import environment_password, read_key_file
from shipseal.attest.oidc_sources import VARIABLE
from shipseal.config.load import LoadedConfig
from shipseal.doctor.examination import Examined, of_error, passed, skipped
from shipseal.errors import ShipsealError
from shipseal.github.event import origin_of
from shipseal.wiring.keyless import in_job, on_terminal
from shipseal.wiring.keys import Keys, release_keys, signing_mode
from shipseal.wiring.rules import release_vex
from shipseal.wiring.surroundings import Surroundings

SIGNING = "signing"
_VEX = "vex.documents"


class _Kept(SilentReporter):
    """Keeps notes: they say which instance and which token were taken, and why."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def asks_others(loaded: LoadedConfig) -> bool:
    """Return whether signing needs anybody else: for a token, a key in a service, or a trusted root."""
    sign, verify = loaded.config.sign, loaded.config.verify
    remote = isinstance(sign.key, str)
    root = bool(verify.identities) and verify.trusted_root is None
    return signing_mode(loaded) == "keyless" or remote or root


def signing_check(loaded: LoadedConfig, around: Surroundings) -> Iterator[Examined]:
    """Open the key or fetch a token exactly as a release does, and hold it against ``verify``.

    Raises:
        ShipsealError: what a release would end with.
    """
    mode = signing_mode(loaded)
    if reason := _not_now(loaded, around, mode):
        yield skipped(SIGNING, mode, reason)
        return
    kept = _Kept()
    quiet = replace(around, reporter=kept, ask=lambda: None)
    keys = release_keys(loaded, quiet)
    accepted = f"verify accepts it: {', '.join(keys.trust.accepts) or 'its own key'}"
    yield passed(SIGNING, mode, keys.signer.identity, evidence=(*kept.notes, accepted))
    if loaded.config.vex.documents:
        yield _vex_check(loaded, keys, quiet)


def _vex_check(loaded: LoadedConfig, keys: Keys, around: Surroundings) -> Examined:
    """Read the documents of others: they count by who signed them, which a release looks at before it begins."""
    try:
        found = release_vex(loaded, keys, around)
    except ShipsealError as error:
        return of_error(SIGNING, _VEX, error)
    return passed(SIGNING, _VEX, f"{len(found)} believed")


def _not_now(loaded: LoadedConfig, around: Surroundings, mode: str) -> str:
    """Return why it cannot be tried without a person; empty when it can."""
    sign, env = loaded.config.sign, around.env
    if origin_of(env).fork:
        return "a fork's pull request signs nothing"
    if mode == "keyless":
        if sign.token_file is not None and str(sign.token_file) == "-":
            return "the identity token is read from standard input when it signs"
        given = sign.token_file is not None or env.get(VARIABLE) or in_job(env)
        return "" if given or not on_terminal() else "a person logs in when it signs"
    if not isinstance(sign.key, Path) or environment_password(env) is not None:
        return ""
    encrypted = b"ENCRYPTED" in read_key_file(sign.key)
    if encrypted and on_terminal():
        return "the key can be read; its password is typed when it signs (or set SHIPSEAL_KEY_PASSWORD)"
    return ""

"""The VEX of others that a configuration names, read and verified: the same for releases, scans and explanations."""

from collections.abc import Mapping
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal.attest.interface import Trust
from shipseal.config.sections import Verify
from shipseal.config.vex_model import Vex
from shipseal.errors import Code, ConfigError
from shipseal.ignores.vex.document import VexDocument
from shipseal.wiring.identities import identities_of
from shipseal.wiring.trust import TrustWish, open_trust
from shipseal.wiring.vex import bundled_document


def vex_documents(
    section: Vex,
    verify: Verify | None,
    file: str,
    *,
    env: Mapping[str, str],
    clock: Clock,
    own: Trust | Path | None = None,
) -> tuple[VexDocument, ...]:
    """Return the documents that ``vex.documents`` names, all of them believed.

    Args:
        section: ``vex:``.
        verify: ``verify:`` of the same file, which says who is trusted where ``vex:`` does not; None without one.
        file: where it stands, for errors.
        env: the environment, for the public instance's trusted root.
        clock: time.
        own: who is trusted where neither says it: the release's own key.

    Raises:
        AttestError: a document is not signed by anybody who is trusted.
        ConfigError: nobody is trusted, or a file cannot be read or holds no VEX.
    """
    if not section.documents:
        return ()
    trust = _trust(section, verify, file, env=env, clock=clock, own=own)
    return tuple(
        bundled_document(Path(path), trust, this_image_only=section.this_image_only)
        for path in section.documents
    )


def tell_documents(documents: tuple[VexDocument, ...], reporter: Reporter) -> None:
    """Say which documents of others are believed, and by whose word."""
    for document in documents:
        signer = f"signed by {document.signer}" if document.signer else "which nobody signed"
        reporter.note(f"VEX {document.source}, {signer}")


def _trust(
    section: Vex,
    verify: Verify | None,
    file: str,
    *,
    env: Mapping[str, str],
    clock: Clock,
    own: Trust | Path | None,
) -> Trust:
    named = section.keys or section.identities
    source: Vex | Verify | None = section if named else verify
    if source is not None and (source.keys or source.identities):
        root = section.trusted_root or (verify.trusted_root if verify else None)
        wish = TrustWish(
            keys=tuple(map(Path, source.keys)),
            identities=identities_of(source, file, name="vex" if named else "verify"),
            trusted_root=root,
        )
        return open_trust(wish, env, clock).trust
    if isinstance(own, Path):
        return open_trust(TrustWish(keys=(own,)), env, clock).trust
    if own is None:
        raise ConfigError(
            f"{file}: vex.documents: nobody is trusted to sign them",
            hint="name the public key of whoever does in vex.keys, or who they are in vex.identities",
            code=Code.POLICY_EMPTY,
        )
    return own

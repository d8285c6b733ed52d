"""What `shipseal verify` requires and whom it trusts: from options, a configuration, or a policy that stands alone."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal.errors import Code, ConfigError
from shipseal.intoto.predicates import COSIGN_TYPES, Family, family_of
from shipseal.registry.hosts import HostSettings
from shipseal.verify.policy import SubjectRule, VerifyPolicy
from shipseal.wiring.identity_words import IdentityWords
from shipseal.wiring.trust import TrustWish

if TYPE_CHECKING:
    from shipseal.attest.identity import Identity
    from shipseal.config.sections import Verify

_COSIGN_NAMES = {name: family for family, name in COSIGN_TYPES.items()} | {
    "spdx": Family.SBOM,
    "spdxjson": Family.SBOM,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says.

    Attributes:
        keys: public keys.
        types: families, cosign's names of types, or URIs.
        config: a configuration with a ``verify`` part.
        policy: a policy that stands alone.
        who: an identity, in words.
        trusted_root: a file.
        offline: whether nothing may be fetched.
        index_only: whether the index alone must carry evidence.
    """

    keys: Sequence[Path]
    types: Sequence[str]
    config: Path | None
    policy: Path | None
    who: IdentityWords = field(default_factory=IdentityWords)
    trusted_root: Path | None = None
    offline: bool = False
    index_only: bool = False


@dataclass(frozen=True, slots=True)
class RuleBook:
    """What is required, who is trusted, how hosts are reached.

    Attributes:
        policy: what is required.
        trust: who is trusted: at least one key or identity.
        hosts: how to reach hosts.
    """

    policy: VerifyPolicy
    trust: TrustWish
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)


def rule_book(asked: Asked) -> RuleBook:
    """Return the rules; what the command line names comes before what a file says.

    Raises:
        ConfigError: ``policy.empty`` when nobody is trusted; ``config.invalid``.
    """
    if asked.config and asked.policy:
        raise ConfigError(
            "--config and --policy exclude each other", hint="name the one that decides"
        )
    written = _from_file(asked)
    policy = written.policy
    if asked.types:
        policy = replace(policy, require=tuple(dict.fromkeys(map(_family, asked.types))))
    if asked.index_only:
        policy = replace(policy, subjects=SubjectRule.INDEX)
    trust = _named(asked) or written.trust
    if not trust.keys and not trust.identities:
        raise ConfigError(
            "verify: nobody is trusted: neither a key nor an identity is named",
            hint="name a public key with --key, an identity with --repo or --certificate-identity, or keys or "
            "identities under verify: in the file of --config or --policy",
            code=Code.POLICY_EMPTY,
        )
    root = asked.trusted_root or trust.trusted_root
    return RuleBook(policy, replace(trust, trusted_root=root, offline=asked.offline), written.hosts)


def _named(asked: Asked) -> TrustWish | None:
    """Return whom the command line names; None when it names nobody, and a file decides."""
    if not asked.keys and not asked.who.given:
        return None
    identities: tuple[Identity, ...] = ()
    if asked.who.given:
        from shipseal.wiring.identity_named import identity_of  # noqa: PLC0415 - not needed with keys alone

        identities = (identity_of(asked.who),)
    return TrustWish(keys=tuple(asked.keys), identities=identities)


def _from_file(asked: Asked) -> RuleBook:
    # pydantic and YAML are imported only when there is a file to read.
    if asked.config:
        from shipseal.config.load import load  # noqa: PLC0415
        from shipseal.wiring.key_names import public_half  # noqa: PLC0415
        from shipseal.wiring.targets import host_settings  # noqa: PLC0415
        from shipseal.wiring.verification import verify_policy  # noqa: PLC0415

        loaded = load(asked.config, env=os.environ, overrides={})
        section = loaded.config.verify
        half = public_half(loaded.config.sign.key)
        own = () if section.identities or half is None else (half,)
        trust = _trust(section, str(asked.config), section.keys or own)
        return RuleBook(verify_policy(section), trust, host_settings(loaded.config))
    if asked.policy:
        from shipseal.config.load import load_policy  # noqa: PLC0415
        from shipseal.wiring.verification import verify_policy  # noqa: PLC0415

        alone = load_policy(asked.policy).policy
        return RuleBook(verify_policy(alone), _trust(alone, str(asked.policy), alone.keys))
    return RuleBook(VerifyPolicy(), TrustWish())


def _trust(section: "Verify", file: str, keys: tuple[Path, ...]) -> TrustWish:
    from shipseal.wiring.identities import identities_of  # noqa: PLC0415 - as above

    identities = identities_of(section, file)
    return TrustWish(keys=tuple(keys), identities=identities, trusted_root=section.trusted_root)


def _family(text: str) -> Family:
    found = _COSIGN_NAMES.get(text) or family_of(text)
    if found:
        return found
    try:
        return Family(text)
    except ValueError:
        known = [*Family, *_COSIGN_NAMES]
        raise ConfigError(
            f"--type {text!r}: no such kind of evidence",
            hint=f"known are {', '.join(dict.fromkeys(map(str, known)))}, and the URIs of these types",
        ) from None

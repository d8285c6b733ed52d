"""What `shipseal verify` requires and whom it trusts: from options, a configuration, or a policy that stands alone."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal.errors import Code, ConfigError
from shipseal.intoto.predicates import COSIGN_TYPES, Family, family_of
from shipseal.registry.hosts import HostSettings
from shipseal.verify.policy import VerifyPolicy

if TYPE_CHECKING:
    from shipseal.config.load import LoadedConfig

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
    """

    keys: Sequence[Path]
    types: Sequence[str]
    config: Path | None
    policy: Path | None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """What is required, who is trusted, how hosts are reached.

    Attributes:
        policy: what is required.
        keys: files with public keys, at least one.
        hosts: how to reach hosts.
    """

    policy: VerifyPolicy
    keys: tuple[Path, ...]
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
    keys = tuple(asked.keys) or written.keys
    if not keys:
        raise ConfigError(
            "verify: nobody is trusted: no key is named",
            hint="name a public key with --key, or keys under verify: in the file of --config or --policy",
            code=Code.POLICY_EMPTY,
        )
    return RuleBook(policy, keys, written.hosts)


def _from_file(asked: Asked) -> RuleBook:
    # pydantic and YAML are imported only when there is a file to read.
    if asked.config:
        from shipseal.config.load import load  # noqa: PLC0415
        from shipseal.wiring.targets import host_settings  # noqa: PLC0415
        from shipseal.wiring.verification import verify_policy  # noqa: PLC0415

        loaded = load(asked.config, env=os.environ, overrides={})
        keys = loaded.config.verify.keys or _public_half(loaded)
        hosts = host_settings(loaded.config)
        return RuleBook(verify_policy(loaded.config.verify), keys, hosts)
    if asked.policy:
        from shipseal.config.load import load_policy  # noqa: PLC0415
        from shipseal.wiring.verification import verify_policy  # noqa: PLC0415

        alone = load_policy(asked.policy).policy
        return RuleBook(verify_policy(alone), alone.keys)
    return RuleBook(VerifyPolicy(), ())


def _public_half(loaded: "LoadedConfig") -> tuple[Path, ...]:
    """Return the file beside the private key: a verifier does not open that one."""
    private = loaded.config.sign.key
    public = private.with_suffix(".pub") if private else None
    return (public,) if public and public.is_file() else ()


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

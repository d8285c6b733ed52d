"""What an export of evidence says of trust: the policy in force, its public keys, and the trusted root with its age."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shipseal._internal.clock import Clock
from shipseal.attest.key_files import read_public_keys
from shipseal.config.load import load, load_policy
from shipseal.config.sections import Verify
from shipseal.errors import ConfigError
from shipseal.evidence.export_record import KEYS, ExportedRoot
from shipseal.registry.hosts import HostSettings
from shipseal.wiring.identities import identities_of
from shipseal.wiring.targets import host_settings
from shipseal.wiring.trust import TrustWish, trusted_root

_HEADER = (
    "# What was required, and who was trusted, where this evidence was exported. It is no more trustworthy than\n"
    "# whoever gave it to you: read it before you use it with --policy.\n"
)


@dataclass(frozen=True, slots=True)
class TrustToExport:
    """What is known of trust.

    Attributes:
        policy: YAML; empty when no policy was named.
        keys: PEM by file name.
        wish: who is trusted.
        hosts: how to reach hosts.
    """

    policy: bytes = b""
    keys: Mapping[str, bytes] = field(default_factory=dict)
    wish: TrustWish = field(default_factory=TrustWish)
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)


def trust_to_export(
    config: Path | None, policy: Path | None, keys: Sequence[Path], env: Mapping[str, str]
) -> TrustToExport:
    """Return the policy of a configuration, of a file of its own, or of keys alone.

    Args:
        config: a configuration.
        policy: a policy that stands alone.
        keys: public keys; they take the place of whom a file names.
        env: the environment.

    Raises:
        ConfigError: two files are named; one of them, or a key, cannot be read.
    """
    if config and policy:
        raise ConfigError(
            "--config and --policy exclude each other", hint="name the one that decides"
        )
    section, file, hosts = Verify(), "", dict[str, HostSettings]()
    if policy:
        section, file = load_policy(policy).policy, str(policy)
    elif config:
        loaded = load(config, env=env, overrides={})
        section, file, hosts = loaded.config.verify, str(config), dict(host_settings(loaded.config))
        private = loaded.config.sign.key
        public = private.with_suffix(".pub") if isinstance(private, Path) else None
        if not section.keys and not section.identities and public and public.is_file():
            section = section.model_copy(update={"keys": (public,)})
    if keys:
        section = section.model_copy(update={"keys": tuple(keys), "identities": ()})
    if not file and not keys:
        return TrustToExport()
    wish = TrustWish(section.keys, identities_of(section, file), section.trusted_root)
    named = _named_keys(section.keys)
    return TrustToExport(_policy_text(section, tuple(named)), named, wish, hosts)


def root_to_export(
    wish: TrustWish, named: Path | None, env: Mapping[str, str], clock: Clock
) -> ExportedRoot:
    """Return the trusted root that is in force: the one that is named, else the policy's, else the public one.

    Raises:
        ConfigError: it cannot be read.
    """
    # With keys alone it is a courtesy, for which nothing is fetched.
    offline = not wish.identities
    file = named or wish.trusted_root
    root = trusted_root(replace(wish, trusted_root=file, offline=offline), env, clock)
    as_of = None if root.age is None else (clock.now() - root.age).replace(microsecond=0)
    return ExportedRoot(root.raw, root.digest, str(root.origin), as_of)


def _named_keys(paths: Sequence[Path]) -> dict[str, bytes]:
    """Return the keys themselves, written anew: a file may hold more than a public key."""
    found: dict[str, bytes] = {}
    for path, public in zip(paths, read_public_keys(paths), strict=True):
        name = f"{path.stem}.pub"
        number = 2
        while name in found:
            name, number = f"{path.stem}-{number}.pub", number + 1
        found[name] = public.pem()
    return found


def _policy_text(section: Verify, keys: Sequence[str]) -> bytes:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only where a policy is written

    # The trusted root is left out: whoever takes the policy from an export has not said yet that its root is believed.
    document: dict[str, Any] = section.model_dump(
        mode="json", exclude={"keys", "trusted_root"}, exclude_none=True
    )
    if not document.get("identities"):
        document.pop("identities", None)
    trusted = {"keys": [f"{KEYS}/{name}" for name in keys]} if keys else {}
    text = io.StringIO()
    writer = YAML(typ="rt", pure=True)
    writer.width = 1000
    writer.dump(trusted | document, text)
    return (_HEADER + text.getvalue()).encode()

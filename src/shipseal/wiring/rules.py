"""What decides in a release, from the configuration."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from shipseal.config.load import LoadedConfig
from shipseal.config.sections import Verify
from shipseal.errors import ConfigError
from shipseal.ignores.conditions import met_by, no_order
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import VexDocument
from shipseal.oci import Digest, digest_of
from shipseal.release.context import Rules
from shipseal.release.tags import Move, TagRule, plan_tags
from shipseal.sbom.store_limits import fit_limit
from shipseal.verify.policy import TargetRule
from shipseal.wiring.approvals import with_approvals
from shipseal.wiring.break_glass import GlassAsked, glass_wish
from shipseal.wiring.gate import gate_document, gate_policy
from shipseal.wiring.ignores import ignore_rules
from shipseal.wiring.key_names import public_half
from shipseal.wiring.keys import Keys
from shipseal.wiring.orders import compare_packages
from shipseal.wiring.previous import since_configured
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.verification import verify_policy
from shipseal.wiring.vex_documents import tell_documents, vex_documents

_NO_LIMIT = 1 << 40  # what no store limits is limited by nothing that fits on a disk


def release_rules(
    loaded: LoadedConfig,
    version: str,
    commit: str,
    keys: Keys,
    around: Surroundings,
    *,
    asked: GlassAsked | None = None,
) -> Rules:
    """Return the rules of one release.

    Args:
        loaded: the configuration.
        version: what is released.
        commit: of its sources.
        keys: who signs and who is trusted.
        around: what the release is run in.
        asked: what a person decided in case the gate refuses.

    Raises:
        ConfigError: a tag, a store, an ignore file or what a person decided is wrong.
    """
    config = loaded.config
    ignores = with_approvals(ignore_rules(loaded, around.reporter), loaded, around)
    vex = release_vex(loaded, keys, around)
    return Rules(
        gate=gate_policy(config.gate, config.ignores),
        ignores=ignores,
        # A consumer may be content with one target; a release requires all of it of every one.
        verify=replace(verify_policy(config.verify), targets=TargetRule.ALL),
        trust=keys.trust,
        tags=plan_tags(tag_rules(loaded), version, commit=commit),
        accept_incomplete=frozenset(config.sbom.accept_incomplete),
        predicate_limit=fit_limit(config.sbom.fit) or _NO_LIMIT,
        predicate_store=str(config.sbom.fit),
        keep_native=config.sbom.keep_native,
        parallel=config.limits.parallel,
        scan_timeout=config.timeouts.scan,
        policy_uri=loaded.path.name,
        policy_digest=_policy_digest(loaded, (ignores, vex), keys.key_ids, around.clock.now()),
        glass=glass_wish(asked, loaded, around) if asked else None,
        since=since_configured(config.gate),
        vex=vex,
        compare=compare_packages,
        vex_author=(config.vex.author or config.image) if config.vex.attest else "",
    )


def release_vex(loaded: LoadedConfig, keys: Keys, around: Surroundings) -> tuple[VexDocument, ...]:
    """Return the VEX documents that a release believes.

    Raises:
        ConfigError: one cannot be read.
        ShipsealError: nobody who is trusted signed it.
    """
    config = loaded.config
    # The release's own key counts where nobody is named; a fork has none, and only its public half may lie there.
    own = keys.trust if keys.trust.accepts else public_half(config.sign.key)
    found = vex_documents(
        config.vex, config.verify, loaded.path.name, env=around.env, clock=around.clock, own=own
    )
    tell_documents(found, around.reporter)
    return found


def tag_rules(loaded: LoadedConfig) -> tuple[TagRule, ...]:
    """Return the tags as the configuration has them.

    Raises:
        ConfigError: there is none: an image that no tag names is not released.
    """
    if not loaded.config.tags:
        raise ConfigError(
            f"{loaded.path.name}: tags: none is given, so a release would publish nothing",
            hint='write for example tags: ["{version}", latest]',
        )
    rules = tuple(
        TagRule(tag.tag, Move(tag.move) if tag.move else None) for tag in loaded.config.tags
    )
    by_order = [rule.template for rule in rules if rule.move is None and not rule.immutable]
    if by_order and not any("{version}" in rule.template for rule in rules):
        raise ConfigError(
            f"{loaded.path.name}: tags: {by_order[0]!r} moves only to a higher version, and no tag says which versions "
            "are public",
            hint='add "{version}", or write {tag: ' + by_order[0] + ", move: always}",
        )
    return rules


def _identities(verify: Verify) -> dict[str, object]:
    if not verify.identities:
        return {}
    return {
        "identities": [one.model_dump(mode="json", exclude_none=True) for one in verify.identities]
    }


def _terms(loaded: LoadedConfig, ignores: Sequence[IgnoreRule]) -> dict[str, Any]:
    """Return on which terms ignores count; where no rule is in force, that decides nothing."""
    section = loaded.config.ignores
    document = section.model_dump(mode="json", include={"unjustified", "require"})
    document |= section.model_dump(mode="json", include={"condition_met"}, exclude_defaults=True)
    return {"ignore_terms": document} if ignores else {}


def _policy_digest(
    loaded: LoadedConfig,
    exceptions: tuple[Sequence[IgnoreRule], Sequence[VexDocument]],
    key_ids: Sequence[str],
    now: datetime,
) -> Digest:
    """Return the digest of what was decided by: the gate and what verification requires, in canonical form."""
    config = loaded.config
    ignores, vex = exceptions
    day_is_over = met_by(no_order, now)
    document = {
        "gate": gate_document(config.gate),
        "verify": {
            "keys": list(key_ids),
            # Left out where there are none, so that the digest of a policy with keys alone stays what it was.
            **_identities(config.verify),
            "require": list(config.verify.require),
            "platforms": list(config.verify.platforms) or "all",
            **({} if config.verify.subjects == "all" else {"subjects": config.verify.subjects}),
            "scan_max_age": config.verify.scan_max_age,
            "break_glass": config.verify.break_glass,
        },
        "accept_incomplete": sorted(config.sbom.accept_incomplete),
        # An ignore that has ended is another policy: a release that was held decides again.
        # Who let it in is a fact about a rule, and no part of what is decided by.
        "ignores": [
            asdict(replace(rule, approval=None))
            | {"ended": rule.expired(now) or bool(day_is_over(rule, ()))}
            for rule in ignores
        ],
        # So is another statement of somebody else, or the same by another's word.
        **({"vex": sorted([one.digest, one.signer] for one in vex)} if vex else {}),
        **_terms(loaded, ignores),
    }
    return digest_of(
        json.dumps(document, sort_keys=True, separators=(",", ":"), default=str).encode()
    )

"""A release from the configuration: every part and every rule, ready to run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from shipseal import __version__
from shipseal._internal.budget import Wanted
from shipseal._internal.retry import SYFT_RETRIES
from shipseal.build.git import git_facts
from shipseal.build.interface import BuildRequest, GitFacts
from shipseal.config.load import LoadedConfig, load
from shipseal.errors import ConfigError
from shipseal.evidence.interface import EvidenceStore
from shipseal.github.event import origin_of
from shipseal.intoto.provenance import github_provenance_predicate
from shipseal.oci import Digest, Platform, digest_of
from shipseal.oci.blob_store import BlobStore
from shipseal.registry.interface import Target
from shipseal.release.context import Mode, Origin, Parts
from shipseal.release.folders import EVIDENCE, release_id
from shipseal.release.records import Plan
from shipseal.release.retold import RetoldReporter
from shipseal.release.session import Setup, work_folder
from shipseal.sbom.cache import SbomCache, cache_folder
from shipseal.sbom.syft import SyftCataloguer, SyftOptions
from shipseal.wiring.advice import advise
from shipseal.wiring.bases import base_finder
from shipseal.wiring.break_glass import GlassAsked
from shipseal.wiring.builders import builder_for
from shipseal.wiring.epoch import stated_epoch
from shipseal.wiring.evidence import further_stores, referrers_stores
from shipseal.wiring.keys import Keys, fork_keys, release_keys
from shipseal.wiring.previous import earlier
from shipseal.wiring.rules import release_rules, tag_rules
from shipseal.wiring.scanners import scanner_for
from shipseal.wiring.state import state_folder
from shipseal.wiring.status_pages import holding_for
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.targets import Connections
from shipseal.wiring.turns import turns_for
from shipseal.wiring.versions import later

_OPTIONS = {"version": "--version", "timeouts.wait": "--wait", "gate.must_fix": "--must-fix"}
_HOW = frozenset({"version", "limits", "timeouts", "registries", "status"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for.

    Attributes:
        version: what to release; None for the configuration's.
        config: the file; None for the one in the current folder.
        dry_run: upload and sign nothing.
        resumed: id of the release that is to go on; None for whichever this is.
        traced: whether the release is to go on without a journal, so that a target must have a trace of it.
        glass: what a person decided in case the gate refuses.
        must_fix: vulnerabilities that must be gone, besides those of the configuration.
        wait: how long to wait for the end of an outage; None for the configuration's.
    """

    version: str | None
    config: Path | None
    dry_run: bool
    resumed: str | None = None
    traced: bool = False
    glass: GlassAsked | None = None
    must_fix: tuple[str, ...] = ()
    wait: str | None = None


def release_setup(wish: Wish, around: Surroundings) -> Setup:
    """Return a release that can run, having waited for that where an outage stands in the way and waiting is wished.

    Raises:
        ConfigError: the configuration or the command line is wrong.
        ShipsealError: what a release needs before it begins cannot be had.
    """
    loaded = _loaded(wish, around.env)
    holding = holding_for(loaded, around)
    limited = replace(around, left=holding.left)
    ready = holding.attempt(lambda: _ready(wish, loaded, limited))
    return replace(ready, holding=holding)


def _ready(wish: Wish, loaded: LoadedConfig, around: Surroundings) -> Setup:
    version = _version(loaded)
    # A fork has no key, and needs none: nothing is signed and nothing read back.
    fork = origin_of(around.env).fork
    retold = RetoldReporter(around.reporter)
    around = replace(around, reporter=retold)
    mode = Mode(
        dry_run=wish.dry_run, fork=fork, resumed=wish.resumed is not None, traced=wish.traced
    )
    keys = fork_keys() if mode.fork else release_keys(loaded, around, dry_run=mode.dry_run)
    git = _git(loaded)
    origin = _origin(loaded, git, around.env)
    if origin.github:
        github_provenance_predicate(
            origin.github
        )  # what is missing there is told before anything long begins
    identifier = _identifier(wish, loaded, version)
    state = state_folder(loaded.path, around.env)
    connections = Connections(
        loaded.config, loaded.folder, around.clock, told=retold.tried_again, left=around.left
    )
    targets = tuple(connections.open(text) for text in loaded.config.targets)
    opened = _Open(
        connections,
        keys,
        state.blobs,
        state.release(identifier) / EVIDENCE,
        writes=not mode.dry_run and not mode.fork,
    )
    return Setup(
        state=state,
        plan=_plan(loaded, identifier, version, keys),
        parts=_parts(loaded, around, targets, opened),
        rules=release_rules(loaded, version, git.commit, keys, around, asked=wish.glass),
        mode=mode,
        origin=origin,
        request=_request(loaded, around, git, work_folder(state, identifier)),
        lock_wait=loaded.config.timeouts.lock,
    )


def _loaded(wish: Wish, env: Mapping[str, str]) -> LoadedConfig:
    """Return the configuration with what the command line says; it adds to what must be gone, and takes nothing off."""
    words: dict[str, object] = {"version": wish.version, "timeouts.wait": wish.wait}
    loaded = load(wish.config, env=env, overrides=words, options=_OPTIONS)
    known = loaded.config.gate.must_fix
    further = tuple(dict.fromkeys(text for text in wish.must_fix if text not in known))
    if not further:
        return loaded
    words["gate.must_fix"] = (*known, *further)
    return load(wish.config, env=env, overrides=words, options=_OPTIONS)


@dataclass(frozen=True, slots=True)
class _Open:
    """What has been opened for this release."""

    connections: Connections
    keys: Keys
    blobs: BlobStore
    evidence: Path
    writes: bool


def _identifier(wish: Wish, loaded: LoadedConfig, version: str) -> str:
    identifier = release_id(loaded.config.image, version, config_identity(loaded))
    if wish.resumed not in (None, identifier):
        raise ConfigError(
            f"{loaded.path.name}: the configuration has changed since release {wish.resumed} was started",
            hint=f"put it back to go on with that one, or start anew: shipseal release --version {version}",
            context={"release": str(wish.resumed), "now": identifier},
        )
    return identifier


def config_identity(loaded: LoadedConfig) -> Digest:
    """Return the digest of the file, or of file and effective values when variables or options changed any.

    What says how, not what, does not count: the version, limits, timeouts, how registries are reached, status pages.
    """
    place = f"{loaded.path.name}:"
    changed = [
        key
        for key, origin in loaded.sources.items()
        if not origin.startswith(place) and key.partition(".")[0].partition("[")[0] not in _HOW
    ]
    if not changed:
        return loaded.digest
    values = loaded.config.model_dump_json(exclude=set(_HOW))
    told = f"{loaded.digest}\n{values.replace(str(loaded.folder), '.')}"
    return digest_of(told.encode())


def _git(loaded: LoadedConfig) -> GitFacts:
    facts = git_facts(loaded.folder)
    stated = loaded.config.source
    return replace(facts, remote=str(stated)) if stated else facts


def _version(loaded: LoadedConfig) -> str:
    if not loaded.config.version:
        raise ConfigError(
            f"{loaded.path.name}: version: it is not said which version is to be released",
            hint="give --version V, or write version: V",
        )
    return loaded.config.version


def _plan(loaded: LoadedConfig, identifier: str, version: str, keys: Keys) -> Plan:
    config = loaded.config
    return Plan(
        release=identifier,
        image=config.image,
        version=version,
        config=config_identity(loaded),
        platforms=tuple(str(name) for name in config.platforms),
        targets=tuple(config.targets),
        tags=tuple((rule.template, str(rule.move or "")) for rule in tag_rules(loaded)),
        signer=keys.signer.identity,
    )


def _parts(
    loaded: LoadedConfig, around: Surroundings, targets: tuple[Target, ...], opened: _Open
) -> Parts:
    config, clock, reporter = loaded.config, around.clock, around.reporter
    further = further_stores(loaded, around, opened.evidence, writes=opened.writes)

    def stores(created: datetime) -> tuple[EvidenceStore, ...]:
        return (*referrers_stores(targets, created), *further)

    syft = SyftOptions(
        binary=config.sbom.syft or "",
        timeout=config.timeouts.catalogue,
        epoch=stated_epoch(around.env),
        retries=replace(SYFT_RETRIES, left=around.left),
    )
    cache = SbomCache(cache_folder(around.env))
    limits = config.limits
    wanted = Wanted(limits.parallel, limits.cores, limits.memory)
    turns = turns_for(wanted, around.env, clock)
    return Parts(
        builder=builder_for(config.build, opened.connections),
        targets=targets,
        stores=stores,
        cataloguer=SyftCataloguer(syft, opened.blobs, cache, clock, reporter, turns=turns),
        scanner=scanner_for(loaded, around.env, clock, reporter, turns),
        signer=lambda: opened.keys.signer,
        blobs=opened.blobs,
        clock=clock,
        reporter=reporter,
        turns=turns,
        base=base_finder(loaded, opened.connections),
        earlier=lambda: earlier(
            state_folder(loaded.path, around.env), config.image, _version(loaded)
        ),
        advise=advise,
        later=later,
    )


def _origin(loaded: LoadedConfig, git: GitFacts, env: Mapping[str, str]) -> Origin:
    in_actions = env.get("GITHUB_ACTIONS") == "true"
    names = (name for name in env if name.startswith("GITHUB_") or name == "RUNNER_ENVIRONMENT")
    return Origin(
        git=git,
        github={name: env[name] for name in names if "TOKEN" not in name} if in_actions else {},
        builder=loaded.config.build.builder,
        config_digest=config_identity(loaded),
        shipseal_version=__version__,
    )


def _request(loaded: LoadedConfig, around: Surroundings, git: GitFacts, work: Path) -> BuildRequest:
    config = loaded.config
    epoch = stated_epoch(around.env)
    return BuildRequest(
        name=config.image,
        version=_version(loaded),
        platforms=tuple(Platform.parse(str(name)) for name in config.platforms),
        folder=loaded.folder,
        work=work,
        git=git,
        epoch=git.committed_at if epoch is None else epoch,
        timeout=config.timeouts.build,
        reporter=around.reporter,
        annotations=config.build.annotations,
    )

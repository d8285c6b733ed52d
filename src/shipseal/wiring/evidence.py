"""Where evidence goes and is looked for: the referrers of targets, GitHub, folders, each with its limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy, again_in, until
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.evidence.cosign_tags import CosignTags
from shipseal.evidence.folder_store import FolderStore
from shipseal.evidence.interface import Bound, EvidenceSource, EvidenceStore
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.registry.interface import Target

if TYPE_CHECKING:
    from shipseal.attest.identity import Identity
    from shipseal.config.load import LoadedConfig
    from shipseal.evidence.github_store import GitHubStore
    from shipseal.wiring.surroundings import Surroundings

_GITHUB = "github"
# A person waits for the answer, and asking again is cheap.
_PATIENCE = RetryPolicy(tries=3, deadline=30.0)


def store_bounds(store: str) -> tuple[Bound, ...]:
    """Return what a store takes at most, from the table that ``shipseal sbom limits`` shows."""
    # Its table brings modules that no verification needs.
    from shipseal.sbom.store_limits import Counts, limits_for  # noqa: PLC0415

    words: dict[Counts, Literal["predicate", "bundle"]] = {
        Counts.PREDICATE: "predicate",
        Counts.BUNDLE: "bundle",
    }
    return tuple(
        Bound(limit.name, limit.size, words[limit.counts], limit.source)
        for limit in limits_for((store,))
        if limit.counts in words
    )


def own_sources(target: Target, *, explain: bool = False) -> tuple[EvidenceSource, ...]:
    """Return where evidence lies at the place of an image itself.

    Args:
        target: the place.
        explain: whether what never counts is looked for, too.
    """
    return ReferrersStore(target), CosignTags(target, signatures=explain)


def referrers_stores(targets: Sequence[Target], created: datetime) -> tuple[EvidenceStore, ...]:
    """Return the referrers of each target, under the target's name."""
    bounds = store_bounds("oci")
    return tuple(ReferrersStore(one, created=created, bounds=bounds) for one in targets)


def further_stores(
    loaded: "LoadedConfig", around: "Surroundings", own: Path, *, writes: bool = True
) -> tuple[EvidenceStore, ...]:
    """Return where a release puts its evidence besides the targets, as ``evidence:`` says.

    Args:
        loaded: the configuration.
        around: what the release is run in.
        own: the folder that is taken where none is named: evidence always lies at two stores at least.
        writes: whether anything will be stored; a rehearsal needs no rights.

    Raises:
        AttestError: ``auth.attestations-permission``: GitHub takes evidence from nobody who has no token.
        ConfigError: the address of GitHub or its token cannot be used.
    """
    stores: list[EvidenceStore] = []
    if repository := evidence_repository(loaded, around.env):
        policy = until(
            loaded.config.timeouts.retry_deadline,
            told=lambda error, wait: around.reporter.note(again_in(error, wait)),
            left=around.left,
        )
        if writes:
            _check_token(repository, around.env)
        stores.append(github_store(repository, around.env, around.clock, policy))
    folder = loaded.config.evidence.folder or own
    # Readers are held to the same limit in a folder as at a registry.
    return (*stores, FolderStore(folder, bounds=store_bounds("oci")))


def _check_token(repository: str, env: Mapping[str, str]) -> None:
    """Make sure that there is somebody to store as: it is known now, and would show after everything was signed."""
    from shipseal.github.hosts import github_host  # noqa: PLC0415

    host = github_host(env)
    if not host.token:
        raise AttestError(
            Code.ATTESTATIONS_PERMISSION,
            f"evidence.github: {repository} at {host.name} takes no evidence without a token, and there is none",
            hint="put the job's token into GH_TOKEN and give the job `permissions: attestations: write`, or write "
            "evidence: {github: none}",
        )


def github_store(
    repository: str,
    env: Mapping[str, str],
    clock: Clock,
    policy: RetryPolicy,
    *,
    hostname: str = "",
) -> "GitHubStore":
    """Return the attestations of a repository as a store.

    Args:
        repository: ``OWNER/NAME``.
        env: for the address of GitHub and the token.
        clock: time and sleep.
        policy: how often and how long it is tried.
        hostname: of another GitHub than the environment's.

    Raises:
        ConfigError: one of them cannot be used.
    """
    from shipseal.evidence.github_store import GitHubStore  # noqa: PLC0415 - brings an HTTP client
    from shipseal.github.attestations import GitHubAttestations  # noqa: PLC0415
    from shipseal.github.hosts import github_host, parse_repository  # noqa: PLC0415
    from shipseal.github.rest import GitHubRest  # noqa: PLC0415

    name = parse_repository(repository)
    rest = GitHubRest(github_host(env, hostname), clock, policy)
    return GitHubStore(GitHubAttestations(rest, name), clock, policy, bounds=store_bounds(_GITHUB))


def exported_target(folder: Path, name: str) -> Target:
    """Return an export of evidence, which is a layout, as a target to read from; ``name`` is how it is called."""
    from shipseal.registry.layout_target import LayoutTarget  # noqa: PLC0415 - only where there is one

    return LayoutTarget(folder, name=name)


@dataclass(frozen=True, slots=True)
class SourcesAsked:
    """Where a verification looks besides the image's own place.

    Attributes:
        texts: ``github``, ``github:[HOST/]OWNER/NAME``, or a folder.
        identities: who is trusted: ``github`` alone means the repository that they name.
        offline: whether nothing may be fetched.
    """

    texts: tuple[str, ...]
    identities: "tuple[Identity, ...]" = ()
    offline: bool = False


def evidence_sources(
    asked: SourcesAsked, env: Mapping[str, str], clock: Clock
) -> tuple[EvidenceSource, ...]:
    """Return what is asked for, in its order.

    Raises:
        ConfigError: one of them names no place, or cannot be reached offline.
    """
    return tuple(_source(text, asked, env, clock) for text in asked.texts)


def _source(text: str, asked: SourcesAsked, env: Mapping[str, str], clock: Clock) -> EvidenceSource:
    kind, colon, rest = text.partition(":")
    if kind != _GITHUB:
        return _folder(text)
    if asked.offline:
        raise ConfigError(
            f"--store {text}: cannot be reached with --offline",
            hint="name a folder with what `gh attestation download` wrote",
        )
    hostname, repository = _named(rest) if colon else ("", _only_repository(asked))
    return github_store(repository, env, clock, _PATIENCE, hostname=hostname)


def _named(text: str) -> tuple[str, str]:
    words = text.split("/")
    return (words[0], "/".join(words[1:])) if len(words) == 3 else ("", text)


def _folder(text: str) -> FolderStore:
    folder = Path(text)
    if not folder.is_dir():
        raise ConfigError(
            f"--store {text!r}: is no folder",
            hint="write github, github:OWNER/NAME, or a folder with files sha256-….jsonl",
        )
    return FolderStore(folder)


def _only_repository(asked: SourcesAsked) -> str:
    named = {str(one.repository) for one in asked.identities if one.repository is not None}
    if len(named) != 1 or "*" in (name := next(iter(named))):
        raise ConfigError(
            "--store github: it is not said of which repository",
            hint="write --store github:OWNER/NAME, or name the one that is trusted: --repo OWNER/NAME",
        )
    return name


def evidence_repository(loaded: "LoadedConfig", env: Mapping[str, str]) -> str:
    """Return whose attestations a release goes to; empty for nobody's."""
    from shipseal.github.event import origin_of  # noqa: PLC0415
    from shipseal.wiring.keys import signing_mode  # noqa: PLC0415

    wished = loaded.config.evidence.github
    if wished == "none" or origin_of(env).fork:
        return ""
    if wished != "auto":
        return wished
    has_token = bool(env.get("GH_TOKEN") or env.get("GITHUB_TOKEN"))
    known_instance = loaded.config.sign.signing_config is None
    in_job = env.get("GITHUB_ACTIONS") == "true" and has_token
    # GitHub takes only what an instance of Sigstore vouches for that it knows.
    if in_job and known_instance and signing_mode(loaded) == "keyless":
        return env.get("GITHUB_REPOSITORY", "")
    return ""

"""SLSA provenance v1 predicates (slsa.dev/spec/v1.1/provenance): where an image came from.

Two build types. In GitHub Actions: GitHub's own, field for field what its attestation action writes, so that whatever
reads those reads these. Elsewhere: :data:`BUILD_TYPE`, described in ``docs/provenance.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.intoto.resource import Resource, digest_set
from shipseal.intoto.statement import decode_predicate
from shipseal.oci import Digest

BUILD_TYPE = "pkg:pypi/shipseal#buildtypes/release/v1"
"""The build type of a release outside GitHub Actions."""
LOCAL_BUILDER = "pkg:pypi/shipseal#builders/local/v1"
"""Whoever holds the machine and the key: SLSA Build level 1 and no more."""
GITHUB_BUILD_TYPE = "https://actions.github.io/buildtypes/workflow/v1"

_GITHUB_VARIABLES = (
    "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_WORKFLOW_REF",
    "GITHUB_REF",
    "GITHUB_SHA",
    "GITHUB_EVENT_NAME",
    "GITHUB_REPOSITORY_ID",
    "GITHUB_REPOSITORY_OWNER_ID",
    "RUNNER_ENVIRONMENT",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What git says about the sources.

    Attributes:
        commit: full hexadecimal id.
        dirty: whether tracked files differ from it.
        ref: ``refs/heads/main``; may be empty.
        remote: https URL without credentials; may be empty.
        untracked: how many files beside them git neither tracks nor ignores; None when that is not known.
    """

    commit: str
    dirty: bool
    ref: str = ""
    remote: str = ""
    untracked: int | None = None

    def resource(self) -> Resource:
        """Return the sources as a resolved dependency."""
        suffix = f"@{self.ref}" if self.ref else ""
        untracked = {} if self.untracked is None else {"untracked": self.untracked}
        return Resource(
            uri=f"git+{self.remote}{suffix}" if self.remote else "",
            digest={"gitCommit": self.commit},
            name="source",
            annotations={"dirty": self.dirty, **untracked},
        )


@dataclass(frozen=True, slots=True)
class ProvenanceFacts:
    """What a release outside GitHub Actions knows about the image's origin.

    Attributes:
        image: the image's name.
        version: the release's version.
        platforms: ``os/arch[/variant]`` of each platform.
        builder: how it was built: ``layers``, ``buildah``, ``buildx``, ``prebuilt``.
        config_digest: of the configuration file's bytes.
        started: when the build began.
        finished: when it ended.
        shipseal_version: of the program that ran it.
        source: the sources; None outside a repository.
        dependencies: base images, builder and whatever else went in.
        builder_id: who is trusted for all this.
        builder_versions: versions of what took part, by name.
        invocation_id: identifies this run: the release's id.
        byproducts: what may be needed later: the full SBOM, scan results.
    """

    image: str
    version: str
    platforms: tuple[str, ...]
    builder: str
    config_digest: Digest
    started: datetime
    finished: datetime
    shipseal_version: str
    source: SourceFacts | None = None
    dependencies: tuple[Resource, ...] = ()
    builder_id: str = LOCAL_BUILDER
    builder_versions: Mapping[str, str] = field(default_factory=dict)
    invocation_id: str = ""
    byproducts: tuple[Resource, ...] = ()


def provenance_predicate(facts: ProvenanceFacts) -> dict[str, Any]:
    """Return the predicate of build type :data:`BUILD_TYPE`."""
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "image": facts.image,
                "version": facts.version,
                "platforms": list(facts.platforms),
                "builder": facts.builder,
                "config": digest_set(facts.config_digest),
            },
            "resolvedDependencies": [item.to_json() for item in _dependencies(facts)],
        },
        "runDetails": _run_details(facts),
    }


def _dependencies(facts: ProvenanceFacts) -> tuple[Resource, ...]:
    config = Resource(digest=digest_set(facts.config_digest), name="configuration")
    source = (facts.source.resource(),) if facts.source else ()
    return (config, *source, *facts.dependencies)


def _run_details(facts: ProvenanceFacts) -> dict[str, Any]:
    metadata = {"startedOn": rfc3339(facts.started), "finishedOn": rfc3339(facts.finished)}
    if facts.invocation_id:
        metadata["invocationId"] = facts.invocation_id
    details: dict[str, Any] = {
        "builder": {
            "id": facts.builder_id,
            "version": {"shipseal": facts.shipseal_version, **facts.builder_versions},
        },
        "metadata": metadata,
    }
    if facts.byproducts:
        details["byproducts"] = [item.to_json() for item in facts.byproducts]
    return details


def github_provenance_predicate(
    environment: Mapping[str, str], *, job_workflow_ref: str = ""
) -> dict[str, Any]:
    """Return GitHub's own predicate, with the fields of actions/toolkit ``packages/attest/src/provenance.ts``.

    Args:
        environment: the job's ``GITHUB_*`` variables and ``RUNNER_ENVIRONMENT``.
        job_workflow_ref: the claim of that name in the job's OIDC token. It differs from the caller's workflow where a
            reusable workflow runs, and no variable carries it.

    Raises:
        ConfigError: a variable is missing.
    """
    env = _github_variables(environment)
    server, repository = env["GITHUB_SERVER_URL"], env["GITHUB_REPOSITORY"]
    workflow = env["GITHUB_WORKFLOW_REF"]
    # A tag may hold an @ of its own, so only the first one separates.
    path, _, ref = workflow.replace(f"{repository}/", "", 1).partition("@")
    run = f"{server}/{repository}/actions/runs/{env['GITHUB_RUN_ID']}"
    return {
        "buildDefinition": {
            "buildType": GITHUB_BUILD_TYPE,
            "externalParameters": {
                "workflow": {"ref": ref, "repository": f"{server}/{repository}", "path": path}
            },
            "internalParameters": {
                "github": {
                    "event_name": env["GITHUB_EVENT_NAME"],
                    "repository_id": env["GITHUB_REPOSITORY_ID"],
                    "repository_owner_id": env["GITHUB_REPOSITORY_OWNER_ID"],
                    "runner_environment": env["RUNNER_ENVIRONMENT"],
                }
            },
            "resolvedDependencies": [
                {
                    "uri": f"git+{server}/{repository}@{env['GITHUB_REF']}",
                    "digest": {"gitCommit": env["GITHUB_SHA"]},
                }
            ],
        },
        "runDetails": {
            "builder": {"id": f"{server}/{job_workflow_ref or workflow}"},
            "metadata": {"invocationId": f"{run}/attempts/{env['GITHUB_RUN_ATTEMPT']}"},
        },
    }


def _github_variables(environment: Mapping[str, str]) -> dict[str, str]:
    missing = [name for name in _GITHUB_VARIABLES if not environment.get(name)]
    if missing:
        raise ConfigError(
            f"provenance: the environment of a GitHub Actions job lacks {', '.join(missing)}",
            hint="run it in a job of GitHub Actions and pass these variables on to the container it runs in",
        )
    return {name: environment[name] for name in _GITHUB_VARIABLES}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a verifier needs of a provenance predicate.

    Attributes:
        build_type: how it was built.
        builder: who built it.
    """

    build_type: str
    builder: str


def parse_provenance(predicate: bytes) -> Origin:
    """Read a provenance predicate v1 of any build type.

    Raises:
        AttestError: ``attest.invalid`` when it lacks what SLSA Build level 1 requires: build type and builder.
    """
    document = decode_predicate(predicate, what="provenance predicate")
    try:
        definition, details = document["buildDefinition"], document["runDetails"]
        build_type, builder = definition["buildType"], details["builder"]["id"]
    except (KeyError, TypeError) as error:
        raise _malformed("it lacks buildType or builder.id") from error
    if not (isinstance(build_type, str) and isinstance(builder, str) and build_type and builder):
        raise _malformed("its buildType or builder.id is empty or no text")
    return Origin(build_type, builder)


def _malformed(problem: str) -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"provenance predicate: {problem}",
        hint="this says nothing about the image's origin: attest it again",
    )

"""What only reads from a registry with a fault: the pull of a base image, and a verification."""

import base64
import json
import os
from pathlib import Path

from shipseal.build.layer_options import LayerFile, LayersOptions, LayerSpec
from shipseal.build.layers import LayersBuilder
from shipseal.cli.verify_places import look_around
from shipseal.errors import Code, Exit, ShipsealError
from shipseal.oci.closure import closure_of
from shipseal.oci.reference import Reference
from shipseal.registry.credentials import Credentials
from shipseal.registry.interface import BlobUpload, Target
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from shipseal.testing.credentials import FixedCredentials
from shipseal.testing.faults import Rule
from shipseal.testing.images import build_layout
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from tests.support.simulated import POLICY
from tests.support.wire_faults import PASSWORD, USER, Kind, Scene, Step

BASE = "org/base"


def base_builder(made: Scene) -> LayersBuilder:
    """Store a base image at the scene's registry, and return a builder that puts a layer on it."""
    folder = made.bench.folder
    sample = build_layout(folder / "base")
    with_base = _open(made, Reference.parse(f"{made.registry.host}/{BASE}"))
    parts = closure_of(sample.layout, sample.root, what="base")
    for blob in parts.blobs:
        with_base.put_blob(
            BlobUpload(
                blob, lambda *, offset=0, one=blob: sample.layout.open_blob(one, offset=offset)
            )
        )
    for manifest in parts.manifests:
        with_base.put_manifest(manifest)
    with_base.put_tag("stable", sample.root)
    with_base.close()
    (folder / "program").write_bytes(b"#!")
    options = LayersOptions(
        base=f"{made.registry.host}/{BASE}:stable",
        layers=(LayerSpec((LayerFile(Path("program"), "/usr/bin/program"),)),),
    )
    return LayersBuilder(options, lambda reference: _open(made, reference))


def _open(made: Scene, reference: Reference) -> Target:
    known = {made.registry.host: Credentials("the test", USER, PASSWORD)}
    options = RegistryOptions(
        credentials=FixedCredentials(known), clock=made.bench.clock, policy=POLICY
    )
    return RepositoryTarget(reference, options)


def verify_with(
    made: Scene, kind: Kind, step: Step
) -> tuple[tuple[str, Code | None, Exit, str], Rule]:
    """Release, let a fault strike, and verify as the command does.

    Returns:
        Outcome, code, exit status and message; and the rule that counts what was struck.
    """
    assert made.bench.run().status == "done"
    _log_in(made.registry.host)
    rule = made.strike(kind.make(made), step, times=kind.times)
    return verified(made), rule


def verified(made: Scene) -> tuple[str, Code | None, Exit, str]:
    """Verify the release at the registry; return outcome, code, exit status and message."""
    trust = made.bench.setup().rules.trust
    try:
        (place,) = look_around([f"{made.bench.targets[1].name}:1.0.0"], {}, made.bench.clock)
    except ShipsealError as error:
        return "could not look", error.code, error.exit, error.message
    verdict = decide(VerifyPolicy(), [place.collected], trust, now=made.bench.clock.now())
    if verdict.passed:
        return "verified", None, verdict.exit, ""
    failed = verdict.failures()[0]
    return "not verified", failed.standing.code, verdict.exit, f"{failed.standing} {failed.got}"


def _log_in(host: str) -> None:
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = Path(os.environ["HOME"]) / ".docker" / "config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"auths": {host: {"auth": auth}}}))

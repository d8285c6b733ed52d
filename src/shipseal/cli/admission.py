"""`shipseal admission`: the policy of verify, written out for those who let images into a cluster."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipseal.cli.output import print_json, tell
from shipseal.errors import ConfigError

if TYPE_CHECKING:
    from shipseal.verify.admission.interface import AdmissionPolicy, Written

app = typer.Typer(
    help="Write the policy out for a cluster's admission controller.", no_args_is_help=True
)

Images = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        help="Images that the policy is for, as HOST/REPOSITORY with globs; may be given several times. Default: the "
        "configuration's registries, every tag and digest.",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration whose verify part is the policy."),
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="File with the keys of verify at its top.")
]
Name = Annotated[str, typer.Option("--name", help="Name of the resource.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def kyverno(
    *,
    images: Images = None,
    config: ConfigFile = None,
    policy: PolicyFile = None,
    name: Name = "shipseal",
    as_json: Json = False,
) -> None:
    """Write an ImageValidatingPolicy for Kyverno. What it cannot say is told on standard error."""
    from shipseal.verify.admission.kyverno import kyverno as write  # noqa: PLC0415 - when needed

    _print(write(_policy(images, config, policy, name)), as_json=as_json)


@app.command()
def policy_controller(
    *,
    images: Images = None,
    config: ConfigFile = None,
    policy: PolicyFile = None,
    name: Name = "shipseal",
    as_json: Json = False,
) -> None:
    """Write a ClusterImagePolicy for Sigstore's policy-controller, with a TrustRoot for a private instance."""
    from shipseal.verify.admission.controller import (  # noqa: PLC0415 - when needed
        policy_controller as write,
    )

    _print(write(_policy(images, config, policy, name)), as_json=as_json)


def _policy(
    images: list[str] | None, config: Path | None, policy: Path | None, name: str
) -> "AdmissionPolicy":
    from shipseal._internal.clock import SystemClock  # noqa: PLC0415 - imported when it is needed
    from shipseal.attest.trust_root_source import named_root  # noqa: PLC0415
    from shipseal.config.load import load, load_policy  # noqa: PLC0415
    from shipseal.wiring.admission import AdmissionWish, admission_policy  # noqa: PLC0415

    if config and not policy:
        loaded = load(config, env=os.environ, overrides={})
        section, file, targets = loaded.config.verify, config, tuple(loaded.config.targets)
    elif policy and not config:
        section, file, targets = load_policy(policy).policy, policy, ()
    else:
        raise ConfigError(
            "admission: name the policy with one of --config and --policy",
            hint="for example shipseal admission kyverno --config shipseal.yaml",
        )
    root = named_root(section.trusted_root, SystemClock().now()) if section.trusted_root else None
    wish = AdmissionWish(section, str(file), section.keys, root, _globs(images, targets), name)
    return admission_policy(wish)


def _globs(images: list[str] | None, targets: Sequence[str]) -> tuple[str, ...]:
    named = images or [f"{target}**" for target in targets if not target.startswith("oci:")]
    if not named:
        raise ConfigError(
            "admission: it is not said which images the policy is for",
            hint="name them with --image, for example --image 'ghcr.io/org/app**'",
        )
    return tuple(named)


def _print(written: "Written", *, as_json: bool) -> None:
    for sentence in written.left_out:
        tell(f"not expressed: {sentence}")
    if as_json:
        print_json({"documents": list(written.documents), "notExpressed": list(written.left_out)})
        return
    from shipseal.cli.admission_yaml import print_documents  # noqa: PLC0415 - YAML when needed

    print_documents(written)

"""The options by which a command line says who may have signed, named as gh's and cosign's; shared by two commands."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from shipseal.wiring.identity_words import IdentityWords


def _text(*names: str, help: str) -> Any:
    return Annotated[str | None, typer.Option(*names, help=help)]


def _flag(*names: str, help: str) -> Any:
    return Annotated[bool, typer.Option(*names, help=help)]


_OPTIONS: dict[str, Any] = {
    "certificate_identity": _text(
        "--certificate-identity",
        "--cert-identity",
        help="Subject name of the certificate, exactly: a workflow's URL with its ref, an e-mail address.",
    ),
    "certificate_identity_regexp": _text(
        "--certificate-identity-regexp",
        "--cert-identity-regex",
        "-i",
        help="Regular expression for the subject name.",
    ),
    "certificate_oidc_issuer": _text(
        "--certificate-oidc-issuer",
        "--cert-oidc-issuer",
        help="Issuer that vouches for it, exactly; GitHub's where a repository, an owner or a workflow is named.",
    ),
    "certificate_oidc_issuer_regexp": _text(
        "--certificate-oidc-issuer-regexp", help="Regular expression for the issuer."
    ),
    "repo": _text("--repo", "-R", help="Repository of the sources, OWNER/NAME."),
    "owner": _text(
        "--owner",
        "-o",
        help="Owner of the repository; needs a signer besides, or --accept-whole-owner.",
    ),
    "signer_workflow": _text(
        "--signer-workflow",
        help="Workflow that signed, [HOST/]OWNER/REPO/PATH[@REF]; needed where a reusable one signs.",
    ),
    "signer_repo": _text("--signer-repo", help="Repository of the workflow that signed."),
    "signer_digest": _text("--signer-digest", help="Commit of the workflow that signed."),
    "source_ref": _text("--source-ref", help="Git ref of the sources."),
    "source_digest": _text("--source-digest", help="Commit of the sources."),
    "workflow_name": _text("--certificate-github-workflow-name", help="Title of the workflow."),
    "workflow_ref": _text("--certificate-github-workflow-ref", help="Git ref of the sources."),
    "workflow_repository": _text(
        "--certificate-github-workflow-repository", help="Repository of the sources."
    ),
    "workflow_sha": _text("--certificate-github-workflow-sha", help="Commit of the sources."),
    "workflow_trigger": _text(
        "--certificate-github-workflow-trigger", help="Event that started the workflow."
    ),
    "deny_self_hosted_runners": _flag(
        "--deny-self-hosted-runners", help="Only GitHub's own runners will do."
    ),
    "accept_whole_owner": _flag(
        "--accept-whole-owner", help="Any workflow of any repository of the owner is meant."
    ),
    "accept_everyone": _flag(
        "--accept-everyone", help="Everybody who can sign in at the issuer is meant."
    ),
}

TrustedRootFile = Annotated[
    Path | None,
    typer.Option(
        "--trusted-root",
        "--custom-trusted-root",
        help="Trusted root of the instance (trusted_root.json, or several, one a line); default: the public one.",
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Fetch nothing: the trusted root is used as it is here.")
]


def with_identity_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return ``command`` with these options in place of its parameter ``who``, which takes what they say."""

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        words = {name: given.pop(name) for name in _OPTIONS}
        command(who=IdentityWords(**words), **given)

    signature = inspect.signature(command)
    kept = [one for name, one in signature.parameters.items() if name != "who"]
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if isinstance(_default(kind), bool) else None,
            annotation=kind,
        )
        for name, kind in _OPTIONS.items()
    ]
    everything = [*kept, *added]
    # Typer reads the signature and the annotations of what it is given.
    wrapped.__signature__ = signature.replace(parameters=everything)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in everything}
    return wrapped


def _default(kind: Any) -> object:
    return False if kind.__origin__ is bool else None

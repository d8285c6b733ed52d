"""An identity in ``verify.identities``: who may have signed. Each key that is given must match."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from shipseal.config.problems import EmptyPolicyError
from shipseal.config.section import Section, Shown
from shipseal.config.values import Flag, Text

_WHO = ("subject", "repository", "repository_id", "owner", "owner_id", "workflow", "signer")


def _signer(text: str) -> str:
    if text.startswith(".") or text.count("/") < 2:
        raise ValueError(
            "expected the workflow with its repository, OWNER/REPO/.github/workflows/FILE@REF, or its URL"
        )
    return text


def _commit(text: str) -> str:
    return text.lower()


Glob = Annotated[str, Field(min_length=1), Shown("text with globs")]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,20}$"), Shown("number, quoted")]


class IdentityRule(Section):
    """Who may have signed. `*` stays within a `/`, `**` does not; what is not given may be anything."""

    issuer: Glob | None = Field(default=None, description="URL of who vouches for it; needed.")
    subject: Glob | None = Field(
        default=None,
        description="Subject name of the certificate: an e-mail address, or a workflow's URL with its ref.",
    )
    repository: Glob | None = Field(
        default=None, description="Repository of the sources, `owner/name` or its URL."
    )
    repository_id: Number | None = Field(
        default=None, description="Its number, which stays when it is renamed."
    )
    owner: Glob | None = Field(default=None, description="Owner of the repository.")
    owner_id: Number | None = Field(
        default=None, description="Its number, which stays when it is renamed."
    )
    workflow: Glob | None = Field(
        default=None,
        description="The workflow that was started, `.github/workflows/release.yml`, `@ref` if that matters.",
    )
    signer: Annotated[Text, AfterValidator(_signer), Shown("text with globs")] | None = Field(
        default=None,
        description="The workflow that signed, with its repository; needed where a reusable workflow signs.",
    )
    signer_digest: Text | None = Field(default=None, description="Commit of that workflow.")
    ref: Glob | None = Field(default=None, description="Git ref of the sources: `refs/tags/v*`.")
    commit: Annotated[Text, AfterValidator(_commit)] | None = Field(
        default=None, description="Commit of the sources."
    )
    trigger: Text | None = Field(default=None, description="Event that started the workflow.")
    runner: Literal["github-hosted", "self-hosted"] | None = Field(
        default=None, description="Kind of machine that the workflow ran on."
    )
    workflow_name: Text | None = Field(default=None, description="Title of the workflow.")
    accept_whole_owner: Flag = Field(
        default=False, description="Any workflow of any repository of the owner is meant."
    )
    accept_everyone: Flag = Field(
        default=False, description="Everybody for whom the issuer vouches is meant."
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.accept_everyone:
            return self
        if self.issuer is None:
            raise EmptyPolicyError(
                "names no issuer, so anybody's word for it would do: write for example "
                "issuer: https://token.actions.githubusercontent.com"
            )
        if not any(getattr(self, name) for name in _WHO):
            raise EmptyPolicyError(
                "names nobody, and everybody can sign in at the issuer: write a repository, a signer or a subject"
            )
        return self

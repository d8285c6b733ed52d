"""What a command line says of who may have signed: words alone, so that a command that names a key imports no more."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class IdentityWords:
    """What a command line says of who may have signed; None where it says nothing.

    Attributes:
        certificate_identity: the subject name, as it is.
        certificate_identity_regexp: a regular expression for it.
        certificate_oidc_issuer: who vouches, as it is.
        certificate_oidc_issuer_regexp: a regular expression for it.
        workflow_name: title of the workflow.
        workflow_ref: git ref, cosign's word.
        workflow_repository: repository, cosign's word.
        workflow_sha: commit, cosign's word.
        workflow_trigger: event.
        repo: repository, gh's word.
        owner: of the repository.
        signer_workflow: the workflow that signed, with its repository.
        signer_repo: the repository of the workflow that signed.
        source_ref: git ref, gh's word.
        source_digest: commit, gh's word.
        signer_digest: commit of the workflow that signed.
        deny_self_hosted_runners: whether only GitHub's own runners will do.
        accept_whole_owner: whether any workflow of the owner is meant.
        accept_everyone: whether everybody is meant.
    """

    certificate_identity: str | None = None
    certificate_identity_regexp: str | None = None
    certificate_oidc_issuer: str | None = None
    certificate_oidc_issuer_regexp: str | None = None
    workflow_name: str | None = None
    workflow_ref: str | None = None
    workflow_repository: str | None = None
    workflow_sha: str | None = None
    workflow_trigger: str | None = None
    repo: str | None = None
    owner: str | None = None
    signer_workflow: str | None = None
    signer_repo: str | None = None
    source_ref: str | None = None
    source_digest: str | None = None
    signer_digest: str | None = None
    deny_self_hosted_runners: bool = False
    accept_whole_owner: bool = False
    accept_everyone: bool = False

    @property
    def given(self) -> bool:
        """Whether it says anything."""
        return any(getattr(self, one.name) not in (None, False) for one in fields(self))

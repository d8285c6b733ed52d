"""Fulcio's configuration: whose tokens it takes, and what it writes into a certificate for each.

What a certificate says of a job of GitHub Actions is told by Fulcio's ``docs/oid-info.md``: each extension there names
the claim that it is taken from.
"""

_HOST = "https://github.com"
# Extension, and the claim that it is, where it is just that.
_CLAIMS = {
    "github-workflow-trigger": "event_name",
    "github-workflow-sha": "sha",
    "github-workflow-name": "workflow",
    "github-workflow-repository": "repository",
    "github-workflow-ref": "ref",
    "build-signer-digest": "job_workflow_sha",
    "runner-environment": "runner_environment",
    "source-repository-digest": "sha",
    "source-repository-ref": "ref",
    "source-repository-identifier": "repository_id",
    "source-repository-owner-identifier": "repository_owner_id",
    "build-config-digest": "workflow_sha",
    "build-trigger": "event_name",
    "source-repository-visibility-at-signing": "repository_visibility",
}
# Extension, and the path below the host of the server that it is.
_ADDRESSES = {
    "build-signer-uri": "{{ .job_workflow_ref }}",
    "source-repository-uri": "{{ .repository }}",
    "source-repository-owner-uri": "{{ .repository_owner }}",
    "build-config-uri": "{{ .workflow_ref }}",
    "run-invocation-uri": "{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}",
}


def fulcio_config(*, jobs: str, mail: str, client_id: str) -> dict[str, object]:
    """Return the configuration, by the names that it has in YAML.

    Args:
        jobs: URL of the issuer for jobs of GitHub Actions.
        mail: URL of the issuer for e-mail addresses.
        client_id: audience of the tokens.
    """
    extensions = _CLAIMS | {name: f"{{{{ .url }}}}/{path}" for name, path in _ADDRESSES.items()}
    return {
        "oidc-issuers": {
            jobs: {
                "issuer-url": jobs,
                "client-id": client_id,
                "type": "ci-provider",
                "ci-provider": "github-workflow",
            },
            mail: {"issuer-url": mail, "client-id": client_id, "type": "email"},
        },
        "ci-issuer-metadata": {
            "github-workflow": {
                "default-template-values": {"url": _HOST},
                "extension-templates": extensions,
                "subject-alternative-name-template": "{{ .url }}/{{ .job_workflow_ref }}",
            }
        },
    }

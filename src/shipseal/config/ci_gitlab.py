"""The ``.gitlab-ci.yml`` that ``shipseal init gitlab`` writes.

Source: GitLab's documentation, "CI/CD YAML syntax reference", "OpenID Connect (OIDC) Authentication Using ID Tokens".
"""

import json
from collections.abc import Iterator

from shipseal.config.ci_facts import CiFacts
from shipseal.config.ci_secrets import KEY, KEY_PASSWORD, login_secrets

FILE = ".gitlab-ci.yml"

_HEAD = """\
# Releases the image for each protected tag v1.2.3, and checks each merge request without any right to publish.
# Written by `shipseal init gitlab`. Protected CI/CD variables that it needs: {variables}.
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_TAG =~ /^v[0-9]/

default:
  image: python:3.13-trixie
  interruptible: false

.shipseal:
  variables:
    SOURCE_URL: {source}
    SOURCE_COMMIT: {commit}
{docker}  before_script:
{tools}    # Source and lock files of the very commit that is named here; nothing else is installed.
    - git init --quiet /opt/shipseal
    - git -C /opt/shipseal fetch --quiet --depth 1 "$SOURCE_URL" "$SOURCE_COMMIT"
    - git -C /opt/shipseal checkout --quiet FETCH_HEAD
    - python3 -m venv /opt/shipseal-venv
    - >-
      /opt/shipseal-venv/bin/pip install --quiet --no-deps --require-hashes --only-binary=:all:
      -r /opt/shipseal/requirements/base.txt -r /opt/shipseal/requirements/build.txt
    - /opt/shipseal-venv/bin/pip install --quiet --no-deps --no-build-isolation /opt/shipseal
    - export PATH="/opt/shipseal-venv/bin:$PATH"
    - shipseal db update --config "$RELEASE_CONFIG"
  artifacts:
    name: $CI_JOB_NAME-scan-results
    when: always
    paths:
      - scan-results/
  after_script:
    # The SBOMs there are links to where their bytes lie.
    - mkdir -p scan-results
    - find {state}/releases -type d -name results -exec cp -rL --parents {{}} scan-results \\;

"""
_CHECK = """\
check:
  extends: .shipseal
  stage: test
  variables:
    RELEASE_CONFIG: {config}
    # Nothing leaves the job.
    SHIPSEAL_TARGETS: oci:/tmp/shipseal-check
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
"""
_RELEASE = """\
release:
  extends: .shipseal
  stage: deploy
  # One release at a time; a job that runs is never cancelled.
  resource_group: release
  variables:
    RELEASE_CONFIG: {config}
"""
_APT = "    - apt-get update -qq && apt-get install -qq -y --no-install-recommends {packages}\n"
_KEY_FILE = "/tmp/sign.key"  # noqa: S108 - the job has the container for itself
_PACKAGES = {"buildah": "buildah qemu-user-static", "buildx": "docker-cli docker-buildx"}
_DOCKER = """\
    # The runner must allow privileged jobs.
    DOCKER_HOST: tcp://docker:2376
    DOCKER_TLS_CERTDIR: /certs
    DOCKER_TLS_VERIFY: "1"
    DOCKER_CERT_PATH: /certs/client
  services:
    - docker:dind
"""


def gitlab_pipeline(facts: CiFacts, *, source: str, commit: str) -> str:
    """Return the text of the pipeline.

    Args:
        facts: what the releases need.
        source: address of shipseal's repository.
        commit: of it.
    """
    variables = ", ".join(variables_of(facts)) or "none"
    folder, packages = facts.config.rpartition("/")[0], _PACKAGES.get(facts.builder, "")
    head = _HEAD.format(
        variables=variables,
        tools=_APT.format(packages=packages) if packages else "",
        docker=_DOCKER if facts.builder == "buildx" else "",
        source=_text(source),
        commit=commit,
        state=f"{folder}/.shipseal" if folder else ".shipseal",
    )
    config = _text(facts.config)
    return "".join(
        [
            head,
            _CHECK.format(config=config),
            *_throwaway_key(facts),
            '    - shipseal release --version 0.0.0-check --dry-run --config "$RELEASE_CONFIG"\n\n',
            _RELEASE.format(config=config),
            *_release(facts),
        ]
    )


def variables_of(facts: CiFacts) -> tuple[str, ...]:
    """Return the names of the CI/CD variables that somebody must set."""
    named = [name for host in _foreign(facts) for name in login_secrets(host)]
    return (*named, *((f"{KEY} (type file)", KEY_PASSWORD) if facts.key else ()))


def _release(facts: CiFacts) -> Iterator[str]:
    if facts.keyless:
        yield "  id_tokens:\n    SIGSTORE_ID_TOKEN:\n      aud: sigstore\n"
    yield '  rules:\n    - if: $CI_COMMIT_TAG =~ /^v[0-9]/ && $CI_COMMIT_REF_PROTECTED == "true"\n'
    yield "  script:\n"
    if facts.registries:
        yield "    - mkdir -p ~/.docker\n"
        yield f"    - {_text(_docker_config(facts))}\n"
    if facts.key:
        # Not into the checkout: what builds the image there could take it along.
        yield f'    - install -m 600 "${KEY}" {_KEY_FILE}\n'
        yield f"    - export SHIPSEAL_SIGN_KEY={_KEY_FILE}\n"
    yield '    - shipseal release --version "${CI_COMMIT_TAG#v}" --wait 2h --config "$RELEASE_CONFIG"\n'


def _foreign(facts: CiFacts) -> list[str]:
    return [host for host in facts.registries if "gitlab" not in host]


def _docker_config(facts: CiFacts) -> str:
    """Return a command that writes the logins: python3 is there, and no password stands in an argument."""
    logins = []
    for host in facts.registries:
        user, token = login_secrets(host)
        if host not in _foreign(facts):
            user, token = "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"
        name = "https://index.docker.io/v1/" if host == "docker.io" else host
        logins.append(f'"{name}": ("{user}", "{token}")')
    return (
        "python3 -c 'import base64, json, os; "
        f"logins = {{{', '.join(logins)}}}; "
        'print(json.dumps({"auths": {host: {"auth": base64.b64encode(":".join(os.environ[name] for name in names)'
        ".encode()).decode()} for host, names in logins.items()}}))' > ~/.docker/config.json"
    )


def _throwaway_key(facts: CiFacts) -> Iterator[str]:
    if facts.key:
        yield "    - export SHIPSEAL_KEY_PASSWORD=nobody-trusts-this-key SHIPSEAL_SIGN_KEY=/tmp/check.key\n"
        yield "    - shipseal key generate --out /tmp/check\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)

"""The commented ``shipseal.yaml`` that ``shipseal init`` writes."""

import json
import string

from shipseal.config.repository import KEY, Repository
from shipseal.config.template_project import project_build

_BARE = frozenset(f"{string.ascii_letters}{string.digits}./_:-")
FIRST_VERSION = "0.1.0"
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})

_HEAD = """\
# How releases of this image are made. Every key: docs/configuration.md of shipseal, or `shipseal config schema`.
# Check this file with `shipseal config check`; see every effective value with `shipseal config show`.
"""

_REST = """\
# Tags move only after everything has succeeded, on every target. A tag with the whole {{version}} never changes again;
# the others move to higher versions only.
tags: ["{{version}}", "{{major}}.{{minor}}", latest]

# What is signed, and what a consumer checks. `shipseal key generate` makes this key; its password comes from
# SHIPSEAL_KEY_PASSWORD, else COSIGN_PASSWORD, else it is asked for. Never commit a key that has no password.
sign: {{mode: key, key: {key}}}
# verify:
#   keys: [{public}]               # default: the public part of sign.key
#   require: [provenance, sbom, scan, seal]
# Without a key, in a job that may have an identity token: take `sign` out, and name the workflow that signs.
# verify:
#   identities:
#     - issuer: https://token.actions.githubusercontent.com
#       repository: {repository}
#       workflow: .github/workflows/release.yml
#       ref: refs/tags/v*

# Syft lists what is in the image; the whole list is scanned, and a list that fits the stores is attested.
# sbom: {{syft: syft, fit: portable}}

# auto: Grype where it is installed with a usable database, else the built-in matcher where its database is there.
scan: {{engine: auto, max_age: 5d}}

# A finding of this severity or a worse one refuses the release; `none` lets everything pass. What is exploited, likely,
# young, new or of some components can have rules of its own: docs/gate.md. `shipseal gate explain` says what decided.
gate: {{fail_on: critical}}
# gate: {{fail_on: critical, fixable_only: true, kev: fail, grace: 14d}}

# Findings that do not count: Grype's file, .grype.yaml beside this one if there is one. `shipseal ignore add` writes an
# entry with the justification that each must have; `shipseal ignore lint` says what one lacks.
# ignores: {{file: .grype.yaml}}

# limits: {{parallel: 4}}
# timeouts: {{build: 1h, catalogue: 10m, scan: 10m}}
"""


def configuration(found: Repository, *, dockerfile_builder: str) -> str:
    """Return the text of a configuration that fits ``found`` and that loads without a problem.

    Args:
        found: what the repository holds.
        dockerfile_builder: ``buildx`` or ``buildah``: which one is there for a Dockerfile.
    """
    key = found.key or f"./{KEY}"
    rest = _REST.format(
        key=_text(key),
        public=_text(f"{key.removesuffix('.key')}.pub"),
        repository=_text(_repository(found.source)),
    )
    return "\n".join(
        [
            _HEAD + f"image: {_text(found.name)}\n" + _source(found),
            _build(found, dockerfile_builder),
            _targets(found),
            rest,
        ]
    )


def version_of(found: Repository) -> str:
    """Return the version that the repository states, else the first one that a project usually has."""
    return found.project.version or FIRST_VERSION


def _source(found: Repository) -> str:
    given = (
        f"source: {_text(found.source)}"
        if found.source
        else "# source: https://github.com/ORG/REPOSITORY"
    )
    version = version_of(found)
    return (
        f'{given}\n# version: "{version}"              # or: shipseal release --version {version}\n'
    )


def _repository(source: str) -> str:
    """Return ``OWNER/NAME`` of a repository at GitHub; a placeholder for any other."""
    owner_and_name = source.removeprefix("https://github.com/").removesuffix(".git")
    return owner_and_name if owner_and_name != source else "ORG/REPOSITORY"


def _build(found: Repository, dockerfile_builder: str) -> str:
    if found.dockerfile:
        return _from_dockerfile(found.dockerfile, dockerfile_builder)
    if found.layout:
        return _from_layout(found.layout)
    return project_build(found.project, found.name) or _from_files(found.output)


def _from_dockerfile(dockerfile: str, builder: str) -> str:
    context = dockerfile.rpartition("/")[0] or "."
    other = "buildah" if builder == "buildx" else "buildx"
    return f"""\
# Every platform that the image must have.
platforms: [linux/amd64, linux/arm64]

# {builder} builds the Dockerfile; `builder: {other}` would do as well.
build:
  builder: {builder}
  context: {_text(context)}
  file: {_text(dockerfile)}
  # args: {{NAME: value}}
  # secrets: {{npm: {{env: NPM_TOKEN}}}}   # says where a secret is; the secret itself never stands here
"""


def _from_layout(layout: str) -> str:
    return f"""\
# Every platform that the image must have; default: those that it has.
# platforms: [linux/amd64, linux/arm64]

# The image is there already, as an OCI layout.
build:
  builder: prebuilt
  layout: {_text(layout)}
"""


def _from_files(output: str) -> str:
    advice = "" if output else "   # build this first, or name what you build"
    return f"""\
# Every platform that the image must have.
platforms: [linux/amd64, linux/arm64]

# No Dockerfile and no image was found here: files are put on a base image, without a daemon.
build:
  builder: layers
  base: scratch                   # or an image, best by digest: docker.io/library/debian@sha256:…
  layers:
    - files:
        {_text(output or "./dist")}: /app{advice}
  # entrypoint: [/app/server]
  # env: {{LANG: C.UTF-8}}
  # user: "1000:1000"
"""


def _targets(found: Repository) -> str:
    hub = f"docker.io/ORG/{found.name}"
    if found.target:
        return f"""\
# Where the image goes. Every target gets the same bytes, so the digest is one everywhere.
targets:
  - {_text(found.target)}
  # - {hub}              # Docker Hub
  # - oci:./build/images          # a folder, as an OCI layout
"""
    return f"""\
# Where the image goes. Every target gets the same bytes, so the digest is one everywhere.
targets:
  - oci:./build/images            # a folder, as an OCI layout
  # - ghcr.io/ORG/{found.name}
  # - {hub}              # Docker Hub
"""


def _text(value: str) -> str:
    """Return ``value`` as YAML: bare where that is surely a text, else in double quotes as in JSON."""
    begins = value.startswith("./") or value[:1].isalpha()
    bare = begins and value.isascii() and not set(value) - _BARE and value.lower() not in _WORDS
    return value if bare else json.dumps(value, ensure_ascii=False)

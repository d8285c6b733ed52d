"""The ``build:`` section for a project without a Dockerfile: what to build first, and what goes where."""

from collections.abc import Callable, Mapping

from shipseal.config.project import Project, ProjectKind

_PLATFORMS = """\
# Every platform that the image must have.
platforms: [linux/amd64, linux/arm64]

"""

_GO = """\
# One program without C libraries for each platform, on nothing at all. Build it first:
#   CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -o dist/linux-amd64/{name} {start}
#   CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -o dist/linux-arm64/{name} {start}
build:
  builder: layers
  base: scratch                   # no certificates and no shell; or an image, best by digest
  layers:
    - platform: linux/amd64
      files:
        ./dist/linux-amd64/{name}: /usr/bin/{name}
    - platform: linux/arm64
      files:
        ./dist/linux-arm64/{name}: /usr/bin/{name}
  entrypoint: [/usr/bin/{name}]
  user: "65532:65532"
"""

_RUST = """\
# One static program for each platform, on nothing at all. Build it first; cargo-auditable leaves the list of crates in
# the program, and without it nobody can tell what is in there:
#   cargo auditable build --release --target x86_64-unknown-linux-musl
#   cargo auditable build --release --target aarch64-unknown-linux-musl
build:
  builder: layers
  base: scratch                   # no certificates and no shell; or an image, best by digest
  layers:
    - platform: linux/amd64
      files:
        ./target/x86_64-unknown-linux-musl/release/{name}: /usr/bin/{name}
    - platform: linux/arm64
      files:
        ./target/aarch64-unknown-linux-musl/release/{name}: /usr/bin/{name}
  entrypoint: [/usr/bin/{name}]
  user: "65532:65532"
"""

_PYTHON = """\
# The project with its dependencies, on a Python image. Install it into a folder first, with the same Python version:
#   python3 -m pip install --no-compile --target dist/python .
# Where a dependency is compiled, install once for each platform (pip's --platform) and give each a layer of its own
# with `platform: linux/amd64` and so on.
build:
  builder: layers
  base: docker.io/library/python:3.13-slim    # a digest is better: name@sha256:…
  layers:
    - files:
        ./dist/python: /app
  env: {{PYTHONPATH: /app}}
  entrypoint: {start}
  user: "65532:65532"
"""

_NODE = """\
# The project with its dependencies, on a Node image. Make these first:
#   {first}
# Where a dependency is compiled, make node_modules once for each platform and give each a layer of its own with
# `platform: linux/amd64` and so on.
build:
  builder: layers
  base: docker.io/library/node:22-slim        # a digest is better: name@sha256:…
  layers:
    - files:                      # changes seldom
        ./node_modules: /app/node_modules
    - files:
        ./package.json: /app/package.json
        ./{top}: /app/{top}
  workdir: /app
  env: {{NODE_ENV: production}}
  entrypoint: [node, /app/{start}]
  user: "1000:1000"
"""


def project_build(project: Project, name: str) -> str:
    """Return ``platforms:`` and ``build:`` for ``project``; nothing for one of another kind.

    Args:
        project: what its manifest says.
        name: of the image, where the manifest does not name the program.
    """
    write = _WRITERS.get(project.kind)
    return _PLATFORMS + write(project, project.name or name) if write else ""


def _go(project: Project, name: str) -> str:
    return _GO.format(name=name, start=project.start)


def _rust(project: Project, name: str) -> str:
    return _RUST.format(name=name)


def _python(project: Project, name: str) -> str:
    module, _, function = project.start.partition(":")
    if function:
        start = (
            f'[python3, -c, "import sys; from {module} import {function}; sys.exit({function}())"]'
        )
    else:
        start = f'[python3, -m, "{name.lower().replace("-", "_")}"]'
    return _PYTHON.format(start=start)


def _node(project: Project, name: str) -> str:
    del name  # node is started with a file
    first = (
        "npm ci && npm run build && npm prune --omit=dev" if project.builds else "npm ci --omit=dev"
    )
    return _NODE.format(first=first, top=project.start.partition("/")[0], start=project.start)


_WRITERS: Mapping[ProjectKind, Callable[[Project, str], str]] = {
    ProjectKind.GO: _go,
    ProjectKind.RUST: _rust,
    ProjectKind.PYTHON: _python,
    ProjectKind.NODE: _node,
}

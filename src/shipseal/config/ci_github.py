"""The workflow that ``shipseal init github`` writes: least permissions, pinned actions, few secrets.

Sources: GitHub's documentation, "Workflow syntax for GitHub Actions", "Secure use reference", "Publishing packages".
"""

from collections.abc import Iterator

from shipseal.config.ci_facts import GHCR, HUB, CiFacts
from shipseal.config.ci_pins import pinned, pins
from shipseal.config.ci_secrets import KEY, KEY_PASSWORD, login_secrets

FILE = ".github/workflows/release.yml"

_HEAD = """\
# Releases the image for each tag v1.2.3, and checks each pull request without any right to publish.
# Written by `shipseal init github`; action commits as of {looked_up}. Run that again when shipseal.yaml changes.
name: release

on:
  push:
    tags: ["v[0-9]*"]
  pull_request:

permissions: {{}}

# A release that runs is never cancelled; the next one of the same tag waits, and finds it done. The check of a pull
# request ends when there is a newer commit to check.
concurrency:
  group: release-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
"""
_CHECK = """\
  # Builds, catalogues, scans and gates. It reads the repository and can do nothing else, so forks may run it, too.
  check:
    name: check
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-24.04
    timeout-minutes: 120
    permissions:
      contents: read
    steps:
"""
_RELEASE = """\
  release:
    name: release
    if: github.event_name == 'push'
    runs-on: ubuntu-24.04
    timeout-minutes: 240
    permissions:
"""
_CHECKOUT = """\
      - name: Check out
        uses: {checkout}
        with:
          persist-credentials: false
"""


def github_workflow(facts: CiFacts, action: str) -> str:
    """Return the text of the workflow.

    Args:
        facts: what the releases need.
        action: what ``uses:`` says of shipseal's own action, with a comment that names the version where there is one.
    """
    lines = [_HEAD.format(looked_up=pins().looked_up), _CHECK, *_preparation(facts)]
    lines += [_shipseal(facts, action, "Check", 'check: "true"', "version: 0.0.0-check")]
    lines += ["\n", _RELEASE, *_permissions(facts), "    steps:\n", *_preparation(facts)]
    lines += [*_logins(facts), *_key(facts)]
    lines += [_shipseal(facts, action, "Release", "version: ${{ github.ref_name }}", "wait: 2h")]
    return "".join(lines)


def secrets_of(facts: CiFacts) -> tuple[str, ...]:
    """Return the names of the secrets that the workflow reads."""
    named = [name for host in facts.registries if host != GHCR for name in login_secrets(host)]
    return (*named, *((KEY, KEY_PASSWORD) if facts.key else ()))


def _permissions(facts: CiFacts) -> Iterator[str]:
    yield "      contents: read\n"
    if GHCR in facts.registries:
        yield "      packages: write      # pushes to ghcr.io\n"
    if facts.keyless:
        yield "      id-token: write      # signs as this workflow\n"
    if facts.github_store:
        yield "      attestations: write  # puts the evidence among GitHub's attestations\n"


def _preparation(facts: CiFacts) -> Iterator[str]:
    yield _CHECKOUT.format(checkout=pinned("actions/checkout"))
    if facts.builder in ("buildx", "buildah") and facts.foreign:
        # By default it takes the emulator's image from a cache that any workflow of the repository may have written.
        yield _uses("Emulate other processors", "docker/setup-qemu-action")
        yield "        with:\n          cache-image: false\n"
    if facts.builder == "buildx":
        yield _uses("Set up buildx", "docker/setup-buildx-action")
    if facts.sources:
        yield "      # Make here what shipseal.yaml takes and what is not in the repository:\n"
        yield from (f"      #   {_one_line(path)}\n" for path in facts.sources)


def _uses(name: str, action: str) -> str:
    return f"      - name: {name}\n        uses: {pinned(action)}\n"


def _logins(facts: CiFacts) -> Iterator[str]:
    for host in facts.registries:
        user, token = "${{ github.actor }}", "${{ github.token }}"
        if host != GHCR:
            user, token = (f"${{{{ secrets.{name} }}}}" for name in login_secrets(host))
        yield _uses(f"Log in to {host}", "docker/login-action") + "        with:\n"
        yield "" if host == HUB else f"          registry: {host}\n"
        yield f"          username: {user}\n          password: {token}\n"


def _key(facts: CiFacts) -> Iterator[str]:
    if facts.key:
        # Not into the checkout: what builds the image there could take it along.
        yield f"""\
      - name: Write the key
        env:
          KEY: ${{{{ secrets.{KEY} }}}}
        run: install -m 600 /dev/stdin "$RUNNER_TEMP/sign.key" <<<"$KEY"
"""


def _shipseal(facts: CiFacts, action: str, name: str, *inputs: str) -> str:
    lines = [f"      - name: {name}", f"        uses: {action}"]
    if facts.key and name == "Release":
        lines += [
            "        env:",
            "          SHIPSEAL_SIGN_KEY: ${{ runner.temp }}/sign.key",
            f"          {KEY_PASSWORD}: ${{{{ secrets.{KEY_PASSWORD} }}}}",
        ]
    lines += ["        with:", *(f"          {one}" for one in inputs)]
    if facts.config != "shipseal.yaml":
        lines.append(f"          config: {_quoted(facts.config)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + _one_line(text).replace("'", "''") + "'"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)

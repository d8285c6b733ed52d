"""Names of the secrets that generated CI files read."""

import re

from shipseal.config.ci_facts import HUB

# Names, not what they hold. A variable that begins with SHIPSEAL_ would be taken for a key of the configuration.
KEY, KEY_PASSWORD = "SIGNING_KEY", "SHIPSEAL_KEY_PASSWORD"
_OTHER = re.compile(r"[^A-Z0-9]+")


def login_secrets(host: str) -> tuple[str, str]:
    """Return the names of user and token of a registry: ``DOCKERHUB_USER`` and ``DOCKERHUB_TOKEN`` for Docker Hub."""
    stem = "DOCKERHUB" if host == HUB else _OTHER.sub("_", host.upper()).strip("_")
    if stem[:1].isdigit() or stem.startswith("GITHUB_"):
        stem = f"REGISTRY_{stem}"
    return f"{stem}_USER", f"{stem}_TOKEN"

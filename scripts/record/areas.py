"""All cases, from the modules that have them."""

import importlib
from collections.abc import Mapping

from scripts.record.case import CASES, Case

_AREAS = (
    "registry_access", "registry_content", "network", "certificates", "catalogues", "releases", "scans", "machine",
    "crashes", "signatures", "signing_services", "github", "ordinary_code", "ordinary_images",
    "ordinary_words", "docker", "more_words", "release_forms",
)  # fmt: skip


def every_case() -> Mapping[str, Case]:
    """Return all cases by name."""
    for area in _AREAS:
        importlib.import_module(f"scripts.record.{area}")
    return CASES

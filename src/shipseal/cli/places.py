"""Targets and digests as a person would write them here."""

from pathlib import Path

_SHORT = 19  # "sha256:" and twelve digits, as docker shows them


def place_text(target: str) -> str:
    """Return a target as a person would write it here: layouts and folders relative to the current folder."""
    folder = target.removeprefix("oci:")
    scheme = target[: len(target) - len(folder)]
    return f"{scheme}{folder.removeprefix(f'{Path.cwd()}/')}"


def short_digest(digest: str | None) -> str:
    """Return the beginning of a digest; a dash for none."""
    return digest[:_SHORT] if digest else "-"

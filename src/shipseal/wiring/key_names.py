"""Where the public half of a key lies; a verifier does not open the private one."""

from pathlib import Path


def public_half(private: Path | str | None) -> Path | None:
    """Return the file beside a private key's; None where there is none, or a key service has the key."""
    public = private.with_suffix(".pub") if isinstance(private, Path) else None
    return public if public and public.is_file() else None

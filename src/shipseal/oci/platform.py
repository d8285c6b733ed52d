"""Platforms (OCI image-spec, image-index.md; normal forms as containerd's ``platforms`` package)."""

from dataclasses import dataclass

from shipseal.errors import Code, ImageError

_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "i386": "386",
}
_IMPLIED = {"arm": "v7", "armhf": "v7", "armel": "v6"}


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """An operating system and a processor, in normal form.

    Attributes:
        os: ``linux``, ``windows``, …
        architecture: as Go names it: ``amd64``, ``arm64``, …
        variant: ``v7`` and the like; empty where it is the default (``arm64`` means ``v8``).
    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "") -> "Platform":
        """Return the normal form: ``linux/aarch64`` and ``linux/arm64/v8`` are ``linux/arm64``."""
        os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
        variant = f"v{variant}" if variant.isdecimal() else variant
        variant = variant or _IMPLIED.get(architecture, "")
        architecture = _ARCHITECTURES.get(architecture, architecture)
        if (architecture, variant) in {("arm64", "v8"), ("amd64", "v1")}:
            variant = ""
        return cls(os, architecture, variant)

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Return the platform that ``os/arch[/variant]`` names.

        Raises:
            ImageError: ``image.format-unsupported``.
        """
        parts = text.strip().split("/")
        if not 2 <= len(parts) <= 3 or not all(part and part.isprintable() for part in parts):
            raise ImageError(
                Code.FORMAT_UNSUPPORTED,
                f"not a platform: {text!r}",
                hint="write os/arch or os/arch/variant, such as linux/amd64",
            )
        return cls.of(*parts)

    @property
    def is_unknown(self) -> bool:
        """Whether this is exactly the ``unknown/unknown`` under which BuildKit stores attestations."""
        return (self.os, self.architecture, self.variant) == ("unknown", "unknown", "")

    def to_json(self) -> dict[str, str]:
        """Return the ``platform`` object of a descriptor."""
        value = {"architecture": self.architecture, "os": self.os}
        return value | {"variant": self.variant} if self.variant else value

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

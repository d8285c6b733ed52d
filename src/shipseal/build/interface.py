"""Builders: whatever makes the image, a release gets it as an OCI layout on local disk, checked.

:meth:`Builder.build` guards what every builder owes: the required platforms are there, each configuration's os and
architecture equal the index's, annotations agree with git. An implementation has one hook, :meth:`Builder._build`.
"""

from abc import ABC, abstractmethod

from shipseal.build.check import checked
from shipseal.build.values import BuildRequest, BuiltImage, GitFacts, Material, RawBuild

__all__ = ["BuildRequest", "Builder", "BuiltImage", "GitFacts", "Material", "RawBuild"]


class Builder(ABC):
    """Makes or takes an image."""

    name: str

    def build(self, request: BuildRequest) -> BuiltImage:
        """Return the image, checked.

        Raises:
            ImageError: ``image.not-found``, ``image.platform-missing``, ``image.format-unsupported``,
                ``image.digest-mismatch``.
            ToolError: the outside builder is missing, crashed or took too long.
        """
        return checked(self._build(request), request)

    @abstractmethod
    def _build(self, request: BuildRequest) -> RawBuild:
        """Make the image in ``request.work`` or name a layout that holds it."""

"""What every builder owes, checked after it has run."""

from shipseal.build.values import BuildRequest, BuiltImage, RawBuild


def checked(build: RawBuild, request: BuildRequest) -> BuiltImage:
    """Return the image that ``build`` made, parsed and held against ``request``."""
    raise AssertionError(build, request)

"""Ships container images sealed."""

__version__ = "0.1.0"

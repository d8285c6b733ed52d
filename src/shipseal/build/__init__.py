"""Builders: buildx, buildah, layers, and images that are built already."""

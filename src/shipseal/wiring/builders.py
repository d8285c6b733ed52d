"""Builders from the ``build:`` section."""

from pathlib import Path

from shipseal.build.buildah import BuildahBuilder, BuildahOptions
from shipseal.build.buildx import BuildxBuilder
from shipseal.build.buildx_command import BuildxOptions
from shipseal.build.interface import Builder
from shipseal.build.prebuilt import PrebuiltBuilder, PrebuiltOptions
from shipseal.build.recipe import Recipe
from shipseal.build.secrets import BuildSecret
from shipseal.config.build_model import (
    BuildahBuild,
    BuildConfig,
    BuildxBuild,
    LayersBuild,
    PrebuiltBuild,
)
from shipseal.wiring.layers import layers_builder
from shipseal.wiring.targets import Connections


def builder_for(build: BuildConfig, connections: Connections) -> Builder:
    """Return the builder that the configuration asks for."""
    if isinstance(build, PrebuiltBuild):
        return _prebuilt(build, connections)
    if isinstance(build, LayersBuild):
        return layers_builder(build, connections)
    if isinstance(build, BuildahBuild):
        return BuildahBuilder(
            BuildahOptions(recipe=_recipe(build), format=build.format, tls_verify=build.tls_verify)
        )
    return BuildxBuilder(
        BuildxOptions(
            recipe=_recipe(build),
            builder=build.builder_name or "",
            cache_from=build.cache.from_,
            cache_to=build.cache.to,
        )
    )


def _prebuilt(build: PrebuiltBuild, connections: Connections) -> Builder:
    options = PrebuiltOptions(
        layout=build.layout,
        archive=build.archive,
        reference=build.reference or "",
        ref=build.ref or "",
        base=build.base or "",
    )
    return PrebuiltBuilder(options, connections.repository)


def _recipe(build: BuildxBuild | BuildahBuild) -> Recipe:
    secrets = tuple(
        BuildSecret(name, env=secret.env or "", file=Path(secret.file) if secret.file else None)
        for name, secret in build.secrets.items()
    )
    return Recipe(
        context=build.context,
        file=build.file,
        target=build.target or "",
        build_args=build.args,
        secrets=secrets,
    )

"""The ``build:`` section: one model per builder, told apart by ``builder``."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shipseal.config.section import Section, ShortForm
from shipseal.config.values import (
    BaseReference,
    FilePath,
    LooseText,
    PinnedReference,
    PlatformName,
    Text,
)


class _Build(Section):
    """What every builder has."""

    annotations: Literal["refuse", "warn", "off"] = Field(
        default="warn",
        description="What happens when the image's org.opencontainers.image.* annotations disagree with git.",
    )


class PrebuiltBuild(_Build):
    """Take an image that exists already: exactly one of `layout`, `archive` and `reference`."""

    builder: Literal["prebuilt"] = Field(description="Which builder.")
    layout: FilePath | None = Field(default=None, description="Folder with an OCI layout.")
    archive: FilePath | None = Field(
        default=None, description="OCI or docker archive (a tar file)."
    )
    reference: PinnedReference | None = Field(
        default=None, description="Image in a registry, by digest: a tag could change meanwhile."
    )
    ref: Text | None = Field(
        default=None,
        description="Which image of the layout or archive, by its name there; default: the only one.",
    )
    base: PinnedReference | None = Field(
        default=None,
        description="Base image that it was built on, by digest: provenance names it, and what labels are "
        "inherited is known then.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [
            name for name in ("layout", "archive", "reference") if getattr(self, name) is not None
        ]
        if len(given) != 1:
            raise ValueError(
                f"expected exactly one of layout, archive and reference, got {' and '.join(given) or 'none'}"
            )
        if self.ref is not None and self.reference is not None:
            raise ValueError(
                "ref names an image of a layout or archive; reference has its digest already"
            )
        return self


class Secret(Section):
    """A secret for the build: where it is, never what it is. Exactly one of `file` and `env`."""

    file: FilePath | None = Field(default=None, description="File that holds it.")
    env: Text | None = Field(default=None, description="Environment variable that holds it.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("expected exactly one of file and env")
        return self


class Cache(Section):
    """Build caches, in the builder's own words."""

    from_: tuple[Text, ...] = Field(
        default=(),
        alias="from",
        description="Where to read from (`--cache-from`), such as `type=gha`.",
    )
    to: tuple[Text, ...] = Field(default=(), description="Where to write to (`--cache-to`).")


class _DockerfileBuild(_Build):
    """What builders of Dockerfiles have in common."""

    context: FilePath = Field(default="./", description="Build context.", validate_default=True)
    file: FilePath | None = Field(
        default=None,
        description="Dockerfile; default: `Dockerfile` or `Containerfile` in the context.",
    )
    args: dict[str, LooseText] = Field(
        default={}, description="Build arguments by name; never secrets."
    )
    target: Text | None = Field(default=None, description="Stage to build; default: the last.")
    secrets: dict[str, Secret] = Field(
        default={}, description="Secrets for `RUN --mount=type=secret,id=…`, by id."
    )


class BuildxBuild(_DockerfileBuild):
    """Build a Dockerfile with docker buildx (BuildKit)."""

    builder: Literal["buildx"] = Field(description="Which builder.")
    builder_name: Text | None = Field(
        default=None,
        description="Which of buildx's builders (`--builder`); default: the current one.",
    )
    cache: Cache = Field(default=Cache(), description="Build caches.")


class BuildahBuild(_DockerfileBuild):
    """Build a Dockerfile or Containerfile with buildah; needs no daemon."""

    builder: Literal["buildah"] = Field(description="Which builder.")
    format: Literal["oci", "docker"] = Field(
        default="oci",
        description="Format of manifests and configurations; `docker` keeps HEALTHCHECK, SHELL and ONBUILD.",
    )
    tls_verify: bool = Field(
        default=True,
        description="Whether registries of base images must have a valid certificate; `false` allows plain HTTP too.",
    )


def _entries(value: object) -> object:
    """Read the short form ``{source: destination}`` as the list of its entries."""
    if isinstance(value, dict):
        return [{"from": source, "to": destination} for source, destination in value.items()]
    return value


def _octal(value: object) -> object:
    if isinstance(value, int):
        raise ValueError(
            f'expected an octal mode in quotes, such as "0755", got the number {value}'
        )
    return value


class FileEntry(Section):
    """A file or folder that goes into a layer."""

    from_: FilePath = Field(alias="from", description="File or folder on this machine.")
    to: Text = Field(pattern="^/", description="Absolute path in the image.")
    mode: Annotated[Text, BeforeValidator(_octal)] | None = Field(
        default=None,
        pattern="^0?[0-7]{3,4}$",
        description='Octal mode in quotes, such as `"0755"`; default: 0755 for folders and executables, else 0644.',
    )
    owner: Text | None = Field(
        default=None,
        pattern=r"^\d+(:\d+)?$",
        description='Numeric owner and group, such as `"1000:1000"`; default: 0:0.',
    )


class Layer(Section):
    """One layer, for every platform or for one."""

    files: Annotated[
        tuple[FileEntry, ...],
        Field(min_length=1),
        BeforeValidator(_entries),
        ShortForm(
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": "string", "pattern": "^/"},
            }
        ),
    ] = Field(description="`{source: destination}`, or a list of entries.")
    platform: PlatformName | None = Field(
        default=None, description="Only in the image of this platform."
    )


class LayersBuild(_Build):
    """Put files on `scratch` or on a base image, without daemon and without Dockerfile; reproducible."""

    builder: Literal["layers"] = Field(description="Which builder.")
    base: BaseReference = Field(
        default="scratch",
        description="Base image; its tag is resolved once, a digest is better. Default: nothing.",
    )
    layers: tuple[Layer, ...] = Field(default=(), description="Layers, lowest first.")
    entrypoint: tuple[Text, ...] | None = Field(
        default=None, description="Program and arguments; default: the base image's."
    )
    cmd: tuple[str, ...] | None = Field(
        default=None, description="Default arguments; default: the base image's."
    )
    env: dict[str, LooseText] = Field(
        default={}, description="Environment variables; never secrets."
    )
    labels: dict[str, LooseText] = Field(
        default={}, description="Labels of the image configuration."
    )
    user: LooseText | None = Field(
        default=None, description="User, or `user:group`; default: the base image's."
    )
    workdir: Text | None = Field(
        default=None, pattern="^/", description="Working directory; default: the base image's."
    )
    ports: tuple[Annotated[LooseText, Field(pattern=r"^\d{1,5}(/(tcp|udp|sctp))?$")], ...] = Field(
        default=(), description="Ports that it listens on, such as `8080` or `53/udp`."
    )


BuildConfig = Annotated[
    PrebuiltBuild | BuildxBuild | BuildahBuild | LayersBuild, Field(discriminator="builder")
]

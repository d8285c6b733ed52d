"""What ``shipseal.yaml`` may say. Every key is described here and in the modules of its sections, and nowhere else.

``docs/configuration.md`` and the JSON Schema for editors are made from these models. A key stands here only when
something acts upon it.
"""

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shipseal.config.advisories_model import Advisories
from shipseal.config.build_model import BuildConfig
from shipseal.config.gate_model import Gate
from shipseal.config.ignores_model import Ignores
from shipseal.config.section import Section, ShortForm
from shipseal.config.sections import (
    Evidence,
    Limits,
    RegistryOptions,
    Sbom,
    Scan,
    Sign,
    Tag,
    Timeouts,
    Verify,
    read_tag,
)
from shipseal.config.status_model import StatusPages
from shipseal.config.values import (
    ImageName,
    PlatformName,
    RegistryHost,
    SourceUrl,
    Target,
    Text,
    without_duplicates,
)
from shipseal.config.vex_model import Vex
from shipseal.config.watch_model import Watch


class Config(Section):
    """The configuration of an image's releases."""

    image: ImageName = Field(description="Name of the image, in subjects and SBOMs.")
    version: Text | None = Field(
        default=None,
        pattern=r"^\S{1,128}$",
        description="Version to release; `--version` comes before it.",
    )
    source: SourceUrl | None = Field(
        default=None, description="URL of the sources; default: git's remote `origin`."
    )
    platforms: Annotated[tuple[PlatformName, ...], AfterValidator(without_duplicates)] = Field(
        default=(), description="Platforms that must be in the image; default: those that it has."
    )
    build: BuildConfig = Field(description="Where the image comes from.")
    targets: Annotated[
        tuple[Target, ...], Field(min_length=1), AfterValidator(without_duplicates)
    ] = Field(description="Where it goes: `host/repository`, or `oci:FOLDER` for an OCI layout.")
    registries: dict[RegistryHost, RegistryOptions] = Field(
        default={}, description="How registries are reached, by host."
    )
    tags: tuple[Annotated[Tag, BeforeValidator(read_tag), ShortForm({"type": "string"})], ...] = (
        Field(
            default=(),
            description="Tags that move when everything has succeeded: templates, or `{tag, move}`.",
        )
    )
    sign: Sign = Field(default=Sign(), description="How evidence is signed.")
    sbom: Sbom = Field(default=Sbom(), description="How the SBOM is made.")
    scan: Scan = Field(default=Scan(), description="How vulnerabilities are found.")
    advisories: Advisories = Field(
        default=Advisories(), description="Where the data for that is fetched from."
    )
    gate: Gate = Field(default=Gate(), description="Which of them refuse a release.")
    ignores: Ignores = Field(default=Ignores(), description="Which of them do not count.")
    vex: Vex = Field(
        default=Vex(), description="What others say of them, and what others are told."
    )
    verify: Verify = Field(default=Verify(), description="What evidence is required.")
    evidence: Evidence = Field(default=Evidence(), description="Where evidence is copied to.")
    status: StatusPages = Field(
        default=StatusPages(), description="Who says how outside services are."
    )
    watch: Watch = Field(default=Watch(), description="What must happen by itself.")
    limits: Limits = Field(default=Limits(), description="How much of the machine is used.")
    timeouts: Timeouts = Field(default=Timeouts(), description="How long things may take.")

    @model_validator(mode="after")
    def _signed_is_verified(self) -> Self:
        """Refuse an instance whose signatures could not be verified before tags move."""
        own = self.sign.signing_config is not None
        if (own or self.sign.instance == "github") and self.verify.trusted_root is None:
            key = "signing_config" if own else "instance: github"
            raise ValueError(
                f"sign.{key} needs verify.trusted_root, the trusted root of that instance"
            )
        return self

    @model_validator(mode="after")
    def _tags_differ(self) -> Self:
        without_duplicates(tuple(tag.tag for tag in self.tags))
        return self


class ScanPolicy(Section):
    """What a scan is decided by, where it stands alone: the same sections as in ``shipseal.yaml``."""

    gate: Gate = Gate()
    scan: Scan = Scan()
    sbom: Sbom = Sbom()
    ignores: Ignores = Ignores()
    vex: Vex = Vex()

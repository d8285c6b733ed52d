"""``vex:``: what others say of the image and its packages, whom that is believed of, and what is said to others."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shipseal.config.identity_model import IdentityRule
from shipseal.config.section import Section
from shipseal.config.values import FilePath, Flag, Text, without_duplicates


class Vex(Section):
    """Statements of others that take findings out of the gate, and those that a release makes itself."""

    documents: Annotated[tuple[FilePath, ...], AfterValidator(without_duplicates)] = Field(
        default=(),
        description="Signed VEX of others: Sigstore bundles with OpenVEX or CycloneDX. One that nobody signed who is "
        "trusted here refuses the release.",
    )
    keys: tuple[FilePath, ...] = Field(
        default=(),
        description="Public keys (PEM) of who may sign them; default: those of `verify`, which never trusts these.",
    )
    identities: tuple[IdentityRule, ...] = Field(
        default=(),
        description="Who may have signed them, by certificate; default: those of `verify`.",
    )
    trusted_root: FilePath | None = Field(
        default=None,
        description="Trusted root of the Sigstore instance that vouches for them; default: that of `verify`.",
    )
    this_image_only: Flag = Field(
        default=False,
        description="Whether a document counts only when its signature is about the image itself; default: what its "
        "statements name decides.",
    )
    attest: Flag = Field(
        default=False,
        description="Whether a release signs the ignores in force as OpenVEX, and stores that with its evidence.",
    )
    author: Text | None = Field(
        default=None, description="Author of that document; default: the image's name."
    )

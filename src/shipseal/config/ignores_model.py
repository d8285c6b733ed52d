"""``ignores:``: which findings do not count, and what each of these rules owes."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shipseal.config.section import Section
from shipseal.config.values import Duration, FilePath, without_duplicates

PartName = Literal[
    "description", "impact", "component", "tracking", "removal", "issue", "expires", "owner"
]
# The same names as ignores/justification.py has, which lies above this room; a test holds them together.
REQUIRED: tuple[PartName, ...] = (
    "description",
    "impact",
    "component",
    "tracking",
    "removal",
    "issue",
)


class Ignores(Section):
    """Findings that do not count, with their justification."""

    file: FilePath | None = Field(
        default=None,
        description="Grype's ignore rules; default: `.grype.yaml` beside this file, if there is one.",
    )
    unjustified: Literal["refuse", "warn"] = Field(
        default="refuse",
        description="What a rule does that lacks a part of its justification: `refuse`: it does not ignore; `warn`: it "
        "does, and it is told.",
    )
    condition_met: Literal["refuse", "warn"] = Field(
        default="refuse",
        description="What a rule does when what its removal criteria name has come about, such as a fix: `refuse`: it "
        "does not ignore any more; `warn`: it does, and it is told.",
    )
    require: Annotated[tuple[PartName, ...], AfterValidator(without_duplicates)] = Field(
        default=REQUIRED,
        description="Parts that each rule must have; `expires` and `owner` are not asked for by default.",
    )
    warn_before: Duration = Field(
        default=14 * 86400.0,
        description="How long before its end `shipseal ignore lint` tells that a rule expires soon.",
    )

"""The ``watch:`` section: what must happen by itself."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shipseal.config.section import Section
from shipseal.config.values import Duration, DurationOrNone, Flag, Text, Whole, without_duplicates

_Names = Annotated[tuple[Text, ...], AfterValidator(without_duplicates)]
_DAY = 86_400.0


class WatchActions(Section):
    """The workflows that publish. Where jobs or steps alone are named, nothing is expected of the others."""

    repository: Text | None = Field(
        default=None,
        description="`OWNER/NAME`, after `HOST/` where it is not github.com; default: the job's, else git's remote.",
    )
    workflows: Annotated[_Names, Field(min_length=1)] = Field(
        default=("release.yml",), description="Files of the workflows."
    )
    jobs: _Names = Field(
        default=("sbom-scan",),
        description="Jobs that must be in every run, without what a matrix or a calling workflow adds to their names.",
    )
    steps: _Names = Field(
        default=("Attest build provenance", "Attest SBOM"),
        description="Steps that must be in a job of every run.",
    )
    branch: Text | None = Field(
        default=None, description="Runs of this branch or tag alone; `*` and `?` match: `v*`."
    )
    event: Text | None = Field(
        default=None,
        description="Runs of this event alone; default: all but pull requests, which publish nothing.",
    )
    runs: Annotated[Whole, Field(ge=1, le=100)] = Field(
        default=5, description="How many of the newest runs are judged."
    )
    max_age: DurationOrNone = Field(
        default=7 * _DAY, description="No run for longer than this is an alarm; `none` is never."
    )
    longest: Duration = Field(
        default=_DAY / 4, description="A run that is not complete after this is an alarm."
    )
    annotations: Flag = Field(
        default=True,
        description="Whether a job that passed and told of an error is an alarm; nothing else shows what "
        "`continue-on-error` hides.",
    )


class Watch(Section):
    """What is watched."""

    actions: WatchActions = Field(
        default=WatchActions(), description="Runs of workflows at GitHub."
    )

"""``gate:``: which findings refuse a release."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from shipseal._internal.vulnerability_ids import vulnerability_id
from shipseal.config.section import Section, Shown
from shipseal.config.values import (
    Duration,
    DurationOrNone,
    FilePath,
    Flag,
    Text,
    without_duplicates,
)

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%")
_NUMBER = re.compile(r"[01](?:\.\d{1,9})?|\.\d{1,9}")
_CONDITIONS = ("name", "purl", "type", "path", "origin")

Threshold = Literal["critical", "high", "medium", "low", "negligible"]


def parse_probability(value: object) -> float | None:
    """Return the probability that ``value`` states: ``0.1``, ``10%``; None for ``none``.

    Raises:
        ValueError: it states none from 0 to 1.
    """
    if value is None or value == "none":
        return None
    if isinstance(value, str):
        if found := _PERCENT.fullmatch(value.strip()):
            value = float(found[1]) / 100
        elif _NUMBER.fullmatch(value.strip()):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("expected a probability from 0 to 1, such as 0.1 or 10%, or none")
    return float(value)


def _probability_text(value: float | None) -> float | str:
    return "none" if value is None else value


class Component(Section):
    """A rule for some components: all conditions that are given must hold, and one at least is given."""

    name: Text | None = Field(
        default=None,
        description="Glob of the package's name in any case; `*` stays within a `/`, `**` does not.",
    )
    purl: Text | None = Field(
        default=None,
        description="Glob of its package URL without qualifiers, with its version or without: `pkg:npm/*`.",
    )
    type: Text | None = Field(
        default=None,
        description="Its type, as reports show it: `deb`, `apk`, `python`, `npm`, `java-archive` and so on.",
    )
    path: Text | None = Field(
        default=None, description="Glob of any of its paths in the image: `/app/**`."
    )
    origin: Literal["base", "application", "unknown"] | None = Field(
        default=None, description="Who brought it into the image."
    )
    fail_on: Threshold | None = Field(
        default=None, description="The threshold for these components, in place of `gate.fail_on`."
    )
    action: Literal["fail", "report"] | None = Field(
        default=None,
        description="`fail` refuses every finding in them, `report` only shows them.",
    )
    reason: Text | None = Field(default=None, description="Why, for people.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not any(getattr(self, name) for name in _CONDITIONS):
            raise ValueError(f"needs a condition: {', '.join(_CONDITIONS[:-1])} or origin")
        if (self.fail_on is None) == (self.action is None):
            raise ValueError("needs either fail_on or action")
        return self


class Gate(Section):
    """Which findings refuse a release."""

    fail_on: Literal["critical", "high", "medium", "low", "negligible", "none"] = Field(
        default="critical", description="This severity and worse ones refuse; `none`: none does."
    )
    unknown: Literal["report", "undecided", "fail"] = Field(
        default="report",
        description="What a finding without a severity does: `report` counts and shows it and lets the rest decide, "
        "`undecided` holds the release (exit 6), `fail` refuses it.",
    )
    fixable_only: Flag = Field(
        default=False, description="Only findings with a fixed version refuse."
    )
    kev: Literal["report", "fail"] = Field(
        default="report",
        description="What is known to be exploited (CISA's catalogue) does: `fail` refuses it whatever its severity, "
        "fix and age; data without that catalogue leaves the gate undecided.",
    )
    epss_above: Annotated[
        float | None,
        BeforeValidator(parse_probability),
        PlainSerializer(_probability_text),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "number", "minimum": 0, "maximum": 1},
                    {"type": "string", "pattern": "^(none|\\d{1,3}(\\.\\d{1,6})? ?%)$"},
                ]
            }
        ),
        Shown("probability or none"),
    ] = Field(
        default=None,
        description="Findings that are more likely than this to be exploited within 30 days (EPSS) refuse, whatever "
        "their severity.",
    )
    grace: DurationOrNone = Field(
        default=None,
        description="How long after its advisory was published a finding does not refuse yet. One whose day is not "
        "known has no grace.",
    )
    new_only: Flag = Field(
        default=False,
        description="Only findings refuse that the previous release did not have, in the same package on the same "
        "platform.",
    )
    since: FilePath | None = Field(
        default=None,
        description="Scan that `new_only` compares with: scan results, or a gate's report; default: the newest release "
        "of this image that is done.",
    )
    components: tuple[Component, ...] = Field(
        default=(),
        description="Rules for some components; the first that holds decides. They excuse nothing that `kev` or "
        "`must_fix` refuses.",
    )
    must_fix: Annotated[
        tuple[Annotated[Text, AfterValidator(vulnerability_id)], ...],
        AfterValidator(without_duplicates),
    ] = Field(
        default=(),
        description="Vulnerabilities that must be gone, by any of their ids: each refuses whatever its severity, and "
        "no ignore helps.",
    )
    gaps: Literal["undecided", "report"] = Field(
        default="undecided",
        description="What packages do that the scanner could not look up although it should, and data that lacks what "
        "a rule asks for: hold the release (exit 6), or only be shown.",
    )
    break_glass_max: Duration = Field(
        default=14 * 86400.0,
        description="How long a break-glass record may let an image count that this gate refused.",
    )

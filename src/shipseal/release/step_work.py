"""What each kind of event says of the step whose work it is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CATALOGUE = "catalogue and scan"
Data = Mapping[str, Any]


@dataclass(slots=True)
class StepWork:
    """One step while events are read.

    Attributes:
        name: of the step.
        started: RFC 3339, UTC.
        state: how it stands.
        seconds: how long it took; None when that is not known.
        did: what was done, in words.
        counts: how many of each kind were done.
        tools: outside tools that worked.
        bytes: that were sent or made; None when there were none.
        retries: how often something was tried again.
        code: failure code; may be empty.
    """

    name: str
    started: str
    state: str = "running"
    seconds: float | None = None
    did: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    bytes: int | None = None
    retries: int = 0
    code: str = ""

    def count(self, what: str, number: int = 1) -> None:
        """Note one more thing of a kind."""
        self.counts[what] = self.counts.get(what, 0) + number

    def use(self, tool: str) -> None:
        """Note an outside tool."""
        if tool and tool not in self.tools:
            self.tools.append(tool)

    def add_bytes(self, number: int) -> None:
        """Note bytes that were sent or made."""
        self.bytes = (self.bytes or 0) + number


def _always(name: str) -> Callable[[Data], re.Pattern[str]]:
    pattern = re.compile(name)
    return lambda _: pattern


def _number(data: Data, name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0


def _built(step: StepWork, data: Data) -> None:
    platforms = data.get("platforms")
    step.did.append(", ".join(platforms) if isinstance(platforms, Mapping) else "")
    step.use(str(data.get("builder", "")))


def _staged(step: StepWork, data: Data) -> None:
    step.add_bytes(_number(data, "sent"))
    if existed := _number(data, "existed"):
        step.did.append(f"{existed} blob{'' if existed == 1 else 's'} there already")


def _catalogued(step: StepWork, data: Data) -> None:
    packages = _number(data, "packages")
    how = "from the cache" if data.get("cached") else "catalogued"
    step.did.append(
        f"{data.get('platform', '')} {how}: {packages} package{'' if packages == 1 else 's'}"
    )
    step.add_bytes(_number(data, "spdx_size"))
    step.use(str(data.get("tool", "")))


def _scanned(step: StepWork, data: Data) -> None:
    step.use(str(data.get("scanner", "")))


def _decided(step: StepWork, data: Data) -> None:
    step.did.append(str(data.get("summary", "")))


def _made(step: StepWork, data: Data) -> None:
    step.count("made")
    step.add_bytes(_number(data, "size"))


def _signed(step: StepWork, data: Data) -> None:
    step.count("taken over" if data.get("adopted") else "signed")


def _placed(step: StepWork, data: Data) -> None:
    answer = str(data.get("answer", ""))
    step.count("there already" if answer == "exists" else "stored")


def _verified(step: StepWork, data: Data) -> None:
    step.did.append(f"{_number(data, 'checks')} items: {data.get('outcome', '')}")


def _tag(word: str) -> Callable[[StepWork, Data], None]:
    return lambda step, data: step.did.append(f"{data.get('tag', '')} {word}")


def _signing_step(data: Data) -> re.Pattern[str]:
    if data.get("adopted"):
        return re.compile("adopt")
    return re.compile("seal" if data.get("family") == "seal" else "sign")


def _placing_step(data: Data) -> re.Pattern[str]:
    return re.compile("seal" if data.get("key") == "seal" else "store evidence|adopt")


def _stating_step(data: Data) -> re.Pattern[str]:
    return re.compile("seal" if data.get("family") == "seal" else "statements|adopt")


TELLERS: Mapping[
    str, tuple[Callable[[Data], re.Pattern[str]], Callable[[StepWork, Data], None]]
] = {
    "image.built": (_always("build"), _built),
    "target.staged": (lambda data: re.compile(re.escape(f"stage {data.get('target')}")), _staged),
    "sbom.made": (_always(f"{CATALOGUE}|adopt"), _catalogued),
    "scan.done": (_always(f"{CATALOGUE}|adopt"), _scanned),
    "gate.decided": (_always("gate|adopt"), _decided),
    "statement.made": (_stating_step, _made),
    "evidence.signed": (_signing_step, _signed),
    "evidence.placed": (_placing_step, _placed),
    "release.verified": (_always("verify"), _verified),
    "tag.moved": (_always("promote"), _tag("moved")),
    "tag.kept": (_always("promote"), _tag("was right")),
    "tag.held": (_always("promote"), _tag("stays")),
    "tag.restored": (_always("promote"), _tag("put back")),
    "tag.stuck": (_always("promote"), _tag("could not be put back")),
}
"""By kind of event: which step it belongs to, and what it says of that step."""

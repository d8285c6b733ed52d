"""What shipseal itself said: its code is in the line."""

from shipseal.errors import Code
from shipseal.runbook.rule import OWN, Rule

_CODES = [code for code in Code if code is not Code.UNKNOWN]
_SPELLED = "|".join(code.replace(".", r"\.") for code in _CODES)
_HEADS = tuple(sorted({f"error {code.partition('.')[0]}." for code in _CODES}))

RULES = (
    Rule(
        code=Code.UNKNOWN,
        needs=(*_HEADS, "::error", '"code":', "identity (attest.", "(attest."),
        pattern=rf"(?:^|\s)error (?P<own>{_SPELLED}): (?P<message>.+)"
        rf"|^::error.*title=shipseal:? ?(?P<own2>{_SPELLED})(?:,[^:]*)?::(?P<message2>.+)"
        rf"|^\"code\": ?\"(?P<own3>{_SPELLED})\"|^(?P<own4>{_SPELLED}): (?P<message4>.+)"
        rf"|^[a-z-]+ \((?P<own5>{_SPELLED})\): (?P<message5>.+)",
        cause="{message|}",
        weight=OWN,
    ),
    Rule(
        code=Code.UNKNOWN,
        needs=("not verified: ",),
        pattern=rf"^(?P<message>NOT verified: .*) \((?P<own>{_SPELLED})\)$",
        cause="{message|}",
        weight=OWN,
    ),
    Rule(
        code=Code.UNKNOWN,
        needs=tuple(f"{code}: " for code in _CODES),
        pattern=rf"^(?P<own>{_SPELLED}): (?P<message>.+)",
        cause="{message|}",
        weight=OWN,
        following=True,
    ),
)

"""What shipseal itself said: its code is in the line."""

from shipseal.errors import Code
from shipseal.runbook.rule import OWN, Rule

OWN_CODE = "own"
"""The group that holds the code."""
_CODES = [code for code in Code if code is not Code.UNKNOWN]
_SPELLED = "|".join(code.replace(".", r"\.") for code in _CODES)
_HEADS = tuple(sorted({f"error {code.partition('.')[0]}." for code in _CODES}))

RULES = (
    Rule(
        code=Code.UNKNOWN,
        needs=(*_HEADS, "title=shipseal"),
        pattern=rf"(?:^|\s)error (?P<own>{_SPELLED}): (?P<message>.+)|^::error.*title=shipseal:? ?(?P<own2>{_SPELLED})(?:,[^:]*)?::(?P<message2>.+)",
        cause="{message|}",
        weight=OWN,
    ),
)

"""CVSS scores and severities, computed from vectors: versions 2, 3.0, 3.1 and 4.0.

A vector that is malformed, incomplete, or of another version has no score; nothing here guesses.
"""

from dataclasses import dataclass

from shipseal.advisories.cvss2 import base_score_2
from shipseal.advisories.cvss3 import base_score_3
from shipseal.advisories.cvss4 import score_4
from shipseal.scan.interface import Severity

_MAX_VECTOR = 512


@dataclass(frozen=True, slots=True)
class CvssScore:
    """What a vector comes to.

    Attributes:
        version: ``2.0``, ``3.0``, ``3.1`` or ``4.0``.
        score: 0.0 to 10.0, one decimal.
        vector: as it was given.
    """

    version: str
    score: float
    vector: str

    @property
    def severity(self) -> Severity:
        """The qualitative rating (CVSS 3.1 section 5, CVSS 4.0 section 6).

        Version 2 knows no critical: NVD's rating ends at high. A score of zero is ``negligible``.
        """
        if self.score <= 0:
            return Severity.NEGLIGIBLE
        if self.score < 4:
            return Severity.LOW
        if self.score < 7:
            return Severity.MEDIUM
        if self.score < 9 or self.version == "2.0":
            return Severity.HIGH
        return Severity.CRITICAL


def parse_cvss(vector: str) -> CvssScore | None:
    """Return the score of ``vector``, or None when it is not a whole, valid vector.

    For versions 2 and 3 this is the base score; for version 4 it is the score of all that the vector states, because
    its threat metrics belong to the score there (CVSS-BT, section 1.3 of the specification).
    """
    text = vector.strip()
    if not text or len(text) > _MAX_VECTOR:
        return None
    head, _, rest = text.partition("/")
    match head:
        case "CVSS:4.0":
            version, tenths = "4.0", score_4(metrics(rest))
        case "CVSS:3.1" | "CVSS:3.0":
            version, tenths = head[5:], base_score_3(metrics(rest), version=head[5:])
        case _:
            version, tenths = "2.0", base_score_2(metrics(text.strip("()")))
    return None if tenths is None else CvssScore(version, tenths / 10, vector)


def metrics(text: str) -> dict[str, str]:
    """Return the metrics of ``AV:N/AC:L/…``; empty when one is malformed or stands there twice."""
    found: dict[str, str] = {}
    for part in text.rstrip("/").split("/"):
        name, colon, value = part.partition(":")
        if not colon or not value or name in found:
            return {}
        found[name] = value
    return found

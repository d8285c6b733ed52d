"""A drawing of times: bars of two contestants on a logarithmic scale, as SVG that reads on light and dark pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

_LEFT, _WIDTH, _RIGHT, _ROW, _BAR, _TOP = 200, 520, 70, 34, 12, 46
_COLOURS = ("#2f81f7", "#8b949e")


@dataclass(frozen=True, slots=True)
class Bars:
    """One line of the drawing.

    Attributes:
        name: at its left.
        values: of the contestants, in milliseconds.
    """

    name: str
    values: tuple[float, float]


def drawing(title: str, names: tuple[str, str], rows: Sequence[Bars]) -> str:
    """Return the SVG; each bar has its value beside it, so that the scale is only for the eye."""
    values = [value for row in rows for value in row.values]
    low, high = 10.0 ** floor(log10(min(values))), max(values) * 1.05
    height = _TOP + _ROW * len(rows) + 10
    width = _LEFT + _WIDTH + _RIGHT

    def at(value: float) -> float:
        return _WIDTH * log10(value / low) / log10(high / low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="12" fill="#7d8590">',
        f"<title>{escape(title)}</title>",
        *_legend(names),
        *_grid(low, high, at(high), height),
    ]
    for number, row in enumerate(rows):
        top = _TOP + _ROW * number
        parts.append(
            f'<text x="{_LEFT - 8}" y="{top + 17}" text-anchor="end">{escape(row.name)}</text>'
        )
        for place, value in enumerate(row.values):
            y = top + 3 + place * (_BAR + 1)
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{at(value):.1f}" height="{_BAR}" rx="2" fill="{_COLOURS[place]}"/>'
                f'<text x="{_LEFT + at(value) + 5:.1f}" y="{y + 10}" font-size="11">{_milliseconds(value)}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def _legend(names: Iterable[str]) -> Iterable[str]:
    for number, name in enumerate(names):
        x = _LEFT + 110 * number
        yield f'<rect x="{x}" y="8" width="12" height="12" rx="2" fill="{_COLOURS[number]}"/>'
        yield f'<text x="{x + 18}" y="18">{escape(name)}</text>'


def _grid(low: float, high: float, end: float, height: int) -> Iterable[str]:
    value = low
    while value <= high:
        x = _LEFT + end * log10(value / low) / log10(high / low)
        yield (
            f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{height - 6}" '
            'stroke="#7d8590" stroke-opacity="0.3"/>'
        )
        yield f'<text x="{x:.1f}" y="{_TOP - 10}" text-anchor="middle" font-size="11">{_milliseconds(value)}</text>'
        value *= 10


def _milliseconds(value: float) -> str:
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"

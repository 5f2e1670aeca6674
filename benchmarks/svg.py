"""Small charts as SVG, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 45
COLOURS = ("#0a7d4f", "#8a8f98", "#2f6fde", "#7a4fd0", "#c77700", "#c8322b")
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.grid { stroke: #8a8f98; stroke-opacity: .35 }
.line { fill: none; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""

Points = Sequence[tuple[float, float]]


def lines(title: str, series: Mapping[str, Points], *, across: str, up: str) -> str:
    """Both axes are logarithmic; each series is a line named at its right end."""
    points = [point for each in series.values() for point in each]
    xs, ys = _Scale([x for x, _ in points]), _Scale([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + xs.part(x) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - ys.part(y) * (HEIGHT - TOP - BOTTOM),
        )

    parts = [f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>']
    for y in ys.ticks():
        _, height = place(xs.ticks()[0], y)
        parts.append(_grid(height))
        parts.append(_text(LEFT - 8, height + 4, f"{y:g}", "end"))
    for x in xs.ticks():
        along, _ = place(x, ys.ticks()[0])
        parts.append(_text(along, HEIGHT - BOTTOM + 18, f"{x:,.0f}", "middle"))
    parts.append(_text(LEFT, HEIGHT - 8, f"{across}; upwards: {up}", "start"))
    ends = {name: place(*each[-1])[1] for name, each in series.items() if each}
    labels = _apart(ends)
    for colour, (name, each) in zip(COLOURS, series.items(), strict=False):
        if not each:
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in each))
        parts.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        for point in each:
            x, y = place(*point)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        x, _ = place(*each[-1])
        parts.append(
            f'<text x="{x + 10:.1f}" y="{labels[name] + 4:.1f}" style="fill:{colour}">'
            f"{escape(name)}</text>"
        )
    return _svg(parts)


class _Scale:
    """Powers of ten around the values."""

    def __init__(self, values: Sequence[float]) -> None:
        self.least = floor(log10(min(values)))
        self.most = max(ceil(log10(max(values))), self.least + 1)

    def part(self, value: float) -> float:
        return (log10(value) - self.least) / (self.most - self.least)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.least, self.most + 1)]


def _apart(heights: Mapping[str, float], by: float = 16) -> dict[str, float]:
    """Labels that would cover each other, moved down."""
    placed: dict[str, float] = {}
    lowest = float("-inf")
    for name, height in sorted(heights.items(), key=lambda item: item[1]):
        lowest = placed[name] = max(height, lowest + by)
    return placed


def _grid(height: float) -> str:
    return f'<path class="grid" d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    inner = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n'
        f"<style>{STYLE}</style>\n{inner}\n</svg>\n"
    )

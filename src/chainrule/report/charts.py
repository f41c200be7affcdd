"""Charts as inline SVG and HTML: they take their colours from the page, light or dark, and differ without colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 480, 270
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 44
DASHES = ("", "7 4", "2 3", "9 3 2 3")
MOST_POINTS = 400
Series = tuple[str, Sequence[float], Sequence[float]]


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two others."""
    span = high - low
    step = 10 ** math.floor(math.log10(span / most))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= most)
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """The logarithms of 1, 2, 5, 10, ... between two logarithms; of many decades the powers of ten, or some."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    factors = (1, 2, 5) if high - low < 2 else (1,)
    found = [k + math.log10(factor) for k in powers for factor in factors]
    inside = [tick for tick in found if low <= tick <= high]
    return inside[:: -(-len(inside) // 6)] if inside else [low]


class Axes:
    """From numbers to places on the picture."""

    def __init__(self, x: Sequence[float], y: Sequence[float], log: bool = False) -> None:
        self.log = log
        self.x_low, self.x_high = spread(min(x), max(x))
        heights = [math.log10(value) for value in y] if log else list(y)
        self.y_low, self.y_high = spread(min(heights), max(heights))

    def at(self, x: float, y: float) -> tuple[float, float]:
        height = math.log10(y) if self.log else y
        across = (x - self.x_low) / (self.x_high - self.x_low)
        up = (height - self.y_low) / (self.y_high - self.y_low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def frame(self, x_label: str, y_label: str) -> str:
        parts = []
        for tick in ticks(self.x_low, self.x_high):
            x, _ = self.at(tick, 1.0)
            parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:g}</text>')
        for tick in decades(self.y_low, self.y_high) if self.log else ticks(self.y_low, self.y_high):
            value = 10**tick if self.log else tick
            _, y = self.at(self.x_low, value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>')
        parts.append(
            f'<text transform="rotate(-90)" x="{-(TOP + HEIGHT - BOTTOM) / 2}" y="13" text-anchor="middle">'
            f"{escape(y_label)}</text>"
        )
        return "".join(parts)


def spread(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def picture(inner: str, described: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(described, quote=True)}">'
        f"<title>{escape(described)}</title>{inner}</svg>"
    )


def line_chart(series: Sequence[Series], x_label: str, y_label: str, described: str) -> str:
    """Lines over a common axis; logarithmic where they span more than a factor of 20."""
    every = [value for _, _, values in series for value in values]
    log = min(every) > 0 and max(every) > 20 * min(every)
    axes = Axes([x for _, xs, _ in series for x in xs], every, log)
    inner, legend = axes.frame(x_label, y_label), ""
    for i, (name, xs, ys) in enumerate(series):
        points = " ".join("{:.1f},{:.1f}".format(*axes.at(x, y)) for x, y in zip(xs, ys, strict=True))
        dash = DASHES[i % len(DASHES)]
        inner += f'<polyline class="line s{i % 4}" stroke-dasharray="{dash}" points="{points}"/>'
        legend += (
            f'<span><svg class="key" viewBox="0 0 30 10"><line class="line s{i % 4}" stroke-dasharray="{dash}" x1="0" '
            f'x2="30" y1="5" y2="5"/></svg> {escape(name)}</span>'
        )
    return f'<figure>{picture(inner, described)}<figcaption class="legend">{legend}</figcaption></figure>'


def scatter(truth: NDArray[np.float64], answer: NDArray[np.float64], x_label: str, y_label: str, described: str) -> str:
    """Answers over true values; on the diagonal an answer is exact. Of many rows every so-many-th."""
    every = slice(None, None, max(1, len(truth) // MOST_POINTS))
    xs, ys = truth[every].tolist(), answer[every].tolist()
    low, high = min(*xs, *ys, *xs), max(*xs, *ys, *xs)
    axes = Axes([low, high], [low, high])
    (x1, y1), (x2, y2) = axes.at(axes.x_low, axes.x_low), axes.at(axes.x_high, axes.x_high)
    inner = axes.frame(x_label, y_label)
    inner += f'<line class="line s1" stroke-dasharray="7 4" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
    for x, y in zip(xs, ys, strict=True):
        inner += '<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="3"/>'.format(*axes.at(x, y))
    return f"<figure>{picture(inner, described)}</figure>"


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Names, values and what is printed beside them; the longest bar fills its column."""
    most = max((value for _, value, _ in rows if math.isfinite(value)), default=0.0) or 1.0
    cells = "".join(
        f'<tr><th><bdi>{escape(name)}</bdi></th><td class="track"><div class="bar" style="width:'
        f'{100 * min(1.0, max(0.0, value / most)):.1f}%"></div></td><td class="number">{escape(text)}</td></tr>'
        for name, value, text in rows
    )
    return f'<div class="wide"><table class="bars">{cells}</table></div>'


def heat(header: Sequence[str], rows: Sequence[tuple[str, Sequence[float], Sequence[str]]], corner: str = "") -> str:
    """A table of numbers, the larger the darker; the numbers stand in it."""
    most = max((abs(value) for _, values, _ in rows for value in values), default=0.0) or 1.0
    body = "".join(
        f"<tr><th><bdi>{escape(name)}</bdi></th>"
        + "".join(
            f'<td class="heat" style="--heat:{100 * abs(value) / most:.0f}%">{escape(text)}</td>'
            for value, text in zip(values, texts, strict=True)
        )
        + "</tr>"
        for name, values, texts in rows
    )
    head = "".join(f"<th><bdi>{escape(name)}</bdi></th>" for name in header)
    return f'<div class="wide"><table><tr><th>{escape(corner)}</th>{head}</tr>{body}</table></div>'

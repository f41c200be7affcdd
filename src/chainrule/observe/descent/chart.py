"""A descent drawn in characters: the curve with the steps on it, or the mountain from above."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .function import short

if TYPE_CHECKING:
    from ...engines.engine import Array
    from .descent import Descent

WIDTH, HEIGHT = 64, 15
SHADES = " .:-=+*#"
CURVE, STEP, START, GOAL = ".", "o", "S", "*"


def chart(descent: Descent) -> list[str]:
    """The lines of the drawing; S is the start, o a step of gradient descent, * the minimum."""
    low, high = descent.view
    return curve_chart(descent, low, high) if len(low) == 1 else mountain_chart(descent, low, high)


def curve_chart(descent: Descent, low: Array, high: Array) -> list[str]:
    x = np.linspace(low[0], high[0], WIDTH)
    values = descent.curve(x[None])
    path = descent.paths["gradient_descent"]
    bottom, top = span(descent, values)
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]

    def put(at: float, value: float, mark: str) -> None:
        if np.isfinite(value) and bottom <= value <= top and low[0] <= at <= high[0]:
            row = round((top - value) / (top - bottom) * (HEIGHT - 1))
            column = round((at - low[0]) / (high[0] - low[0]) * (WIDTH - 1))
            cells[row][column] = mark

    for at, value in zip(x, values, strict=True):
        put(at, value, CURVE)
    if descent.below.kind == "minimum":
        put(descent.below.point[0], float(descent.curve(descent.below.point)), GOAL)
    for point, value in zip(path.points, path.values, strict=True):
        put(point[0], value, STEP)
    put(descent.start[0], path.values[0], START)
    left, right = short(low[0], 4), short(high[0], 4)
    marks = [short(top, 4), *[""] * (HEIGHT - 2), short(bottom, 4)]
    margin = max(map(len, marks))
    lines = [f"{mark:>{margin}} |{''.join(row).rstrip()}" for mark, row in zip(marks, cells, strict=True)]
    return [*lines, " " * margin + " +" + "-" * WIDTH, " " * (margin + 2) + left + right.rjust(WIDTH - len(left))]


def span(descent: Descent, values: Array) -> tuple[float, float]:
    """The values worth drawing: those of the path and its surroundings, without what a pole makes of them."""
    finite = values[np.isfinite(values)]
    path = descent.paths["gradient_descent"]
    low, high = descent.view
    inside = ((path.points >= low) & (path.points <= high)).all(axis=1) & np.isfinite(path.values)
    known = np.concatenate([path.values[inside], np.quantile(finite, [0.02, 0.98]) if len(finite) else [0.0]])
    if not descent.poles and len(finite):
        known = np.concatenate([known, [finite.min(), finite.max()]])
    bottom, top = float(known.min()), float(known.max())
    return (bottom, top) if top > bottom else (bottom - 1, top + 1)


def mountain_chart(descent: Descent, low: Array, high: Array) -> list[str]:
    """Eight shades between the lowest and the highest value; a step of shade is a contour line."""
    x, y = np.linspace(low[0], high[0], WIDTH), np.linspace(high[1], low[1], HEIGHT)
    values = descent.curve(np.array(np.meshgrid(x, y)))
    finite = np.where(np.isfinite(values), values, np.nan)
    spread = np.nanmax(finite) - np.nanmin(finite) or 1.0
    shade = np.nan_to_num(np.sqrt((finite - np.nanmin(finite)) / spread) * (len(SHADES) - 1), nan=0.0).astype(int)
    cells = [[SHADES[k] for k in row] for row in shade]

    def put(point: Array, mark: str) -> None:
        if ((point >= low) & (point <= high)).all():
            column, row = (point - low) / (high - low) * (WIDTH - 1, HEIGHT - 1)
            cells[HEIGHT - 1 - round(row)][round(column)] = mark

    if descent.below.kind == "minimum":
        put(descent.below.point, "x")
    for point in descent.paths["gradient_descent"].points:
        put(point, STEP)
    put(descent.start, START)
    marks = [short(high[1], 4), *[""] * (HEIGHT - 2), short(low[1], 4)]
    margin = max(map(len, marks))
    left, right = short(low[0], 4), short(high[0], 4)
    lines = [f"{mark:>{margin}} |{''.join(row).rstrip()}" for mark, row in zip(marks, cells, strict=True)]
    return [*lines, " " * margin + " +" + "-" * WIDTH, " " * (margin + 2) + left + right.rjust(WIDTH - len(left))]

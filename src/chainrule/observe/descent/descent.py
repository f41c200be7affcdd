"""descend: a function of one or two variables, its derivative, and four ways down to its minimum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...engines.engine import Array
from ...messages import choose_language
from ...training.inputs import check_number, check_whole
from .function import LARGEST, Curve, point_of
from .judge import judged
from .landing import Landing, downhill, poles
from .methods import Path, gradient_descent, grid_search, momentum, newton
from .rates import Rates, largest_rate

SPAN = 10.0  # how far around the start the grid search begins


@dataclass(frozen=True)
class Descent:
    """A function, where it was descended from, and what came of it.

    curve       the function with its derivatives
    start       (D,)
    paths       method -> Path: gradient_descent, momentum, newton, grid_search
    below       where careful steps lead from the start: the minimum, or why there is none
    rates       the largest rate that converges, and the fastest; None where there is no minimum to converge to
    solved      where the slope is 0, if it is linear

    Printing it tells the story in the language of the locale.
    """

    curve: Curve
    start: Array
    rate: float
    mu: float
    tolerance: float
    paths: dict[str, Path]
    below: Landing

    @property
    def iterates(self) -> Array:
        """The points of gradient descent, the start first: (steps + 1,), or (steps + 1, 2)."""
        points = self.paths["gradient_descent"].points
        return points[:, 0] if points.shape[1] == 1 else points

    @cached_property
    def rates(self) -> Rates | None:
        return largest_rate(self.curve, self.start, self.below)

    @property
    def solved(self) -> Array | None:
        return self.curve.solved()

    @cached_property
    def view(self) -> tuple[Array, Array]:
        """The part of the plane worth looking at: the first steps, and the minimum."""
        path = self.paths["gradient_descent"].points
        reach = abs(self.start).max() + 4 * SPAN
        shown = [point for point in path if np.isfinite(point).all() and abs(point).max() <= reach]
        if self.below.kind != "none":
            shown.append(self.below.point)
        shown += [point for point in ([self.solved] if self.solved is not None else []) if abs(point).max() <= reach]
        low, high = np.min(shown, axis=0), np.max(shown, axis=0)
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-6 * (1 + abs(high)))
        if len(middle) == 2:
            half = np.maximum(half, half.max() / 2)
        half = np.where(half < 1e-3, 1.0, half)
        if len(middle) == 1 and self.below.kind == "minimum":  # the minimum with both its sides
            half = np.maximum(half, abs(self.start - self.below.point))
            middle = (middle + self.below.point) / 2
        return middle - 1.25 * half, middle + 1.25 * half

    @cached_property
    def poles(self) -> list[float]:
        """Of a function of one variable, within the view and a little beyond."""
        (low, *more), (high, *_) = self.view
        margin = 0.3 * (high - low)
        return [] if more else poles(self.curve, float(low - margin), float(high + margin))

    def story(self, language: str = "en") -> str:
        """All there is to say, as text."""
        from .story import story

        return story(self, language)

    def __str__(self) -> str:
        return self.story(choose_language())

    def __repr__(self) -> str:
        path = self.paths["gradient_descent"]
        return f"<Descent of {self.curve}: {path.steps} steps, {path.verdict}>"

    def _repr_html_(self) -> str:
        from .story import html

        return html(self, choose_language())


def descend(
    function: str | Callable[..., Any],
    start: float | Sequence[float],
    rate: float = 0.1,
    *,
    momentum: float = 0.9,
    steps: int = 1000,
    tolerance: float = 1e-3,
    grid: tuple[Any, Any] | None = None,
) -> Descent:
    """Go down a function of one or two variables: gradient descent, momentum, Newton-Raphson, grid search.

        descend("x^2 - 4x + 6", 8, rate=0.1).iterates         # 8, 6.8, 5.84, ...: x = 2 + 6 * 0.8**n

    function    a text, `"x^2 + 3*y^2"`, or a Python function of x, or of x and y, such as `lambda x: cr.exp(x) - x`
    start       a number, or (x, y)
    momentum    what is kept of the velocity in each step
    steps       at most so many; tolerance: the end is where a step is smaller
    grid        (low, high) of the grid search, numbers or pairs; by default 10 to either side of the start

    Raises
        FormulaError: a text that is no function, with position.  ValueError: a start without a value, a setting out of
        bounds.
    """
    curve = Curve(function)
    rate = check_number("rate", rate, "above 0", 5e-324)
    mu = check_number("momentum", momentum, "at least 0 and below 1", 0, 1 - 1e-12)
    tolerance = check_number("tolerance", tolerance, "above 0", 5e-324)
    check_whole("steps", steps, 1, 1_000_000)
    point = point_of(start, curve)
    low, high = box(grid, point)
    below = downhill(curve, point)
    found = [
        gradient_descent(curve, point, rate, steps, tolerance),
        momentum_path(curve, point, rate, steps, tolerance, mu),
        *([newton(curve, point, min(steps, 1000), tolerance)] if curve.is_curved else []),
        grid_search(curve, low, high, min(steps, 200), tolerance),
    ]
    paths = {path.method: judged(curve, path, below) for path in found}
    return Descent(curve, point, rate, mu, tolerance, paths, below)


momentum_path = momentum


def box(grid: tuple[Any, Any] | None, start: Array) -> tuple[Array, Array]:
    """The two corners of the first grid."""
    if grid is None:
        return start - SPAN, start + SPAN
    try:
        low, high = (np.broadcast_to(np.asarray(corner, dtype=float), start.shape) for corner in grid)
    except (TypeError, ValueError):
        raise ValueError(f"grid must be two numbers, or two pairs of them: (low, high), not {grid!r:.60}") from None
    corners = np.concatenate([low, high])
    if not np.isfinite(corners).all() or abs(corners).max() > LARGEST or not (low < high).all():
        raise ValueError("grid: low must be below high, and both finite")
    return low, high

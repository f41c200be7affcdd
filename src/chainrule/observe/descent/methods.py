"""Four ways down: gradient descent, momentum, Newton-Raphson, grid search. Each gives a Path."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ...engines.engine import Array
from .function import LARGEST, Curve

GRID = 11  # points of a grid along each variable
SINGULAR = 1e-14


@dataclass(frozen=True)
class Path:
    """Where a method went.

    points          (steps + 1, D), the start first; values (steps + 1,)
    evaluations     how often it asked for a value, a slope or a curvature
    ending          settled: a step was smaller than the tolerance; limit: no more steps were allowed; lost: no finite
                    value any more; stuck: there was no step to make
    verdict         a key of the catalogue, `descend.verdict_...`; set by `judge`
    """

    method: str
    points: Array
    values: Array
    evaluations: int
    ending: str
    verdict: str = ""

    @property
    def steps(self) -> int:
        return len(self.points) - 1

    @property
    def last(self) -> Array:
        """The last point at which the function has a value."""
        finite = np.flatnonzero(np.isfinite(self.values) & np.isfinite(self.points).all(axis=1))
        last: Array = self.points[finite[-1]]
        return last


class Walk:
    """A path in the making: takes points until it is over."""

    def __init__(self, method: str, curve: Curve, start: Array, most: int) -> None:
        self.method, self.curve, self.most = method, curve, most
        self.points, self.values = [start], [float(curve(start))]

    def go(self, point: Array) -> str:
        """The ending, if it is over with this point."""
        self.points.append(point)
        self.values.append(float(self.curve(point)) if np.isfinite(point).all() else np.nan)
        lost = not np.isfinite(self.values[-1]) or abs(point).max() > LARGEST or abs(self.values[-1]) > LARGEST**4
        return "lost" if lost else "limit" if len(self.points) > self.most else ""

    def path(self, evaluations: int, ending: str) -> Path:
        return Path(self.method, np.array(self.points), np.array(self.values), evaluations, ending)


def gradient_descent(curve: Curve, start: Array, rate: float, steps: int, tolerance: float) -> Path:
    """X -= rate * f'(x), until a step is smaller than the tolerance."""
    return momentum(curve, start, rate, steps, tolerance, 0.0, "gradient_descent")


def momentum(
    curve: Curve, start: Array, rate: float, steps: int, tolerance: float, mu: float = 0.9, method: str = "momentum"
) -> Path:
    """V = mu * v + f'(x); x -= rate * v. It is over when step and slope are both small: it turns around, too."""
    walk, point, velocity, ending = Walk(method, curve, start, steps), start, np.zeros_like(start), "limit"
    for _ in range(steps):
        slope = curve.slope(point)
        if not slope.any() and not velocity.any():
            ending = "stuck"
            break
        velocity = mu * velocity + slope
        point = point - rate * velocity
        settled = max(abs(rate * velocity).max(), abs(rate * slope).max()) < tolerance
        over = walk.go(point)
        if over == "lost" or settled or over:
            ending = "settled" if settled and over != "lost" else over
            break
    return walk.path(len(walk.points) - 1, ending)


def newton(curve: Curve, start: Array, steps: int, tolerance: float) -> Path:
    """X -= f'(x) / f''(x): to where the tangent of the slope is 0. Looks for slope 0, be it a minimum or not."""
    walk, point, ending = Walk("newton", curve, start, steps), start, "limit"
    for _ in range(steps):
        slope, hessian = curve.slope(point), curve.curvature(point)
        finite = np.isfinite(hessian).all() and np.isfinite(slope).all()
        if not slope.any() or not finite or abs(np.linalg.det(hessian)) < SINGULAR:
            ending = "stuck"
            break
        step = np.linalg.solve(hessian, slope)
        point = point - step
        over = walk.go(point)
        if over == "lost" or abs(step).max() < tolerance or over:
            ending = over if over == "lost" or abs(step).max() >= tolerance else "settled"
            break
    return walk.path(2 * len(walk.points), ending)


def grid_search(curve: Curve, low: Array, high: Array, steps: int, tolerance: float) -> Path:
    """The best of 11 points (of 11 x 11 with two variables), then a finer grid around it; no slope is asked for.

    Where the best lies on the edge, the next grid is as wide, around it.
    """
    points, values, evaluations, ending = [], [], 0, "limit"
    for _ in range(steps):
        axes = [np.linspace(a, b, GRID) for a, b in zip(low, high, strict=True)]
        grid = np.array(list(itertools.product(*axes))).T
        found = curve(grid)
        evaluations += grid.shape[1]
        found = np.where(np.isfinite(found), found, np.inf)  # log(0) is no place to go on from
        if not np.isfinite(found).any():
            break
        best = grid[:, int(found.argmin())]
        points.append(best)
        values.append(float(found.min()))
        width, spacing = high - low, (high - low) / (GRID - 1)
        inside = (best > low + spacing / 2) & (best < high - spacing / 2)
        low = np.where(inside, best - spacing, best - width)
        high = np.where(inside, best + spacing, best + width)
        if abs(best).max() > LARGEST or not np.isfinite(values[-1]) or abs(values[-1]) > LARGEST**4:
            ending = "lost"
            break
        if inside.all() and spacing.max() < tolerance:
            ending = "settled"
            break
    if not points:
        points, values = [low], [np.nan]
    return Path("grid_search", np.array(points), np.array(values), evaluations, ending)

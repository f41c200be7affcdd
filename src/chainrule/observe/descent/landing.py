"""What a curve is like where a descent comes to rest, and where it leads if every step goes down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...engines.engine import Array
from .function import LARGEST, Curve

AROUND = 16  # directions in which the surroundings of a point are looked at
FAR = 1e6
FLAT = 1e-9
MOST = 2_000  # steps


@dataclass(frozen=True)
class Landing:
    """A point, and what it is.

    kind        minimum, maximum, saddle (with one variable: flat on the way down), flat; or none, with
    why         endless: the function falls without end; fades: ever more slowly; pole: into a pole; domain: out of
                where it has values
    curvatures  the eigenvalues of the second derivative there, the largest last; none at a kink
    """

    kind: str
    point: Array
    curvatures: tuple[float, ...] = ()
    why: str = ""


def classify(curve: Curve, point: Array) -> Landing:
    """What kind of point it is where the slope is 0: by the curvature, or where that is 0 by looking around."""
    eigenvalues: Array = np.array([])
    if curve.is_curved:
        hessian = curve.curvature(point)
        if np.isfinite(hessian).all():
            eigenvalues = np.linalg.eigvalsh(hessian)
    listed = () if has_kink(curve, point) else tuple(float(v) for v in eigenvalues)
    if listed and min(map(abs, listed)) > FLAT * max(1.0, *map(abs, listed)):
        kind = "minimum" if listed[0] > 0 else "maximum" if listed[-1] < 0 else "saddle"
        return Landing(kind, point, listed)
    return Landing(looked_around(curve, point), point, listed)


def has_kink(curve: Curve, point: Array) -> bool:
    """Whether the slope jumps at a point, by more than the curvature beside it explains."""
    step = 1e-7 * (1 + abs(point).max())
    jumps = []
    for axis in np.eye(len(point)) * step:
        near, far = (curve.slope(point + k * axis) - curve.slope(point - k * axis) for k in (1, 2))
        jumps.append(abs(near).max() > 1e-6 and abs(far - near).max() < 0.1 * abs(near).max())
    return any(jumps)


def looked_around(curve: Curve, point: Array) -> str:
    """By the values on small circles around the point."""
    angles = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    circle = np.array([[1.0, -1.0]]) if len(point) == 1 else np.array([np.cos(angles), np.sin(angles)])
    scale = 1 + abs(point).max()
    for radius in (1e-2, 1e-3):
        above = curve(point[:, None] + radius * scale * circle) - curve(point)
        if not np.isfinite(above).all():
            continue
        if (above > 0).all():
            return "minimum"
        if (above < 0).all():
            return "maximum"
        if (above > 0).any() and (above < 0).any():
            return "saddle"
    return "flat"


def at_rest(curve: Curve, near: Array, reach: float) -> Landing | None:
    """The point of slope 0 within reach, found by Newton steps; none if there is none."""
    point = near
    scale = abs(curve.slope(near)).max()
    for _ in range(200):
        slope = curve.slope(point)
        if not np.isfinite(slope).all():
            return None
        if not slope.any():
            break
        if not curve.is_curved:
            return None
        hessian = curve.curvature(point)
        if not np.isfinite(hessian).all() or abs(np.linalg.det(hessian)) < 1e-300:
            break
        step = np.linalg.solve(hessian, slope)
        if abs(point - step - near).max() > reach:
            return None
        point = point - step
        if abs(step).max() <= 1e-15 * (1 + abs(point).max()):
            break
    if abs(curve.slope(point)).max() > max(1e-9, 1e-6 * scale):
        return None
    rounded = np.round(point, 9) + 0.0  # 1.9999999999 is 2, where the slope agrees
    nicer = abs(curve.slope(rounded)).max() <= max(1e-12, abs(curve.slope(point)).max())
    return classify(curve, rounded if nicer else point)


def downhill(curve: Curve, start: Array) -> Landing:
    """Where it leads to go down by steps that are never too long: each is halved until the function has fallen.

    At a maximum or a saddle there is no way down to begin with: that point is the answer.
    """
    with np.errstate(all="ignore"):
        return landing(curve, start)


def landing(curve: Curve, start: Array) -> Landing:
    point, value, length = start, float(curve(start)), 1.0
    for _ in range(MOST):
        slope = curve.slope(point)
        size = float(np.linalg.norm(slope))
        if not np.isfinite(size) or size == 0:
            break
        moved, there, length = fallen(curve, point, value, slope / size, size, length)
        if not moved:
            break
        point, value, length = there, float(curve(there)), length * 2
        if value < -LARGEST:
            sinks = length < 1e-2 * (1 + abs(point).max())
            return Landing("none", point, why="pole" if sinks else "endless")
        if abs(point).max() > FAR * (1 + abs(start).max()):
            return Landing("none", point, why="endless")
    return rest_of(curve, point, value)


def fallen(
    curve: Curve, point: Array, value: float, uphill: Array, size: float, length: float
) -> tuple[bool, Array, float]:
    """Whether a step lowers the function, where it leads, and how long it was: Newton's where it goes down, else
    against the slope."""
    hessian = curve.curvature(point) if curve.is_curved else np.full((len(point),) * 2, np.nan)
    if np.isfinite(hessian).all() and np.linalg.eigvalsh(hessian)[0] > 1e-9:
        step = np.linalg.solve(hessian, uphill * size)
        after = float(curve(point - step))
        near = float(np.linalg.norm(step)) <= 2 * length  # a longer one may jump over a pole
        if near and np.isfinite(after) and after < value - 1e-4 * float(step @ uphill) * size:
            return True, point - step, max(float(np.linalg.norm(step)), 1e-12)
    for _ in range(70):
        there = point - length * uphill
        after = float(curve(there))
        if np.isfinite(after) and after < value - 1e-4 * length * size:
            return True, there, length
        length /= 2
    return False, point, length


def rest_of(curve: Curve, point: Array, value: float) -> Landing:
    """What it is where no step leads further down."""
    found = at_rest(curve, point, 1e-2 * (1 + abs(point).max()))
    if found is not None:
        return found
    step = 1e-6 * (1 + abs(point).max())
    around = curve(point[:, None] + np.concatenate([np.eye(len(point)), -np.eye(len(point))], axis=1) * step)
    if np.isnan(around).any():
        return Landing("none", point, why="domain")
    if not (around > value).all():
        return Landing("none", point, why="fades")
    nice = np.round(point, 6) + 0.0
    better = np.isfinite(curve(nice)) and curve(nice) <= value + 1e-9
    return Landing("minimum", nice if better else point)


def poles(curve: Curve, low: float, high: float) -> list[float]:
    """Where a function of one variable grows beyond all bounds, between two points."""
    x = np.linspace(low, high, 2_001)
    with np.errstate(all="ignore"):
        size = np.where(np.isfinite(curve(x[None])), abs(curve(x[None])), np.inf)
    usual = float(np.median(size[np.isfinite(size)])) if np.isfinite(size).any() else 1.0
    found: list[float] = []
    for i in range(1, len(x) - 1):
        if size[i] < size[i - 1] or size[i] < size[i + 1] or (size[i - 1] == np.inf and size[i + 1] == np.inf):
            continue
        pole = summit(curve, x[i - 1], x[i + 1], 1e6 * (1 + usual))
        if pole is not None and all(abs(pole - other) > 1e-6 * (high - low) for other in found):
            found.append(pole)
    return found


def summit(curve: Curve, low: float, high: float, bound: float) -> float | None:
    """The pole between two points, if looking ever closer finds ever larger values."""
    best = low
    for _ in range(60):
        x = np.linspace(low, high, 21)
        values = curve(x[None])
        if np.isnan(values).sum() > 1:
            return None  # the edge of where it has values, not a pole
        size = np.where(np.isfinite(values), abs(values), np.inf)
        i = int(size.argmax())
        best, width = float(x[i]), (high - low) / 10
        if size[i] == np.inf or high - low < 1e-13 * (1 + abs(best)):
            break
        low, high = best - width, best + width
    at = curve(np.array([[best - 1e-7, best + 1e-7]]))
    there = float(abs(curve(np.array([best]))))
    grows = np.isfinite(at).all() and abs(at).min() > 1e2 and (not np.isfinite(there) or there > bound)
    return round(best, 9) + 0.0 if grows else None

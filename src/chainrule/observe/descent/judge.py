"""What to say of a path: it has arrived, stopped short, overshot, run away."""

from __future__ import annotations

from dataclasses import replace

from ...engines.engine import Array
from .function import Curve
from .landing import Landing, at_rest
from .methods import Path

NEAR = 0.02  # of the size of x: so near a path may be to have arrived


def judged(curve: Curve, path: Path, below: Landing) -> Path:
    """The path with its verdict; `below` is where it leads to go down carefully from the start."""
    return replace(path, verdict=verdict(curve, path, below))


def verdict(curve: Curve, path: Path, below: Landing) -> str:
    last, nowhere = path.last, below.why or "endless"
    if path.ending == "lost":
        if path.method == "newton":
            return "flew"
        return "large" if below.kind == "minimum" and path.method != "grid_search" else nowhere
    if path.method == "grid_search":
        return of_grid(path, below)
    if path.ending in ("settled", "stuck"):
        found = at_rest(curve, last, 1.0 + abs(last).max())
        if found is not None and distance(found.point, last) <= NEAR * (1 + abs(found.point).max()):
            return found.kind
        if path.ending == "stuck":
            return "flew" if path.steps else "stuck"
        return "fades" if below.kind in ("none", "flat") else "short"
    if path.steps > 3:
        turn = distance(path.points[-1], path.points[-2])
        if turn > 0 and distance(path.points[-1], path.points[-3]) < 1e-3 * turn:
            return "cycle"
        lower = path.values[-1] < path.values[len(path.values) // 2]
        if below.kind in ("none", "flat") and lower:
            return below.why or "fades"
        if not lower:
            return "large" if below.kind == "minimum" else nowhere
    return "flew" if path.method == "newton" else "slow"


def of_grid(path: Path, below: Landing) -> str:
    if len(path.values) > 2 and path.values[-1] < -4 * abs(path.values[-3]) < 0:
        return "pole"
    if below.kind == "minimum" and distance(below.point, path.last) < NEAR * (1 + abs(below.point).max()):
        return "minimum"
    return "lowest"


def distance(one: Array, other: Array) -> float:
    return float(abs(one - other).max())
